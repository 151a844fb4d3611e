"""What came into force, as a table for people."""

from __future__ import annotations

from fraudctl.rules import described
from fraudctl.rules.described import Described, Person


def person(name: str, reason: str | None) -> Person:
    return {"author": name, "host": "here", "at": "2026-01-31T00:00:00.000Z", "reason": reason}


def test_each_change_is_told_with_who_made_it_who_approved_and_why() -> None:
    first: Described = {
        **{"version": "v1", "hash": "0123456789abcdef", "action": "first", "by": None, "approved_by": []},
        **{"key": None, "activated_at": "2026-01-31T00:00:00.000Z", "in_force_from": None, "shadow": None},
    }
    then: Described = {
        **first,
        "version": "v2",
        "action": "apply",
        "by": person("ada", "too many alerts"),
        "approved_by": [person("bob", None), person("eve", None)],
        "in_force_from": "2026-01-31T00:00:01.000Z",
        "shadow": {"version": "v3", "hash": "ab"},
    }
    assert described.table([then, first]).rows == [
        (
            "2026-01-31T00:00:01.000Z",
            "v2",
            "0123456789ab",
            "apply",
            "ada",
            "bob, eve",
            "too many alerts",
            "v3",
        ),
        ("the beginning", "v1", "0123456789ab", "first", None, None, None, None),
    ]
