"""`fraudctl backtest`: a rule set against a recorded file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl.commands import _completion
from fraudctl.compare import backtest as backtests
from fraudctl.compare import backtest_page
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.home import rulesets, stack
from fraudctl.jobs import submission
from fraudctl.settings import reading
from fraudctl.traffic import formats, rows
from pipeline.records import events

if TYPE_CHECKING:
    from fraudctl.compare.backtest import Backtest


def register(app: typer.Typer) -> None:
    app.command("backtest")(backtest)


def backtest(
    file: Annotated[Path, typer.Argument(help="JSON lines, CSV or Parquet, plain or gzipped.")],
    rules: Annotated[
        str,
        typer.Option(
            "--rules",
            help="A file, a shipped one, a version or a hash.",
            autocompletion=_completion.rule_sets,
        ),
    ] = "default",
    labels: Annotated[
        Path | None, typer.Option("--labels", help="A file of event_id, label and perhaps label_time.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="FIELD=COLUMN", help="Take a field from that column; repeatable."),
    ] = None,
    label: Annotated[
        str, typer.Option("--label", metavar="COLUMN", help="The column that tells fraud (1) from legit (0).")
    ] = "label",
    budget: Annotated[
        str | None, typer.Option("--budget", help="Alerts that can be worked on, such as 400/month.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="Judge by what was known at that time.")
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML page with charts.")] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Whose settings count.", autocompletion=_completion.profiles)
    ] = "default",
) -> Result:
    """Score a recorded file and compare with its labels, without a stack.

    Example: fraudctl backtest payments.jsonl.gz --rules my-rules.yaml --budget 400/month --report out.html
    """
    formats.check_readable(file)
    order = backtests.Order(
        file,
        rows.Mapped(rows.mapping(mapping or []), label),
        rulesets.find(rules, stack.home_dir())[0],
        submission.plan_settings(reading.load(profile, {}, os.environ)),
        labels,
        None if as_of is None else _time(as_of),
        None if budget is None else backtests.budget_per_month(budget),
    )
    with progress(f"backtest of {file.name}") as shown:
        found = backtests.run(order, shown)
    return _answer(file, found, report)


def _time(text: str) -> int:
    try:
        return events.parse_time(text)
    except events.Refusal as refusal:
        raise UsageError(f"--as-of {text}: {refusal.detail}", hint="write 2026-01-31T00:00:00Z") from None


def _answer(file: Path, found: Backtest, report: Path | None) -> Result:
    assert found.total is not None
    rules = backtest_page.rule_rows(found.fired, found.alone)
    title = f"{found.ruleset.version} ({found.ruleset.hash[:12]}) on {file.name}"
    notes = _notes(found)
    tables = (
        Table("", ("", ""), backtest_page.figures(found.total)),
        Table("Rules", backtest_page.RULE_COLUMNS, rules),
        Table("Thresholds", ("flag from", "alerts", "a month", "precision", "recall"), _levels(found)),
    )
    data = {"file": str(file)} | found.as_document() | {"report": None if report is None else str(report)}
    if report is not None:
        page = backtest_page.html(title, notes, found.total, found.levels, rules, found.budget_per_month)
        report.write_text(page, encoding="utf-8")
        notes = [*notes, f"charts: {report}"]
    exit_code = 0 if found.outcomes else 1
    return Result(f"{title}: " + "; ".join(notes), data, exit_code, tables)


def _notes(found: Backtest) -> list[str]:
    notes = [f"{len(found.outcomes)} events in {found.seconds:.1f} s"]
    counts = {
        "rows refused": len(found.refused), "duplicates": found.duplicates, "late": found.late,
        "saturated": found.saturated, "labels not yet known": found.pending,
        "events after the day": found.after,
    }  # fmt: skip
    notes += [f"{count} {name}" for name, count in counts.items() if count]
    notes += [f"the plug-in of {name} failed on {n} events" for name, n in found.plugin_errors.items()]
    if all(one.fraud is None for one in found.outcomes):
        notes.append("no labels, so nothing is said of precision and recall")
    if found.budget_per_month is not None:
        chosen = found.chosen
        notes.append(
            f"{found.budget_per_month:,.0f} alerts a month: flag from {chosen.threshold} on"
            if chosen
            else f"no threshold stays within {found.budget_per_month:,.0f} alerts a month"
        )
    return notes


def _levels(found: Backtest) -> list[tuple[object, ...]]:
    """The thresholds at which something changes, and the two of the rule set."""
    kept: list[tuple[object, ...]] = []
    limits = found.ruleset.thresholds
    for number, level in enumerate(found.levels):
        following = found.levels[number + 1].alerts if number + 1 < len(found.levels) else 0
        if level.alerts != following or level.threshold in (limits.review, limits.block):
            rate = "-" if level.alerts_per_month is None else f"{level.alerts_per_month:,.1f}"
            name = {limits.review: " review", limits.block: " block"}.get(level.threshold, "")
            kept.append(
                (f"{level.threshold}{name}", level.alerts, rate, str(level.precision), str(level.recall))
            )
    return kept
