"""Whoever is told what is wrong is told what to do about it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOM = Path(__file__).parents[3] / "fraudctl"
WANTS_A_HINT = {"Failed", "UsageError", "Unhealthy", "Difference"}
"""Of the others, NotRunning has a hint of its own, and so have those of files with problems; a probe's
NotReady is a reason that others tell."""

OF_NOBODY = {"fraudctl/keeper.py": "what the keeper raises it catches itself, and tells as its state"}

RAISED = re.compile(rf"raise (?:{'|'.join(sorted(WANTS_A_HINT))})\(")
SIGN = re.compile(r"[()]")


def hintless(path: Path) -> Iterator[int]:
    """The lines of a module that raise an error without a hint."""
    text = path.read_text(encoding="utf-8")
    if all("hint" in arguments(text, raised.end()) for raised in RAISED.finditer(text)):
        return  # parsing is what takes time
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Raise(exc=ast.Call(func=ast.Name(id=name), args=said, keywords=more)):
                if name in WANTS_A_HINT and len(said) < 2 and not any(one.arg == "hint" for one in more):
                    yield node.lineno


def arguments(text: str, start: int) -> str:
    """What stands between a parenthesis, behind which `start` is, and its other one."""
    depth = 1
    for sign in SIGN.finditer(text, start):
        depth += 1 if sign[0] == "(" else -1
        if depth == 0:
            return text[start : sign.start()]
    return text[start:]


def test_every_error_says_what_to_do() -> None:
    found = {path.relative_to(ROOM.parent).as_posix(): list(hintless(path)) for path in ROOM.rglob("*.py")}
    assert {name: lines for name, lines in found.items() if lines and name not in OF_NOBODY} == {}
