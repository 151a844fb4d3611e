"""A backtest as one HTML page: the figures, the threshold sweep as charts, every rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fraudctl.compare.detection import Level, Measure, rank
from fraudctl.console import page
from pipeline.records.clock import DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS
from pipeline.records.quantities import amount_text

RULE_COLUMNS = ("rule", "fired", "of them fraud", "precision", "recall", "value caught", "alone")


def rule_rows(
    fired: Mapping[str, Measure], alone: Mapping[str, int]
) -> list[tuple[str, int, int, str, str, str, int]]:
    """A row of `RULE_COLUMNS` per rule, those that fired most first."""
    ordered = sorted(fired.items(), key=lambda item: (-item[1].alerts.part, item[0]))
    return [
        (
            name,
            m.alerts.part,
            m.precision.part,
            str(m.precision),
            str(m.recall),
            amount_text(m.caught_units),
            alone[name],
        )
        for name, m in ordered
    ]


def figures(total: Measure) -> list[tuple[str, str]]:
    """The total, as names and texts."""
    median = rank(total.detect_ms, 50)
    return [
        ("alerts", f"{total.alerts.part} of {total.alerts.whole}: {total.alerts}"),
        ("precision", str(total.precision)),
        ("recall", str(total.recall)),
        ("value caught", f"{amount_text(total.caught_units)} of {amount_text(total.fraud_units)}"),
        ("cases detected", f"{total.cases.part} of {total.cases.whole}: {total.cases}"),
        ("time to detect", f"median {span(median)}, 90 % in {span(rank(total.detect_ms, 90))}"),
        ("ahead of the label", f"median {span(rank(total.lead_ms, 50))}"),
    ]


def html(
    title: str,
    notes: Sequence[str],
    total: Measure,
    levels: Sequence[Level],
    rules: Sequence[Sequence[object]],
    budget_per_month: float | None,
) -> str:
    """The page."""
    limits = [] if budget_per_month is None else [(f"budget {budget_per_month:,.0f}", budget_per_month)]
    rates = [(float(one.threshold), one.alerts_per_month or 0.0) for one in levels]
    series = page.Series("alerts a month", rates)
    parts = [page.paragraph(note) for note in notes]
    parts += [
        page.table(("", ""), figures(total)),
        page.heading("Precision and recall by threshold"),
        page.lines(
            "Precision and recall by threshold",
            "flag from this score on",
            [_series("precision", levels), _series("recall", levels)],
            percent=True,
        ),
        page.paragraph("Bands are 95 % Wilson intervals; they take events to be independent.", is_note=True),
        page.heading("Alerts a month by threshold"),
        page.lines("Alerts a month", "flag from this score on", [series], limits),
        page.heading("Rules"),
        *_fired(rules),
        page.table(RULE_COLUMNS, rules),
    ]
    return page.page(title, parts)


def _fired(rules: Sequence[Sequence[object]]) -> list[str]:
    """Bars of the rules that fired, and the names of those that did not."""
    counts = [(str(row[0]), float(str(row[1]))) for row in rules]
    fired = [(name, count) for name, count in counts if count]
    silent = [name for name, count in counts if not count]
    parts = [page.bars("How often each rule fired", fired)] if fired else []
    if silent:
        parts.append(page.paragraph(f"Never fired: {', '.join(silent)}.", is_note=True))
    return parts


def span(ms: int | None) -> str:
    """A time in its largest fitting unit."""
    if ms is None:
        return "-"
    for unit, size in (("d", DAY_MS), ("h", HOUR_MS), ("min", MINUTE_MS), ("s", SECOND_MS)):
        if abs(ms) >= size:
            return f"{ms / size:.3g} {unit}"
    return f"{ms} ms"


def _series(name: str, levels: Sequence[Level]) -> page.Series:
    points, band = [], []
    for level in levels:
        share = level.precision if name == "precision" else level.recall
        if share.value is not None and share.interval is not None:
            points.append((float(level.threshold), share.value))
            band.append((float(level.threshold), *share.interval))
    return page.Series(name, points, band)
