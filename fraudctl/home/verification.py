"""What the last comparison of the stores with the log found, kept in the home for who watches."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from fraudctl.home import typed_files
from fraudctl.home.private_files import write_atomically


@dataclass(frozen=True)
class Outcome:
    """When it ended (epoch ms), and the differences without a reason by sink."""

    at_ms: int
    faults: Mapping[str, int]


_KIND: Final = TypeAdapter(Outcome)


def keep(home: Path, outcome: Outcome) -> None:
    """Replace what the one before found; sinks that were not asked about keep theirs."""
    before = last(home)
    faults = {**(before.faults if before else {}), **outcome.faults}
    write_atomically(_file(home), json.dumps(asdict(Outcome(outcome.at_ms, faults))) + "\n")


def last(home: Path) -> Outcome | None:
    """None before the first comparison. Damaged, Newer."""
    return typed_files.read(_file(home), _KIND, "run: fraudctl verify sinks, which writes it anew")


def _file(home: Path) -> Path:
    return home / "verify" / "last.json"
