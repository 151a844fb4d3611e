"""Rows in envelopes of what they were and what they are."""

from __future__ import annotations

import pytest

from fraudctl.inspection.columns import Column
from fraudctl.inspection.envelopes import of_after, place


@pytest.mark.parametrize(
    ("names", "left", "where"),
    [
        (["before.id", "after.id", "op"], ["after.id", "op"], "after"),
        (["payload.before.id", "payload.after.id"], ["payload.after.id"], "payload.after"),
        (["before.id", "op"], ["before.id", "op"], None),
        (["before", "after"], ["before", "after"], None),
        (["a.before.id", "b.after.id"], ["a.before.id", "b.after.id"], None),
    ],
)
def test_what_rows_were_is_left_out_where_what_they_are_stands_beside_it(
    names: list[str], left: list[str], where: str | None
) -> None:
    columns = [Column(name) for name in names]
    assert ([one.name for one in of_after(columns)], place(columns)) == (left, where)
