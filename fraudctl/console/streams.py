"""The two ways out: answers go to stdout, talk to stderr. Only this module prints.

Whatever is printed may hold text of strangers: ids, reasons, answers of servers, lines of logs. So all of it
goes out made visible; only `clear` and rich's own styles steer the terminal.
"""

from __future__ import annotations

import io
import json
import os
import sys
from pathlib import Path
from typing import TextIO

from rich.console import Console

from pipeline.records.visible import visible_json, visible_lines


def prepare() -> None:
    """Have what a terminal's encoding does not know spelt out as `\u2026`: it would end the command.

    Who closed a stream (`>&-`) wants to know nothing of it, and the exit code all the same.
    """
    sys.stdout, sys.stderr = (stream or _nowhere() for stream in (sys.stdout, sys.stderr))
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w", encoding="utf-8")


def say(text: str) -> None:
    """Lines of talk on stderr."""
    print(visible_lines(text), file=sys.stderr, flush=True)


def answer(text: str) -> None:
    """Lines of an answer on stdout."""
    print(visible_lines(text), flush=True)


def answer_json(document: object) -> None:
    """One JSON document on a line of stdout; what JSON does not know is told as text."""
    encoding = sys.stdout.encoding  # None of what is kept as text, which takes any
    is_plain = encoding is not None and not encoding.lower().startswith("utf")
    text = json.dumps(document, ensure_ascii=is_plain, separators=(",", ":"), default=str)
    sys.stdout.write(visible_json(text) + "\n")
    sys.stdout.flush()


def drop_answers() -> None:
    """Let what stdout does not take vanish: the interpreter would complain of it at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def clear() -> None:
    """Empty the terminal, so that the next answer takes the place of the last."""
    sys.stdout.write("\x1b[H\x1b[2J")


def console(stderr: bool = False) -> Console:
    """A rich console that honours NO_COLOR and does not cut lines when there is no terminal."""
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else int(os.environ.get("COLUMNS") or 200)
    return Console(file=stream, width=width, highlight=False)
