"""What is wrong with a rule set, and where."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pipeline.settings.reading import bounded


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a rule set: where in the document, on which line of the file, what, how bad."""

    path: str
    line: int | None
    message: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line is not None else ""
        return f"{place}{self.path}: {self.message}" if self.path else f"{place}{self.message}"


class RuleSetError(Exception):
    """A document that is not a rule set, with every problem found; its text has the first of them."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(bounded(problems)))
        self.problems = tuple(problems)
