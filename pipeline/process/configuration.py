"""What a process of ours is started with: one JSON document, read as a frozen dataclass.

Every process refuses a wrong document alike: all that is wrong at once, with file, key and mend, and the exit
code EX_CONFIG (78), so that a supervisor's log says it in one line. No value is repeated: some are secret.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

STRICT = ConfigDict(extra="forbid", strict=True)
"""`__pydantic_config__` of such a dataclass: unknown keys and values of another type are refused."""

_MEND = "have it written anew with: fraudctl down && fraudctl up"
_SAID = {"missing": "is missing", "unexpected_keyword_argument": "is not known"}

_Kind = TypeVar("_Kind")


class BadConfiguration(ValueError):
    """A document is not what its process needs; the message says where, what and how to mend it."""


def of_command_line(kind: type[_Kind], program: str, about: str | None, argv: Sequence[str] | None) -> _Kind:
    """The document of `--config FILE`; a wrong one ends the process."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=about)
    parser.add_argument("--config", type=Path, required=True)
    try:
        return read(kind, parser.parse_args(argv).config)
    except BadConfiguration as error:
        parser.exit(os.EX_CONFIG, f"{program}: {error}\n")


def read(kind: type[_Kind], path: Path) -> _Kind:
    """The document in a file. Raises BadConfiguration, also where the file cannot be read."""
    try:
        text = path.read_bytes()
    except OSError as error:
        raise BadConfiguration(f"{path}: {error.strerror}; {_MEND}") from None
    return parse(kind, text, str(path))


def parse(kind: type[_Kind], text: str | bytes, source: str, mend: str = _MEND) -> _Kind:
    """A document from elsewhere; `source` and `mend` are for its errors. Raises BadConfiguration."""
    try:
        return TypeAdapter(kind).validate_json(text)
    except ValidationError as error:
        wrong = ", ".join(map(_words, error.errors(include_url=False, include_input=False)))
        raise BadConfiguration(f"{source}: {wrong}; {mend}") from None


def _words(problem: Any) -> str:
    key = ".".join(map(str, problem["loc"]))
    said = _SAID.get(problem["type"]) or problem["msg"]
    return f"{key} {said}" if problem["type"] in _SAID else f"{key}: {said}" if key else said
