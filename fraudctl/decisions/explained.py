"""An explanation for people: a summary, and tables of the transaction, the features and the rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from fraudctl.console.tables import Table

if TYPE_CHECKING:
    from fraudctl.decisions.explain import Explanation


def tables(found: Explanation) -> tuple[Table, ...]:
    """The transaction, its features, and every rule; of a rule set that is lost its hits alone."""
    said: Any = found.document()
    features = [
        (name, _shown(feature["value"]), _declared(feature.get("declared")))
        for name, feature in said["features"].items()
    ]
    rules = [_rule_row(one) for one in sorted(said["rules"], key=_rank)]
    if not rules:
        rules = [("yes", hit["rule"], hit["points"], "", hit["text"]) for hit in said["reasons"]]
    return (
        Table("Transaction", ("field", "value"), list(said["transaction"].items())),
        Table("Features", ("feature", "value", "declared as"), features),
        Table("Rules", ("fired", "rule", "points", "when", "values and reason"), rules),
    )


def _rank(one: Mapping[str, Any]) -> tuple[bool, int]:
    """Those that fired first, as in the decision's reasons: by the points they gave."""
    return not one["fired"], -one["points"] if one["fired"] else 0


def _rule_row(one: Mapping[str, Any]) -> tuple[Any, ...]:
    values = ", ".join(f"{name} = {_shown(value)}" for name, value in one["compared"].items())
    reason = f"\n{one['text']}" if one["text"] else ""
    reason += f"\nplug-in failed: {one['error']}" if one.get("error") else ""
    return ("yes" if one["fired"] else "no", one["rule"], one["points"], one["when"], values + reason)


def summary(found: Explanation) -> str:
    """The score as a sum, the rule set, and where the transaction lies, in three lines."""
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
