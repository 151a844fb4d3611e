"""The runbook as an operator reads it: an entry for each alert, and the commands that stand in it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from fraudctl.monitoring import alerts

TEXT: Final = (Path(__file__).parents[1] / alerts.RUNBOOK).read_text(encoding="utf-8")
ENTRIES: Final = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)*)", TEXT, re.MULTILINE))
_COMMAND: Final = re.compile(r"`fraudctl ([^`]+)`|^fraudctl (.+)$", re.MULTILINE)


def commands(text: str) -> list[str]:
    """Every command that a text prints, without the word `fraudctl`, in their order."""
    return [found[1] or found[2] for found in _COMMAND.finditer(text)]


def to_look(heading: str) -> list[str]:
    """The commands of an entry that only look, as they are printed."""
    return commands(_part(heading, "Look"))


def to_do(heading: str) -> list[str]:
    """Those that mend."""
    return commands(_part(heading, "Do"))


def _part(heading: str, name: str) -> str:
    return "\n".join(re.findall(rf"^- {name}: (.+)$", ENTRIES[heading], re.MULTILINE))
