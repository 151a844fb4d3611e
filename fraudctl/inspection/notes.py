"""What an inspection has to say: what it recognised, what it assumes, what must be decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from fraudctl.files.mapping import Said


class How(StrEnum):
    """How sure it is: `recognised` from the content, `assumed` for want of anything that says otherwise,
    `open` where nothing may be assumed."""

    recognised = "recognised"
    assumed = "assumed"
    open = "open"


@dataclass(frozen=True, slots=True)
class Note:
    """One thing to know, and other options that would settle it otherwise."""

    how: How
    text: str
    otherwise: tuple[str, ...] = ()

    def as_document(self) -> dict[str, object]:
        """The note in JSON."""
        return {"how": self.how.value, "text": self.text, "otherwise": list(self.otherwise)}


@dataclass(slots=True)
class Proposal:
    """How the file could be read, what led there, and columns that could be a field as well."""

    said: Said
    notes: list[Note] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether something must be decided before the file can be read."""
        return any(one.how is How.open for one in self.notes)

    def say(self, said: Said) -> None:
        """Add options; what was said before counts before them."""
        self.said = self.said.over(said)

    def note(self, how: How, text: str, *otherwise: str) -> None:
        """Add a note."""
        self.notes.append(Note(how, text, otherwise))
