"""Reads a JSON file of a home as the type it should hold, and says by name what is wrong with it.

A file may tell its format by a whole number, `format`; one that does not was written before formats were told
and is of the first. Fields that a type does not know are left out: a later version of the same format may
have added them. Nothing here changes a file.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from fraudctl.errors import Failed

FORMAT = 1
T = TypeVar("T")


class Damaged(Failed):
    """A file of the home does not hold what it should; the hint is the mend."""

    code = "damaged"


class Newer(Failed):
    """A file of the home was written by a later version, which must be used with it."""

    code = "newer"


class Older(Failed):
    """A file of the home lacks what this version has more; `up` carries it over."""

    code = "older"


def read(path: Path, kind: TypeAdapter[T], mend: str, newest: int = FORMAT) -> T | None:
    """What the file holds, None when there is no file. Damaged with `mend` as its hint, Newer, Failed."""
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError as failure:
        hint = "what is in a home is for its owner alone: run this as that user"
        raise Failed(f"{path} is not yours to read", hint=hint, code="not_yours") from failure
    except OSError as failure:
        raise Damaged(f"{path} cannot be read: {failure.strerror}", hint=mend) from failure
    return parse(path, text, kind, mend, newest)


def parse(path: Path, text: bytes, kind: TypeAdapter[T], mend: str, newest: int = FORMAT) -> T:
    """What the text of a file holds."""
    refuse_newer(path, _format(path, text, mend), newest)
    try:
        return kind.validate_json(text, strict=True)
    except ValidationError as failure:
        raise Damaged(f"{path} is damaged: {_problems(failure)}", hint=mend) from failure


def refuse_newer(path: Path, found: int, newest: int = FORMAT) -> None:
    """Raises Newer when a file's format is one that this version does not know."""
    if found > newest:
        raise Newer(
            f"{path} was written by a newer fraudctl (format {found}, this one knows {newest})",
            hint="use that version; nothing was changed",
        )


def _format(path: Path, text: bytes, mend: str) -> int:
    try:
        document: Any = json.loads(text)
    except (ValueError, RecursionError) as failure:
        what = str(failure) if text.strip() else "it is empty"
        raise Damaged(f"{path} is damaged: {what}", hint=mend) from failure
    if not isinstance(document, dict):
        raise Damaged(f"{path} is damaged: it holds no object", hint=mend)
    found = document.get("format", FORMAT)
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise Damaged(f"{path} is damaged: format: {found!r} is no format", hint=mend)
    return found


def _problems(failure: ValidationError) -> str:
    """Every problem by its path in the document."""
    found = failure.errors(include_url=False, include_input=False, include_context=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'it'}: {one['msg'].lower()}" for one in found)
