"""A shadow beside the live rule set, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from fraudctl.compare import replay_page
from fraudctl.console.tables import Table

if TYPE_CHECKING:
    from fraudctl.compare.shadow import Comparison

SHOWN: Final = 20


def summary(found: Comparison) -> str:
    """One sentence."""
    said = (
        f"{found.shadow.version} beside {found.live_version}: {found.diff.compared} events, "
        f"{found.flips.part} decided otherwise"
    )
    if not found.labelled:
        said += "; no labels, so nothing is said of precision and recall"
    return said


def tables(found: Comparison) -> tuple[Table, ...]:
    """Alerts, precision and recall of both sides, and what is decided otherwise."""
    sides = (found.live, found.candidate)
    rows = [("alerts", *(f"{one.alerts.part} of {one.alerts.whole}: {one.alerts}" for one in sides))]
    if found.labelled:
        rows += [
            ("precision", *(str(one.precision) for one in sides)),
            ("recall", *(str(one.recall) for one in sides)),
            ("labelled events", str(found.labelled), str(found.labelled)),
        ]
    tables = [Table("", ("", f"live ({found.live_version})", f"shadow ({found.shadow.version})"), rows)]
    if not found.diff.same:
        tables += [
            Table("Decisions", replay_page.FLIP_COLUMNS, replay_page.flip_rows(found.diff)),
            Table("Rules", replay_page.RULE_COLUMNS, replay_page.rule_rows(found.diff)),
            Table("Why", replay_page.CAUSE_COLUMNS, replay_page.cause_rows(found.diff)),
            Table("Examples", replay_page.EXAMPLE_COLUMNS, replay_page.example_rows(found.diff)[:SHOWN]),
        ]
    return tuple(tables)
