"""`fraudctl backtest`: a rule set against a recorded file."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl.commands import _completion, _reading
from fraudctl.compare import backtest as backtests
from fraudctl.compare import backtest_page, paired_page
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.files import options, refusals, to_mend
from fraudctl.home import rulesets, stack
from fraudctl.jobs import submission
from fraudctl.settings import reading as settings
from pipeline.records import quantities

if TYPE_CHECKING:
    from fraudctl.compare.backtest import Backtest


class Engine(StrEnum):
    """What computes features: the kernel of the job, or their readable definition in Python."""

    KERNEL = "kernel"
    REFERENCE = "reference"


def register(app: typer.Typer) -> None:
    app.command("backtest")(backtest)


@_reading.with_reading_options
def backtest(
    files: _reading.Files,
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
    compare: Annotated[
        tuple[str, str] | None,
        typer.Option("--compare", metavar="A B", help="Two rule sets on the same rows, instead of --rules."),
    ] = None,
    budget: Annotated[
        str | None, typer.Option("--budget", help="Alerts that can be worked on, such as 400/month.")
    ] = None,
    as_of: Annotated[
        str | None, typer.Option("--as-of", metavar="TIME", help="Judge by what was known at that time.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Judge events from that time on; those before warm up."),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Judge events before that time only.")
    ] = None,
    engine: Annotated[
        Engine | None,
        typer.Option("--engine", help="What computes features; without it the quicker one for the file."),
    ] = None,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML page with charts.")] = None,
    profile: Annotated[
        str, typer.Option("--profile", help="Whose settings count.", autocompletion=_completion.profiles)
    ] = "default",
    refused: _reading.Refused = None,
    mend: _reading.ToMend = None,
    max_refused: _reading.MaxRefused = None,
    future: _reading.Future = False,
    *,
    reading: options.ReadOptions,
) -> Result:
    """Score a recorded file and compare with its labels, without a stack.

    With --compare, which shows two rule sets side by side with intervals of the difference, only the
    figures of both are shown.

    Example: fraudctl backtest payments.jsonl.gz --rules my-rules.yaml --budget 400/month --report out.html
    """
    if mend is not None:
        to_mend.check(mend)
    order = backtests.Order(
        files,
        reading,
        rulesets.find(compare[0] if compare else rules, stack.home_dir())[0],
        submission.plan_settings(settings.load(profile, {}, os.environ)),
        labels,
        None if as_of is None else _time("--as-of", as_of),
        None if budget is None else backtests.budget_per_month(budget),
        refused,
        refusals.limit(max_refused),
        None if since is None else _time("--from", since),
        None if until is None else _time("--to", until),
        _reading.until_ms(future),
        engine=None if engine is None else backtests.Engine(engine.value),
        to_mend=mend,
    )
    if compare and (report is not None or budget is not None):
        hint = "backtest the rule sets one by one for charts and budgets"
        raise UsageError("--compare knows no --report and no --budget", hint=hint)
    with progress(f"backtest of {files[0].name}") as shown:
        if compare:
            other = rulesets.find(compare[1], stack.home_dir())[0]
            first, second = (backtests.run(one, shown) for one in order.against(other))
            return _compared(files, first, second)
        found = backtests.run(order, shown)
    return _answer(files, found, report)


def _compared(files: list[Path], first: Backtest, second: Backtest) -> Result:
    found = paired_page.beside(first, second)
    names = ", ".join(file.name for file in files[:3])
    title = f"{paired_page.name_of(first)} and {paired_page.name_of(second)} on {names}"
    data = {"file": ", ".join(map(str, files))} | paired_page.document(first, second, found)
    tables = (*paired_page.tables(first, second, found), *first.refused.tables(), *first.truths.tables())
    exit_code = 0 if first.outcomes and not first.too_many_refused else 1
    return Result(f"{title}: {'; '.join(_notes(first))}", data, exit_code, tables)


def _time(option: str, text: str) -> int:
    try:
        return quantities.parse_time(text)
    except quantities.Refusal as refusal:
        raise UsageError(f"{option} {text}: {refusal.detail}", hint="write 2026-01-31T00:00:00Z") from None


def _answer(files: list[Path], found: Backtest, report: Path | None) -> Result:
    assert found.total is not None
    rules = backtest_page.rule_rows(found.fired, found.alone)
    names = ", ".join(file.name for file in files[:3])
    title = f"{found.ruleset.version} ({found.ruleset.hash[:12]}) on {names}"
    notes = _notes(found)
    tables = (
        Table("", ("", ""), backtest_page.figures(found.total)),
        Table("Rules", backtest_page.RULE_COLUMNS, rules),
        Table("Thresholds", ("flag from", "alerts", "a month", "precision", "recall"), _levels(found)),
        *found.refused.tables(),
        *found.truths.tables(),
        *found.truths.refused.tables("Refused labels"),
    )
    data = (
        {"file": ", ".join(map(str, files))}
        | found.as_document()
        | {"report": None if report is None else str(report)}
    )
    if report is not None:
        page = backtest_page.html(title, notes, found.total, found.levels, rules, found.budget_per_month)
        report.write_text(page, encoding="utf-8")
        notes = [*notes, f"charts: {report}"]
    exit_code = 0 if found.outcomes and not found.too_many_refused else 1
    return Result(f"{title}: " + "; ".join(notes), data, exit_code, tables)


def _notes(found: Backtest) -> list[str]:
    notes = [f"{len(found.outcomes)} events in {found.seconds:.1f} s"]
    counts = {
        "rows refused": len(found.refused),
        "duplicates": found.duplicates,
        "ids used again": found.reused_ids,
        "late": found.late,
        "saturated": found.saturated,
        "labels not yet known": found.pending,
        "events after the day": found.after,
        "events outside --from and --to": found.outside,
        f"events in another currency than {found.ruleset.currency}": found.foreign,
    }
    notes += [f"{count} {name}" for name, count in counts.items() if count]
    if found.too_many_refused:
        notes.append("more rows refused than --max-refused")
    if found.moved:
        notes.append(f"{found.moved} rows moved into the order of time")
    truths = found.truths
    if truths.matched < truths.given:
        notes.append(f"{truths.matched} of {truths.given} labels match an event")
    if len(truths.refused):
        notes.append(f"{len(truths.refused)} labels refused")
    if truths.contradictory:
        notes.append(f"{truths.contradictory} events have labels that contradict each other at the same time")
    if truths.early:
        notes.append(f"{truths.early} events have a label that was known before they were")
    notes += [*found.notes, *found.refused.notes()]
    notes += [f"the plug-in of {name} failed on {n} events" for name, n in found.plugin_errors.items()]
    if not found.known["fraud"] + found.known["legit"]:
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
