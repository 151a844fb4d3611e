"""Activations in JSON: what is in force by whom, since when, and why."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from fraudctl.console.tables import Table
from pipeline.records.quantities import format_time
from pipeline.rules.ruleset import recorded
from pipeline.scoring.account import Account
from pipeline.scoring.activation import Activation
from pipeline.scoring.versions import ALWAYS


class Named(TypedDict):
    """A rule set."""

    version: str
    hash: str


class Person(TypedDict):
    """Who did something, where, when and why."""

    author: str
    host: str
    at: str
    reason: str | None


class Described(Named):
    """An activation without the content. `in_force_from` is None where it always was.

    `by` is None, and so is `key`, of what was activated before records were signed.
    """

    action: str
    by: Person | None
    approved_by: list[Person]
    key: str | None
    activated_at: str
    in_force_from: str | None
    shadow: Named | None


def described(one: Activation) -> Described:
    """An activation in JSON, without the content."""
    shadow = recorded(one.shadow) if one.shadow else None
    return {
        "version": one.version,
        "hash": one.hash,
        "action": one.action,
        "by": person(one.account) if one.account else None,
        "approved_by": [person(each) for each in one.approvals],
        "key": one.key,
        "activated_at": format_time(one.append_ms),
        "in_force_from": None if one.from_ms == ALWAYS else format_time(one.from_ms),
        "shadow": {"version": shadow.version, "hash": shadow.hash} if shadow else None,
    }


def person(account: Account) -> Person:
    """An account in JSON."""
    return {"author": account.author, "host": account.host, "at": account.at, "reason": account.reason}


def table(activated: Iterable[Described]) -> Table:
    """What came into force when, by whom, approved by whom and why."""
    rows = [
        (
            one["in_force_from"] or "the beginning",
            one["version"],
            one["hash"][:12],
            one["action"],
            one["by"] and one["by"]["author"],
            ", ".join(each["author"] for each in one["approved_by"]) or None,
            one["by"] and one["by"]["reason"],
            one["shadow"] and one["shadow"]["version"],
        )
        for one in activated
    ]
    return Table("In force", ("since", "version", "hash", "by", "who", "approved by", "why", "shadow"), rows)
