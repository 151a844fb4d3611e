"""The overview of a stack in lines of a terminal, 80 columns or more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Final

from fraudctl.console.screen import Line, Span
from fraudctl.console.tables import Table
from fraudctl.views.pulse import Pulse
from fraudctl.views.watcher import View
from pipeline.records.flagged import Flagged
from pipeline.records.visible import visible

KEYS: Final = "up/down choose   enter explain   q quit"
_WIDTH: Final = 80
_TITLE: Final = "fraudctl top"
_BLOCKS: Final = "▁▂▃▄▅▆▇█"
_HEAD: Final = 12
_SPARK: Final = 14
_FIGURE: Final = 11
_GAP: Final = "   "
_PARTITIONS: Final = 9
_STYLES: Final = {"block": "bold red", "review": "yellow"}
LATE_LOOK_S: Final = 10
_CELL, _CELL_LINES = 300, 6


def overview(name: str, view: View, chosen: int, now_s: float, height: int = 24) -> list[Line]:
    """Everything at a glance; `chosen` is the alert that is pointed at, -1 for none."""
    pulse, past = view.pulse, view.past
    events = _pair(figure(pulse.events_s), [p.events_s for p in past])
    decisions = _pair(figure(pulse.decisions_s), [p.decisions_s for p in past])
    flagged = _pair(percent(pulse.flagged), [p.flagged for p in past])
    p99 = _pair(seconds(pulse.p99_s), [p.p99_s for p in past])
    rates = _row("events/s", events, "decisions/s", decisions)
    verdicts = _row("flagged", flagged, "p99", p99)
    lines: list[Line] = [*_heading(name, pulse, now_s), [], rates, verdicts]
    lines += [_line("p50", seconds(pulse.p50_s)), _line("job", *_job(pulse))]
    lines += [*_behind(pulse), *_partitions(pulse), _line("verified", _verified(pulse, now_s))]
    return [*lines, [], *_alerts(view, chosen, max(3, height - len(lines) - 4)), [], [(KEYS, "dim")]]


def sparkline(values: Iterable[float | None], width: int = _SPARK) -> str:
    """The last values as blocks, the highest as the whole height; what is not known is a blank."""
    shown = list(values)[-width:]
    top = max((value for value in shown if value is not None), default=0.0)
    return "".join(" " if one is None else _BLOCKS[round(one / top * 7) if top else 0] for one in shown)


def figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if value >= 10 else f"{value:.1f}"


def count(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.2f} %"


def seconds(value: float | None) -> str:
    """A time for reading: `85 ms`, `2.5 s`, `3 min`, `5 h`."""
    if value is None:
        return "-"
    if value < 1:
        return f"{1000 * value:.0f} ms"
    if value < 120:
        return f"{value:.1f} s" if value < 10 else f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.0f} h"


def brief(table: Table) -> Table:
    """The same with no cell longer than a few lines; where it is shown, strangers' text is made visible."""
    rows = [tuple(_brief("" if cell is None else str(cell)) for cell in row) for row in table.rows]
    return Table(table.title, table.columns, rows)


def _brief(text: str) -> str:
    kept = "\n".join(text.split("\n")[:_CELL_LINES])[:_CELL]
    return kept if kept == text else f"{kept}…"


def job_words(pulse: Pulse) -> str:
    """How the job is, in words."""
    if pulse.job_running is None:
        return "not known"
    if pulse.job_running:
        return "running"
    return "NOT RUNNING" if pulse.job_wanted else "stopped, as wanted"


def checkpoint_words(pulse: Pulse) -> str:
    """How its checkpoints are."""
    if pulse.checkpoint_took_s is None:
        return "no checkpoint yet" if pulse.job_running else ""
    size = "" if pulse.checkpoint_bytes is None else f", {pulse.checkpoint_bytes / 1e6:,.1f} MB"
    took, age = seconds(pulse.checkpoint_took_s), seconds(pulse.checkpoint_age_s)
    return f"checkpoint {age} ago, took {took}{size}, {pulse.failed_checkpoints or 0} failed"


def stopped(pulse: Pulse) -> str:
    """The programs that should run and do not."""
    return "not known" if pulse.stopped is None else ", ".join(pulse.stopped) or "none"


def is_old(pulse: Pulse, now_s: float) -> bool:
    """So old that its age is worth a line."""
    return now_s - pulse.at_s > LATE_LOOK_S


def _heading(name: str, pulse: Pulse, now_s: float) -> list[Line]:
    """What is wrong stands in the first line; programs that are too many for it in lines below."""
    clock = datetime.fromtimestamp(pulse.at_s, UTC).strftime("%H:%M:%S UTC")
    which = f"   {visible(name, 24)}   {clock}   "
    told, below = _programs(pulse, _WIDTH - len(_TITLE) - len(which))
    if is_old(pulse, now_s):
        told = (f"no news for {seconds(now_s - pulse.at_s)}", "bold red")
    return [[(_TITLE, "bold"), (which, ""), told], *below]


def _programs(pulse: Pulse, room: int) -> tuple[Span, list[Line]]:
    """Whether all run, in so many characters, and the names of those that do not, where they are too long."""
    if not pulse.stopped:
        none = pulse.stopped is None
        return (("programs not known", "dim") if none else ("every program runs", "green")), []
    if len(said := f"stopped: {', '.join(pulse.stopped)}") <= room:
        return (said, "bold red"), []
    return (f"{len(pulse.stopped)} are stopped", "bold red"), _listed("stopped", pulse.stopped, "bold red")


def _row(*cells: str | Span) -> Line:
    """Heads and figures in turn."""
    return [(f"{cell:{_HEAD}}", "dim") if isinstance(cell, str) else cell for cell in cells]


def _pair(value: str, past: Sequence[float | None]) -> Span:
    return (f"{value:>{_FIGURE}} {sparkline(past):{_SPARK}}  ", "")


def _line(head: str, text: str, style: str = "") -> Line:
    return [(f"{head:{_HEAD}}", "dim"), (text, style)]


def _job(pulse: Pulse) -> tuple[str, str]:
    words = ", ".join(filter(None, (job_words(pulse), checkpoint_words(pulse))))
    return words, "bold red" if pulse.job_wanted and not pulse.job_running else ""


def _behind(pulse: Pulse) -> list[Line]:
    """Records by consumer, in as many lines as they need."""
    cells = [f"{name} {lag:,}" for name, lag in sorted(pulse.lag.items())]
    return _listed("behind", cells or ["not known"])


def _listed(head: str, cells: Iterable[str], style: str = "") -> list[Line]:
    """All of them, in as many lines as they need."""
    rows: list[str] = []
    for cell in cells:
        if rows and _HEAD + len(rows[-1]) + len(_GAP) + len(cell) <= _WIDTH:
            rows[-1] += _GAP + cell
        else:
            rows.append(cell)
    return [_line("" if number else head, row, style) for number, row in enumerate(rows)]


def _partitions(pulse: Pulse) -> list[Line]:
    """Three in a line, nine at most; of more, how many are left out."""
    cells = [f"{p.number}: {figure(p.events_s)}/s, {count(p.lag)}" for p in pulse.partitions]
    if len(cells) > _PARTITIONS:
        cells[_PARTITIONS - 1 :] = [f"and {len(cells) - _PARTITIONS + 1} more"]
    rows = ["".join(f"{cell:22}" for cell in cells[at : at + 3]) for at in range(0, len(cells), 3)]
    return [_line("" if number else "partitions", row) for number, row in enumerate(rows)]


def _verified(pulse: Pulse, now_s: float) -> str:
    if pulse.verified_s is None:
        return "never; run: fraudctl verify sinks"
    faults = sum(pulse.verified_faults.values())
    return f"{seconds(now_s - pulse.verified_s)} ago, {faults or 'no'} differences"


def _alerts(view: View, chosen: int, room: int) -> list[Line]:
    if view.trouble:
        return [_line("alerts", visible(view.trouble), "red")]
    if not view.alerts:
        return [_line("alerts", "none")]
    first = max(0, chosen - room + 1)
    shown = list(enumerate(view.alerts))[first : first + room]
    return [[("newest alerts", "dim")], *(_alert(one, number == chosen) for number, one in shown)]


def _alert(one: Flagged, is_chosen: bool) -> Line:
    who = f"{visible(one.user_id, 12):12} {visible(one.event_id, 14):14}"
    words = f" {one.score:>3} {who} {visible(one.why, 200)}"
    mark: Span = ("> ", "bold") if is_chosen else ("  ", "")
    clock, verdict = (one.decided_at[11:19], ""), (f" {one.decision:6}", _STYLES.get(one.decision, ""))
    return [mark, clock, verdict, (words, "bold" if is_chosen else "")]
