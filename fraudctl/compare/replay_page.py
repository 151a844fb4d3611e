"""The difference of two replays for people: tables, and one HTML page with charts."""

from __future__ import annotations

from collections.abc import Sequence

from fraudctl.compare.diff import Diff
from fraudctl.console import page
from pipeline.records.quantities import amount_text

FLIP_COLUMNS = ("decision", "events", "amount")
RULE_COLUMNS = ("rule", "now fires", "no longer", "other points")
CAUSE_COLUMNS = ("why", "events")
EXAMPLE_COLUMNS = ("event", "user", "amount", "before", "after", "why", "features")


def flip_rows(diff: Diff) -> list[tuple[object, ...]]:
    """What became of decisions, with the sum of the amounts concerned."""
    return [(str(flip), count, amount_text(diff.amounts[flip])) for flip, count in diff.flips.most_common()]


def rule_rows(diff: Diff) -> list[tuple[object, ...]]:
    """Events by rule, the rules with most changes first."""
    ordered = sorted(diff.by_rule.items(), key=lambda item: (-sum(item[1].values()), item[0]))
    return [(name, c["fires"], c["no_longer"], c["points"]) for name, c in ordered]


def cause_rows(diff: Diff) -> list[tuple[object, ...]]:
    """Events by cause; an event may have several."""
    return [(str(cause), events) for cause, events in diff.causes.most_common()]


def example_rows(diff: Diff) -> list[tuple[object, ...]]:
    """The first events that changed."""
    rows: list[tuple[object, ...]] = []
    for one in diff.shown():
        sides = [
            f"{side['decision']} {side['score']}" if side else "none"
            for side in (one["before"], one["after"])
        ]
        features = ", ".join(f"{name} {was} → {now}" for name, (was, now) in one["features"].items())
        why = "; ".join(one["why"])
        rows.append((one["event_id"], one["user_id"], str(one["amount"]), *sides, why, features[:200]))
    return rows


def html(title: str, notes: Sequence[str], diff: Diff) -> str:
    """The page."""
    parts = [page.paragraph(note) for note in notes]
    parts.append(page.paragraph(f"Compared: {diff.as_document()['compares']}.", is_note=True))
    if diff.same:
        return page.page(title, [*parts, page.paragraph("Every decision is the same.")])
    changes = [(str(flip), float(count)) for flip, count in diff.flips.most_common()]
    sums = ((name, float(sum(counts.values()))) for name, counts in diff.by_rule.items())
    rules = [(name, total) for name, total in sums if total]
    parts += [
        page.heading("Decisions"),
        page.bars("Decisions that changed", changes),
        page.table(FLIP_COLUMNS, flip_rows(diff)),
        page.heading("Rules"),
        page.bars("Events by rule", sorted(rules, key=lambda item: -item[1])),
        page.table(RULE_COLUMNS, rule_rows(diff)),
        page.heading("Why"),
        page.table(CAUSE_COLUMNS, cause_rows(diff)),
        page.heading(f"Examples ({len(diff.examples)})"),
        page.table(EXAMPLE_COLUMNS, example_rows(diff)),
    ]
    return page.page(title, parts)
