"""`fraudctl explain`: why one transaction was decided as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _nearby
from fraudctl.console.result import Result, Table
from fraudctl.decisions import explain as capability
from fraudctl.decisions import explained, side_by_side
from fraudctl.home import rulesets, stack

if TYPE_CHECKING:
    from fraudctl.decisions.explain import Explanation


def register(app: typer.Typer) -> None:
    app.command("explain")(explain)


def explain(
    event_id: Annotated[str, typer.Argument(help="The transaction's event_id.")],
    user: Annotated[str | None, typer.Option("--user", help="Its user_id, when several have it.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--at", metavar="V1,V2", help="What these rule sets say of it, side by side."),
    ] = None,
) -> Result:
    """Explain a decision: the transaction, every feature, every rule with the values it compared.

    Example: fraudctl explain evt-000042 --user ada
    """
    running = engines.current()
    if (there := _nearby.answer(running)) is not None:
        return there
    found = capability.explain(running, event_id, user)
    if at is not None:
        return _side_by_side(found, at)
    return Result(explained.summary(found), found.document(), tables=explained.tables(found))


def _side_by_side(found: Explanation, at: str) -> Result:
    home, decision = stack.home_dir(), found.found.decision
    own = rulesets.by_hash(home, decision.ruleset_hash)
    others = [rulesets.find(name.strip(), home)[0] for name in at.split(",")]
    verdicts = [side_by_side.verdict(decision, own, other) for other in others]
    lines = [f"decided: {decision.decision} {decision.score} by {decision.ruleset_version}"]
    for one in verdicts:
        lack = "" if one.is_complete else "; some rules need values that only a replay computes"
        lines.append(f"{one.version} ({one.hash[:12]}): {one.decision} {one.score}{lack}")
    heads = ("rule", *(f"{one.version} ({one.hash[:12]})" for one in verdicts))
    data = {
        "event_id": decision.transaction.event_id,
        "user_id": decision.transaction.user_id,
        "decided": {"decision": decision.decision, "score": decision.score, "hash": decision.ruleset_hash},
        "verdicts": [one.as_document() for one in verdicts],
    }
    return Result("\n".join(lines), data, tables=(Table("", heads, side_by_side.rows(verdicts)),))
