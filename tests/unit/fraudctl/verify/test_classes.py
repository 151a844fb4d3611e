"""Which class a difference between the log and a store is of."""

from __future__ import annotations

import pytest

from fraudctl.verify import Kind
from fraudctl.verify.classes import Found, Wanted, classify

NOW = 1_000
A, B = b"a", b"b"


NEWEST, OLD = Wanted(5, A, None), Wanted(3, B, None)


NOTHING, OVER = Wanted(5, None, None), Wanted(5, A, NOW)


@pytest.mark.parametrize(
    ("found", "newest", "delivered", "refused", "kind"),
    [
        (Found(5, A), NEWEST, NEWEST, False, None),
        (None, NEWEST, NEWEST, False, Kind.MISSING),
        (Found(5, B), NEWEST, NEWEST, False, Kind.DIVERGED),
        (Found(6, A), NEWEST, NEWEST, False, Kind.DIVERGED),
        (Found(-1, A), NEWEST, NEWEST, False, Kind.DIVERGED),
        (Found(3, B), NEWEST, NEWEST, False, Kind.STALE),
        (None, NOTHING, NOTHING, False, None),
        (Found(3, B), NOTHING, NOTHING, False, Kind.STALE),
        (Found(5, B), NOTHING, NOTHING, False, Kind.EXTRA),
        (None, OVER, OVER, False, Kind.EXPIRED),
        (Found(5, A), OVER, OVER, False, None),
        (Found(3, B), OVER, OVER, False, Kind.EXPIRED),
        (Found(5, B), OVER, OVER, False, Kind.EXTRA),
        (None, NEWEST, None, False, Kind.UNDELIVERED),
        (Found(5, A), NEWEST, None, False, None),
        (Found(3, B), NEWEST, OLD, False, Kind.UNDELIVERED),
        (Found(4, B), NEWEST, OLD, False, Kind.UNDELIVERED),
        (Found(2, B), NEWEST, OLD, False, Kind.STALE),
        (None, NOTHING, OLD, False, Kind.UNDELIVERED),
        (None, NOTHING, None, False, None),
        (None, NEWEST, NEWEST, True, Kind.DEAD_LETTERED),
        (Found(3, B), NEWEST, NEWEST, True, Kind.DEAD_LETTERED),
        (Found(5, A), NEWEST, NEWEST, True, None),
    ],
)
def test_each_difference_has_one_class(
    found: Found | None, newest: Wanted, delivered: Wanted | None, refused: bool, kind: Kind | None
) -> None:
    assert classify(found, newest, delivered, refused, NOW) is kind
