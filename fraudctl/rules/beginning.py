"""A rule set of one's own, begun from one that comes along."""

from __future__ import annotations

import re
from pathlib import Path

from fraudctl.errors import UsageError
from fraudctl.home import rulesets

_SCHEMA = re.compile(r"\A# yaml-language-server:[^\n]*\n")
_VERSION = re.compile(r"^version:.*$", re.MULTILINE)
_NO_WORD = re.compile(r"[^A-Za-z0-9._-]+")


def begin(target: Path, like: str) -> str:
    """Write the rule set of that name to a new file, cases and comments included; its version, which is made
    of the file's name. UsageError where there is no such rule set, or a file of that name already."""
    known = rulesets.shipped()
    if like not in known:
        hint = f"take one of these: {', '.join(known)}"
        raise UsageError(f"{like} is no shipped rule set", hint=hint, code="unknown_rules")
    version = f"{_NO_WORD.sub('-', target.stem).strip('-') or 'mine'}-1"
    text = _SCHEMA.sub("", known[like].read_text(encoding="utf-8"))
    try:
        with target.open("x", encoding="utf-8") as out:
            out.write(_VERSION.sub(f"version: {version}", text, count=1))
    except FileExistsError:
        raise UsageError(f"{target} exists", hint="choose another name", code="file_exists") from None
    except OSError as error:
        raise UsageError(
            f"{target} cannot be written: {error.strerror}", hint="name a file in a folder of your own"
        ) from None
    return version
