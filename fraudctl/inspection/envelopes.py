"""Rows in envelopes, which say what they were before a change and what they are after it, as of Debezium."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fraudctl.inspection.columns import Column

_BEFORE, _AFTER = "before", "after"


def of_after(columns: Sequence[Column]) -> list[Column]:
    """The columns but those of what rows were before, where what they are after stands beside them."""
    former = {path for one in columns if (path := _to(_BEFORE, one.name)) is not None}
    places = former & {path for one in columns if (path := _to(_AFTER, one.name)) is not None}
    return [one for one in columns if _to(_BEFORE, one.name) not in places]


def place(columns: Iterable[Column]) -> str | None:
    """The path to what rows are after a change; None where they are in no envelope."""
    some = list(columns)
    if len(of_after(some)) == len(some):
        return None
    found = next(path for one in some if (path := _to(_AFTER, one.name)) is not None)
    return f"{found}{_AFTER}"


def _to(member: str, name: str) -> str | None:
    """What leads to a member of an object in the path of a column: `payload.` of `payload.before.id`."""
    parts = name.split(".")
    if member not in parts[:-1]:
        return None
    return "".join(f"{part}." for part in parts[: parts.index(member)])
