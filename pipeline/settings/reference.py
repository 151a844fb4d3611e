"""Where a secret comes from that lies in no file: `env:NAME`, or `command:ARGV…`, whose output it is.

A setting that names the file of a secret may say so instead, and `file:PATH` for the file itself. `up` puts
the secret into a file of the home and hands on that file's name; until then the setting's path is a mark that
carries the reference and names no file.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Final
from urllib.parse import quote, unquote

FILE: Final = "file:"
_ENV: Final = "env:"
_COMMAND: Final = "command:"
_MARK: Final = "reference:"
_PLAIN: Final = " !\"#$&'()*+,-.:;<=>?@[]^_`{|}~"
"""what a path keeps as it is"""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_one(value: str) -> bool:
    """Whether a setting's text is a reference to something else than a file."""
    return value.startswith((_ENV, _COMMAND))


def problem(text: str) -> str | None:
    """What is wrong with a reference; None where it can be followed."""
    if text.startswith(_ENV):
        return None if _NAME.fullmatch(text.removeprefix(_ENV)) else "env: wants the name of a variable"
    try:
        words = shlex.split(text.removeprefix(_COMMAND))
    except ValueError as error:
        return f"command: {error}"
    return None if words else "command: wants a program and its arguments"


def marked(text: str) -> Path:
    """The path that stands for a reference."""
    return Path(_MARK + quote(text, safe=_PLAIN))


def text_of(value: object) -> str | None:
    """The reference that a setting's value stands for; None where it stands for itself."""
    if not isinstance(value, str | Path) or not str(value).startswith(_MARK):
        return None
    return unquote(str(value).removeprefix(_MARK))


def variable(text: str) -> str | None:
    """The variable that a reference names."""
    return text.removeprefix(_ENV) if text.startswith(_ENV) else None


def command(text: str) -> list[str]:
    """The words of the command that a reference names."""
    return shlex.split(text.removeprefix(_COMMAND))
