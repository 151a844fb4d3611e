"""`fraudctl verify`: does every store tell the same story as the log?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl import engines
from fraudctl import verify as checking
from fraudctl.commands import _asking, _completion, _nearby
from fraudctl.commands._app import App
from fraudctl.console.progress import Progress, progress
from fraudctl.console.result import Result, Table
from fraudctl.engines import workers
from fraudctl.errors import Difference, UsageError
from fraudctl.home import verification
from fraudctl.kafka import forgotten
from fraudctl.settings import moment
from pipeline.records import clock

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.verify import Config, Mended, Report

_SHOWN_FIELDS = 3


def register(app: typer.Typer) -> None:
    noun = App(help="Prove that every store agrees with the decisions log.")
    noun.callback()(lambda: None)
    noun.command("sinks")(sinks)
    app.add_typer(noun, name="verify")


def sinks(
    sink: Annotated[
        list[str] | None,
        typer.Option("--sink", help="Only this sink; repeatable.", autocompletion=_completion.sinks),
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option("--from", metavar="TIME", help="Only decisions logged from then on: a time or an age."),
    ] = None,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="TIME", help="Only decisions logged before then: a time or an age."),
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Mend what differs, from the log.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="With --repair: only say what would be done.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --repair: delete without asking.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Show so many differences.")] = 20,
) -> Result:
    """Compare every store with the decisions log; exit 5 when one differs without a reason.

    Example: fraudctl verify sinks --repair --dry-run
    """
    if dry_run and not repair:
        raise UsageError("--dry-run goes with --repair", hint="run: fraudctl verify sinks --repair --dry-run")
    running = engines.current()
    if (there := _nearby.answer(running)) is not None:
        return there
    configs = _configs(running, sink)
    log = checking.KafkaLog(running.kafka, running.profile.topics.decisions, forgotten.of(running))
    bars = _Bars()
    span = checking.Span(moment.of_option("--from", from_), moment.of_option("--to", to))
    with checking.Verification(log, configs, running.home / "verify", span, tell=bars.tell) as checked:
        with bars.shown("verifying"):
            report = _noted(running, checked.check())
        if not repair or report.is_clean:
            return _result(report, limit)
        if dry_run:
            return _dry(report, limit)
        _ask(report, yes)  # between two bars: a question does not go with a moving one
        with bars.shown("repairing"):
            mended = checked.repair()
            after = _noted(running, checked.check())
        return _repaired(report, mended, after, limit)


def _noted(running: Stack, report: Report) -> Report:
    """The same, kept for who watches."""
    faults = {name: one.faults for name, one in report.sinks.items()}
    verification.keep(running.home, verification.Outcome(clock.now_ms(), faults))
    return report


class _Bars:
    """Passes on what verification tells to the bar that is shown."""

    def __init__(self) -> None:
        self._bar = Progress()

    def tell(self, done: float, total: float, what: str) -> None:
        self._bar.update(done / total if total else 1.0, what if total else f"{what}: {done:g}")

    @contextmanager
    def shown(self, label: str) -> Iterator[None]:
        with progress(label, 1.0) as self._bar:
            yield


def _configs(running: Stack, asked: list[str] | None) -> list[Config]:
    there = workers.sinks(running)
    unknown = sorted(set(asked or ()) - set(there))
    if unknown:
        raise UsageError(
            f"this stack has no sink {', '.join(unknown)}",
            hint=f"its sinks are: {', '.join(there) or 'none'}",
        )
    return [workers.writer(running, name) for name in asked or there]


def _ask(report: Report, yes: bool) -> None:
    doomed = {name: one.classes.get(checking.Kind.EXTRA, 0) for name, one in report.sinks.items()}
    total = sum(doomed.values())
    if yes or not total:
        return
    where = ", ".join(f"{count} from {name}" for name, count in doomed.items() if count)
    refusal = Difference(
        f"repair would delete {where}, and nobody can be asked",
        hint="look with --repair --dry-run, then run it with --yes",
        code="needs_yes",
    )
    _asking.confirm(f"Delete {where}? The log does not have them.", refusal)


def _dry(report: Report, limit: int) -> Result:
    would = _would(report)
    found = _result(report, limit)
    text = ", ".join(f"{what} {count}" for what, count in would.items())
    return Result(
        f"{found.summary}; repair would {text}", {**_mapping(found), "would": would}, 5, found.tables
    )


def _would(report: Report) -> dict[str, int]:
    delete = sum(one.classes.get(checking.Kind.EXTRA, 0) for one in report.sinks.values())
    every = sum(one.classes.get(kind, 0) for one in report.sinks.values() for kind in checking.FAULTS)
    return {"rewrite": every - delete, "delete": delete}


def _repaired(before: Report, mended: Mended, after: Report, limit: int) -> Result:
    found = _result(after, limit)
    repaired = {"mended": before.faults, "refused": list(mended.refused)}
    return Result(
        f"mended {before.faults} differences; now: {found.summary}",
        {**_mapping(found), "repair": repaired, "before": before.as_document()},
        found.exit_code,
        found.tables,
    )


def _mapping(found: Result) -> Mapping[str, Any]:
    assert isinstance(found.data, Mapping)
    return found.data


def _result(report: Report, limit: int) -> Result:
    seen = [kind for kind in checking.Kind if any(one.classes.get(kind) for one in report.sinks.values())]
    rows = [
        (name, one.expected, one.held, one.equal, *(one.classes.get(kind, 0) for kind in seen))
        for name, one in report.sinks.items()
    ]
    columns = ("sink", "expected", "held", "equal", *(str(kind).replace("_", " ") for kind in seen))
    tables = [Table("", columns, rows)]
    if report.shown and limit:
        tables.append(_differences(report, limit))
    words = "no unexplained difference" if report.is_clean else f"{report.faults} differences"
    summary = f"{report.decisions} decisions over {len(report.sinks)} stores: {words}, {report.seconds:.1f} s"
    if report.shown:
        summary += f"; all are named in {report.file}"
    shown = report.shown[:limit] if limit else []
    document = report.as_document() | {"differences": [one.as_document() for one in shown]}
    return Result(summary, document, 0 if report.is_clean else 5, tuple(tables))


def _differences(report: Report, limit: int) -> Table:
    # faults before what has a reason; the file holds them all
    order = sorted(report.shown, key=lambda one: one.kind not in checking.FAULTS)[:limit]
    rows = []
    for one in order:
        what = "; ".join(
            f"{name}: {held} is {said} in the log" for name, held, said in one.fields[:_SHOWN_FIELDS]
        )
        more = len(one.fields) - _SHOWN_FIELDS
        text = what + (f" and {more} more" if more > 0 else "") if what else checking.MEANING[one.kind]
        rows.append((one.sink, str(one.kind).replace("_", " "), *one.identity, text))
    return Table("", ("sink", "class", "user", "event", "what"), rows)
