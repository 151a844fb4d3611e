"""What the command line said for every command. It is read everywhere, and prints nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Options:
    """Where, how to print, and which command it is."""

    home: Path | None = None
    debug: bool = False
    json: bool = False
    command: str = ""
    arguments: tuple[str, ...] = ()
    """the words it was given on the command line"""
    streams: bool = False
    """Whether the command prints items as they come, not one answer."""


_options = Options()


def current() -> Options:
    """The options of the command that is running."""
    return _options


def change(**changes: Any) -> None:
    """Change single fields of the current options."""
    global _options
    _options = replace(_options, **changes)


def reset() -> None:
    """Forget everything an earlier command in this process has set."""
    global _options
    _options = Options()
