"""`fraudctl top`: the stack as it goes, in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.console import options, screen
from fraudctl.console.result import Result, Table
from fraudctl.errors import Failed
from fraudctl.views import lines, terminal, watcher
from pipeline.records.visible import visible

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.views.watcher import View

KEPT_S = 120.0
PATIENCE_S = 60.0


def register(app: typer.Typer) -> None:
    app.command("top")(top)


def top(
    once: Annotated[bool, typer.Option("--once", help="Look for two seconds, print it, and end.")] = False,
) -> Result:
    """Watch the stack live: rates, delays, lag, job, partitions and the newest alerts.

    Without a terminal, and with --json, it is as with --once.

    Example: fraudctl top
    """
    stack = engines.current()
    if once or options.current().json or not screen.is_there():
        return _snapshot(stack)
    terminal.run(stack, watcher.of(stack, KEPT_S))
    return Result("")


def _snapshot(stack: Stack) -> Result:
    """Rates need two looks."""
    watching = watcher.of(stack, KEPT_S)
    watching.start()
    view = watching.newest(after=1, patience_s=PATIENCE_S)
    watching.stop()
    if view is None:
        raise Failed(f"the stack was not seen twice within {PATIENCE_S:g} s", hint="see: fraudctl status")
    return Result("", view.document(), tables=_tables(view))


def _tables(view: View) -> tuple[Table, ...]:
    pulse = view.pulse
    figures = [
        ("events/s", lines.figure(pulse.events_s)),
        ("decisions/s", lines.figure(pulse.decisions_s)),
        ("flagged", lines.percent(pulse.flagged)),
        ("p50 to decision", lines.seconds(pulse.p50_s)),
        ("p99 to decision", lines.seconds(pulse.p99_s)),
        ("job", lines.job_words(pulse)),
        ("checkpoints", lines.checkpoint_words(pulse)),
        ("stopped", lines.stopped(pulse)),
    ]
    lags = [(name, f"{lag:,}") for name, lag in sorted(pulse.lag.items())]
    parts = [(p.number, lines.figure(p.events_s), lines.count(p.lag)) for p in pulse.partitions]
    alerts = [
        (a.decided_at, a.decision, a.score, visible(a.user_id), visible(a.event_id), visible(a.why))
        for a in view.alerts
    ]
    found = (
        Table("", ("figure", "value"), figures),
        Table("", ("consumer", "records behind"), lags),
        Table("", ("partition", "events/s", "job behind"), parts),
        Table("Newest alerts", ("decided", "decision", "score", "user", "event", "why"), alerts),
    )
    return tuple(table for table in found if table.rows)
