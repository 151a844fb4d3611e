"""What the parser complains of, in one line that names the option and the value that was given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from fraudctl.settings.shipped import short

_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {
    "float_parsing": lambda _: "is not a number",
    "int_parsing": lambda _: "is not a whole number",
    "int_parsing_size": lambda _: "is too large a number",
    "greater_than_equal": lambda limits: f"is not {limits['ge']:,.12g} or more",
    "less_than_equal": lambda limits: f"is more than {limits['le']:,.12g}",
}
"""by what Pydantic, which converts values for Typer, calls the mistake"""


def of(error: Any) -> str:
    """Empty where the parser has nothing to say but that a command is missing."""
    problem = _problem(error)
    if words := _WORDS.get(problem.get("type", "")):
        given = str(problem["input"])
        is_none = given.strip().lower().lstrip("+-") == "nan"  # Pydantic says that it is beyond a limit
        said = _WORDS["float_parsing"] if is_none else words
        error.message = f"{short(given)!r} {said(problem.get('ctx', {}))}"
    return " ".join(error.format_message().split()).replace("Value error, ", "")


def _problem(error: BaseException) -> Mapping[str, Any]:
    """The first of what was wrong with a value; nothing where it was something else."""
    problems = getattr(error.__cause__, "errors", None)
    found: list[Mapping[str, Any]] = problems() if problems is not None else []
    return found[0] if found else {}
