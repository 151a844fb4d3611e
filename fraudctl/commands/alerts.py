"""`fraudctl alerts`: what was flagged, what is being flagged, and who has the most of it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl import engines
from fraudctl.commands import _nearby
from fraudctl.console.result import Result, Table
from fraudctl.decisions import alerts as decided
from fraudctl.settings import moment
from pipeline.records import clock

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


class View(StrEnum):
    LATEST = "latest"
    TOP = "top"


class Flag(StrEnum):
    REVIEW = "review"
    BLOCK = "block"


def register(app: typer.Typer) -> None:
    app.command("alerts")(alerts)


def alerts(
    view: Annotated[View, typer.Argument(help="The latest, or who has the most.")] = View.LATEST,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Show alerts as they are decided.")] = False,
    since: Annotated[
        str | None, typer.Option("--since", help="Only newer ones: an age, as 30m, or a time.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="At most that many.")] = 20,
    decision: Annotated[Flag | None, typer.Option("--decision", help="Only these.")] = None,
    users: Annotated[bool, typer.Option("--users/--ips", help="For top: users, not addresses.")] = False,
) -> Result:
    """Show flagged transactions, newest first, or with `top` the riskiest addresses or users of 24 h.

    Example: fraudctl alerts --since 1h --decision block; fraudctl alerts top --users
    """
    current, now_ms = engines.current(), clock.now_ms()
    if not follow and (there := _nearby.answer(current)) is not None:
        return there
    if view is View.TOP:
        return _top(current, "user" if users else "ip", limit, now_ms)
    since_ms = moment.of_option("--since", since)
    if follow:
        return _follow(current, decision, since_ms)
    return _latest(current, since_ms or 0, limit, decision)


def _latest(stack: Stack, since_ms: int, limit: int, decision: str | None) -> Result:
    found = decided.newest(stack, since_ms, limit, decision)
    columns = ("decided", "decision", "score", "user", "event", "amount", "ip", "why")
    rows = [(a.decided_at, a.decision, a.score, a.user_id, a.event_id, a.money, a.ip, a.why) for a in found]
    hint = f"look into one: fraudctl explain {shlex.quote(found[0].event_id)}" if found else ""
    summary = f"{len(found)} alerts; {hint}" if found else "no alerts"
    tables = (Table("", columns, rows),) if found else ()
    return Result(summary, {"alerts": [alert.document() for alert in found]}, tables=tables)


def _follow(stack: Stack, decision: str | None, since_ms: int | None) -> Result:
    documents = (alert.document() for alert in decided.follow(stack, decision, since_ms))
    return Result("", documents, line=_line)


def _top(stack: Stack, kind: str, limit: int, now_ms: int) -> Result:
    damaged: list[str] = []
    address = stack.sink_address("redis")
    whole = decided.top(address, kind, limit, now_ms, damaged.append, stack.way("redis"))
    field = "user_id" if kind == "user" else kind
    found = [(stack.profile.masks.value(field, value), count) for value, count in whole]
    table = Table("", (kind, "flagged events in 24 h"), found)
    data = {
        "by": kind,
        "top": [{kind: value, "flagged": count} for value, count in found],
        "damaged": damaged,
    }
    said = "" if found else "nothing is flagged"
    if damaged:
        said = f"{len(damaged)} left out: {'; '.join(damaged)}"
    return Result(said, data, tables=(table,) if found else ())


def _line(alert: Mapping[str, Any]) -> str:
    why = "; ".join(reason["text"] for reason in alert["reasons"])
    money = f"{alert['amount']} {alert['currency'] or ''}".strip()
    place = f" from {alert['ip']}" if alert["ip"] else ""
    who = f"{alert['user_id']} {alert['event_id']}"
    return f"{alert['decided_at']} {alert['decision']} {alert['score']:>3} {who} {money}{place}: {why}"
