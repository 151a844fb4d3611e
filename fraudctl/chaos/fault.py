"""A fault: by which means what is broken, and for how long. `fraudctl.chaos.reading` makes it of a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fraudctl.errors import UsageError


@dataclass(frozen=True, slots=True)
class Fault:
    """One file of `faults/`; its name is the file's. `settings` holds what its means needs, checked."""

    name: str
    description: str
    means: str
    settings: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The program or store it strikes; empty where it disturbs the traffic."""
        return str(self.settings.get("target", ""))

    @property
    def lasts_ms(self) -> int:
        """How long it is kept up; 0 where it is over at once."""
        return int(self.settings.get("lasts", 0))

    def lasting(self, lasts_ms: int) -> Fault:
        """The same fault for another time. UsageError where it is over at once."""
        if "lasts" not in self.settings:
            raise UsageError(f"{self.name} is over at once, it cannot last", hint="leave out --for")
        return replace(self, settings={**self.settings, "lasts": lasts_ms})
