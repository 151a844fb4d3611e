"""`fraudctl explain`: why one transaction was decided as it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl import engines
from fraudctl.console.result import Result, Table
from fraudctl.decisions import explain as capability
from fraudctl.decisions import side_by_side
from fraudctl.home import rulesets, stack

if TYPE_CHECKING:
    from fraudctl.decisions.explain import Explanation, RuleOutcome


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
    found = capability.explain(engines.current(), event_id, user)
    if at is not None:
        return _side_by_side(found, at)
    return Result(_summary(found), found.document(), tables=_tables(found))


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


def _tables(found: Explanation) -> tuple[Table, ...]:
    features = [
        (name, _shown(feature["value"]), _declared(feature.get("declared")))
        for name, feature in found.features.items()
    ]
    transaction = capability.transaction_document(found.found.decision.transaction)
    rules = [_rule_row(one) for one in sorted(found.rules, key=_rank)]
    if not rules:
        reasons = found.found.decision.reasons
        rules = [("yes", hit.rule, hit.points, "", hit.text) for hit in reasons]
    return (
        Table("Transaction", ("field", "value"), list(transaction.items())),
        Table("Features", ("feature", "value", "declared as"), features),
        Table("Rules", ("fired", "rule", "points", "when", "values and reason"), rules),
    )


def _rank(one: RuleOutcome) -> tuple[bool, int]:
    """Those that fired first, as in the decision's reasons: by the points they gave."""
    return not one.fired, -one.points if one.fired else 0


def _rule_row(one: RuleOutcome) -> tuple[Any, ...]:
    values = ", ".join(f"{name} = {_shown(value)}" for name, value in one.compared.items())
    reason = f"\n{one.text}" if one.text else ""
    reason += f"\nplug-in failed: {one.error}" if one.error else ""
    return ("yes" if one.fired else "no", one.rule, one.points, one.when, values + reason)


def _summary(found: Explanation) -> str:
    decision = found.found.decision
    points = [hit.points for hit in decision.reasons]
    terms = " + ".join(str(point) for point in points) or "no rule fired"
    is_clamped = found.sum_of_points != decision.score
    total = f" = {found.sum_of_points}, kept within 0 to 100" if is_clamped else ""
    marks = [name for name in ("late", "saturated") if getattr(decision, name)]
    marks += [f"still warming: {', '.join(decision.warming)}"] if decision.warming else []
    lines = [
        f"{decision.decision}: score {decision.score} ({terms}{total})",
        f"rules {decision.ruleset_version} ({decision.ruleset_hash[:12]})"
        + ("" if found.ruleset_source else "; not at hand any more, so only its hits are shown"),
        f"transaction at {decision.source.topic}[{decision.source.partition}]@{decision.source.offset}"
        + (f"; {', '.join(marks)}" if marks else ""),
    ]
    return "\n".join(lines)


def _declared(declared: Any) -> str:
    if not isinstance(declared, dict):
        return ""
    return ", ".join(f"{name}: {value}" for name, value in declared.items())


def _shown(value: Any) -> str:
    if value is None:
        return "absent"
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.12g}" if isinstance(value, float) else str(value)
