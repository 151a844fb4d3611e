"""Two backtests of the same file beside each other, as tables and JSON."""

from __future__ import annotations

from fraudctl.compare.backtest_page import figures
from fraudctl.compare.backtest_result import Backtest
from fraudctl.compare.paired import Flagged, Paired, paired
from fraudctl.console.tables import Table

_NAMES = {
    "alert_rate": "alert rate",
    "precision": "precision",
    "recall": "recall",
    "value_caught": "share of the value caught",
}


def beside(first: Backtest, second: Backtest) -> Paired:
    """The two on the events that both have judged."""
    return paired(
        first.outcomes, second.outcomes, first.ruleset.thresholds.review, second.ruleset.thresholds.review
    )


def tables(first: Backtest, second: Backtest, found: Paired) -> tuple[Table, ...]:
    """The figures of both, their differences, and the events that only one flags."""
    assert first.total is not None
    assert second.total is not None
    rows = [
        (name, said, other)
        for (name, said), (_, other) in zip(figures(first.total), figures(second.total), strict=True)
    ]
    changes = [(_NAMES[name], str(one)) for name, one in found.differences.items()]
    flagged = [("events", *_cells(found.all)), ("of them fraud", *_cells(found.frauds))]
    return (
        Table("", ("", name_of(first), name_of(second)), rows),
        Table("Difference in percentage points, second less first", ("", "with 95 % interval"), changes),
        Table("Flagged by", ("", "both", "only the first", "only the second", "neither"), flagged),
    )


def document(first: Backtest, second: Backtest, found: Paired) -> dict[str, object]:
    """The whole result in JSON."""
    return {
        "rows": first.rows,
        **first.refused.as_document(),
        "events": len(first.outcomes),
        "first": _side(first),
        "second": _side(second),
        "paired": found.as_document(),
    }


def name_of(side: Backtest) -> str:
    """Version and beginning of the hash."""
    return f"{side.ruleset.version} ({side.ruleset.hash[:12]})"


def _cells(found: Flagged) -> tuple[int, int, int, int]:
    return found.both, found.only_first, found.only_second, found.neither


def _side(side: Backtest) -> dict[str, object]:
    return {
        "ruleset_version": side.ruleset.version,
        "ruleset_hash": side.ruleset.hash,
        "total": side.total.as_document() if side.total else None,
        "other_currency": side.foreign,
        "saturated": side.saturated,
        "plugin_errors": dict(side.plugin_errors),
        "seconds": round(side.seconds, 3),
    }
