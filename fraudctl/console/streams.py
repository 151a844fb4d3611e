"""The two ways out: answers go to stdout, talk to stderr. Only this module prints."""

from __future__ import annotations

import json
import os
import sys

from rich.console import Console


def say(text: str) -> None:
    """One line of talk on stderr."""
    print(text, file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """One line of an answer on stdout."""
    print(text, flush=True)


def answer_json(document: object) -> None:
    """One JSON document on a line of stdout; what JSON does not know is told as text."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def clear() -> None:
    """Empty the terminal, so that the next answer takes the place of the last."""
    sys.stdout.write("\x1b[H\x1b[2J")


def console(stderr: bool = False) -> Console:
    """A rich console that honours NO_COLOR and does not cut lines when there is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else int(os.environ.get("COLUMNS") or 200)
    return Console(file=stream, width=width, highlight=False)
