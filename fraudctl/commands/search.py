"""`fraudctl search`: decisions by words, names and times."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

import typer

from fraudctl import engines
from fraudctl.console.result import Result, Table
from fraudctl.decisions import search as audit
from fraudctl.settings import moment

COLUMNS = ("decided", "decision", "score", "user", "event", "amount", "ip", "why")


class Decided(StrEnum):
    APPROVE = "approve"
    REVIEW = "review"
    BLOCK = "block"


def register(app: typer.Typer) -> None:
    app.command("search")(search)


def search(
    query: Annotated[
        str | None, typer.Argument(help="Words, or fields as amount:>100 AND country:DE.")
    ] = None,
    user: Annotated[str | None, typer.Option("--user", help="Only of this user.")] = None,
    ip: Annotated[
        str | None, typer.Option("--ip", help="Only from this address, or network as a/24.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="Only newer ones: an age, as 30m, or a time.")
    ] = None,
    decision: Annotated[Decided | None, typer.Option("--decision", help="Only these.")] = None,
    rule: Annotated[str | None, typer.Option("--rule", help="Only where this rule fired.")] = None,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=10_000, help="At most that many.")] = 20,
) -> Result:
    """Search the audit index of decisions, newest first (needs the sink elasticsearch).

    Example: fraudctl search 'amount:>500 AND country:DE' --decision block --since 24h
    """
    since_ms = moment.of_option("--since", since)
    wanted = audit.Search(query, user, ip, since_ms, decision.value if decision else None, rule, limit)
    answer = audit.find(engines.current(), wanted)
    rows = [_row(one) for one in answer.decisions]
    data = {
        "total": answer.total,
        "decisions": [dict(one) for one in answer.decisions],
        "damaged": list(answer.damaged),
    }
    summary = f"{len(rows)} of {answer.total} decisions" if rows else "no decision is like that"
    if answer.damaged:
        summary += f"; {len(answer.damaged)} left out: {'; '.join(answer.damaged)}"
    return Result(summary, data, tables=(Table("", COLUMNS, rows),) if rows else ())


def _row(one: Mapping[str, Any]) -> tuple[object, ...]:
    money = f"{one['amount']} {one.get('currency') or ''}".strip()
    why = "; ".join(reason["text"] for reason in one["reasons"])
    return (
        one["decided_at"],
        one["decision"],
        one["score"],
        one["user_id"],
        one["event_id"],
        money,
        one.get("ip"),
        why,
    )
