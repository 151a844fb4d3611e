"""`fraudctl chaos`: break a part of the running stack while events flow, and see that nothing is lost."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, cast

import typer

from fraudctl import engines
from fraudctl.chaos import elsewhere, experiment, guardian, ledger
from fraudctl.chaos import reading as faults
from fraudctl.commands import _options
from fraudctl.commands._app import App
from fraudctl.console.result import Result, Table
from fraudctl.console.streams import say
from fraudctl.engines import nearby
from fraudctl.errors import UsageError
from fraudctl.home import stack
from fraudctl.settings import moment, shipped
from fraudctl.traffic import generator, scenario, simulate

if TYPE_CHECKING:
    from fraudctl.chaos.experiment import Findings, Order
    from fraudctl.chaos.fault import Fault

_TAIL_MS = 20_000
"""How long traffic goes on after the fault, unless --duration says otherwise."""


def register(app: typer.Typer) -> None:
    noun = App(help="Break something on purpose and prove that nothing is lost.")
    noun.command("list")(list_)
    noun.command("run")(run)
    noun.command("undo")(undo)
    app.add_typer(noun, name="chaos")


def _complete_faults(incomplete: str) -> list[str]:
    return [name for name in faults.names(faults.folder()) if name.startswith(incomplete)]


def list_() -> Result:
    """List the faults there are, and what is still on.

    Example: fraudctl chaos list
    """
    found = [faults.find(name, faults.folder()) for name in faults.names(faults.folder())]
    on = ledger.entries(stack.home_dir())
    rows = [(one.name, one.description, _lasts(one)) for one in found]
    tables = [Table("Faults", ("name", "what happens", "lasts"), rows)]
    if on:
        left = [(one.fault, "by a command that runs" if one.is_kept_up else "left behind") for one in on]
        tables.append(Table("On at this moment", ("fault", "kept up"), left))
    data = {
        "faults": [_document(one) for one in found],
        "on": [{"fault": e.fault, "began_ms": e.began_ms, "kept_up": e.is_kept_up} for e in on],
    }
    words = f"{len(on)} still on; undo with: fraudctl chaos undo" if on else "nothing is on"
    return Result(f"{words}; run one with: fraudctl chaos run NAME", data, tables=tuple(tables))


def undo() -> Result:
    """Undo every fault that is still on, whoever made it.

    Example: fraudctl chaos undo
    """
    done = ledger.undo_all(engines.current(), guardian.undo, also_kept_up=True)
    return Result(f"undone: {', '.join(done)}" if done else "nothing was on", {"undone": done})


def run(
    name: Annotated[
        str,
        typer.Argument(metavar="FAULT", help="A shipped fault or a file.", autocompletion=_complete_faults),
    ],
    during: Annotated[str, typer.Option("--during", help="What runs meanwhile: simulate.")] = "simulate",
    attack: _options.Attack = "ip-burst",
    rate: Annotated[float, typer.Option("--rate", help="Events a second.")] = 200.0,
    duration: Annotated[
        str | None, typer.Option("--duration", help="How long to send (default: until 20 s after the fault).")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Of the traffic.")] = 7,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Producers to send with.")] = 1,
    after: Annotated[str, typer.Option("--after", help="When the fault strikes.")] = "5s",
    lasts: Annotated[
        str | None, typer.Option("--for", help="How long it lasts, instead of its own time.")
    ] = None,
    on: Annotated[
        str | None, typer.Option("--on", help="The program it strikes, instead of its own target.")
    ] = None,
    patience: Annotated[str, typer.Option("--patience", help="Wait that long for quiet.")] = "120s",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")] = False,
) -> Result:
    """Let one fault happen while events flow, wait for quiet, compare every store with the log.

    Exit code 5 when something is lost, differs or does not catch up. What was broken is undone at the end,
    on Ctrl-C, and when this command dies.

    Example: fraudctl chaos run kill-taskmanager --during simulate --attack ip-burst --rate 500
    """
    if during != "simulate":
        raise UsageError(
            f"--during {during!r}: only simulate can run meanwhile", hint="try --during simulate"
        )
    _options.refuse_rate(rate)
    chosen = _chosen(name, on, lasts)
    after_ms = moment.length_ms("--after", after, 0)
    length_ms = after_ms + chosen.lasts_ms + _TAIL_MS
    if duration is not None:
        length_ms = moment.length_ms("--duration", duration)
    patience_ms = moment.length_ms("--patience", patience, 0)
    scene = scenario.find(attack, shipped.data_dir("scenarios"))
    traffic_run = generator.Run(scene, seed, simulate.start_ms(None), rate, length_ms)
    order = experiment.Order(chosen, traffic_run, workers, after_ms, patience_ms / 1000)
    if dry_run:
        return Result("; ".join(order.plan()), {"fault": _document(chosen), "plan": order.plan()})
    running = engines.current()
    for number, sentence in enumerate(order.plan(), 1):
        say(f"{number}. {sentence}")
    if (engine := nearby.needed(running)) is not None:
        sending = _simulate(attack, order, patience)
        striking = cast("elsewhere.Striking", engine)
        return _of_elsewhere(chosen, elsewhere.run(striking, running, chosen, sending, after_ms / 1_000))
    return _result(experiment.run(running, order))


def _chosen(name: str, on: str | None, lasts: str | None) -> Fault:
    """The fault of that name, at that program and for that time where these are said."""
    found = faults.find(name, faults.folder())
    if on is not None:
        found = faults.aimed(found, on)
    return found if lasts is None else found.lasting(moment.length_ms("--for", lasts))


def _simulate(attack: str, order: Order, patience: str) -> list[str]:
    """The command that sends the same traffic somewhere else."""
    told = {
        "--attack": attack,
        "--rate": f"{order.run.rate:g}",
        "--duration": f"{order.run.duration_ms}ms",
        "--seed": str(order.run.seed),
        "--workers": str(order.workers),
        "--patience": patience,
    }
    return ["simulate", *(word for option in told.items() for word in option), "--json"]


def _of_elsewhere(fault: Fault, found: elsewhere.Borne) -> Result:
    data: dict[str, object] = {
        "fault": _document(fault),
        "outage_s": found.outage_s,
        "traffic": found.traffic,
        "verify": found.verified,
        "checks": [asdict(one) for one in found.checks],
    }
    marks = [("yes" if c.holds else "NO", c.what, c.detail) for c in found.checks]
    failed = [check.what for check in found.checks if not check.holds]
    words = f"does not hold: {'; '.join(failed)}" if failed else "borne, nothing was lost"
    said = f"{fault.name}, back after {found.outage_s:g} s: {words}"
    return Result(
        said, data, 5 if failed else 0, (Table("What must hold", ("holds", "what", "figures"), marks),)
    )


def _result(found: Findings) -> Result:
    order, card = found.order, found.card
    data: dict[str, object] = {
        "fault": _document(order.fault),
        "plan": order.plan(),
        "run": order.run.name,
        "outage_s": found.outage_s,
        "behind": {name: trail.as_document() for name, trail in found.trails.items()},
        "traffic": card.as_document(),
        "log": {name: getattr(found.log, name) for name in ("decided", "repeats", "contradictions")},
        "verify": found.report.as_document(),
        "notifications": found.told,
        "checks": [{"what": c.what, "holds": c.holds, "detail": c.detail} for c in found.checks],
    }
    marks = [("yes" if c.holds else "NO", c.what, c.detail) for c in found.checks]
    lags = [
        (
            name,
            f"{trail.worst_s:g}",
            f"{trail.during_s:g}",
            "still behind" if trail.caught_up_s is None else f"{trail.caught_up_s:g}",
        )
        for name, trail in found.trails.items()
    ]
    tables = (
        Table("What must hold", ("holds", "what", "figures"), marks),
        Table("Behind", ("who", "seconds at worst", "while it was on", "caught up, seconds after"), lags),
    )
    failed = [check.what for check in found.checks if not check.holds]
    on = "" if found.outage_s is None else f", on for {found.outage_s:g} s"
    words = f"does not hold: {'; '.join(failed)}" if failed else "borne, nothing was lost"
    return Result(f"{order.fault.name}{on}: {words}", data, 5 if failed else 0, tables)


def _document(one: Fault) -> dict[str, object]:
    return {"name": one.name, "description": one.description, "means": one.means, **one.settings}


def _lasts(one: Fault) -> str:
    return f"{one.lasts_ms / 1000:g} s" if one.lasts_ms else ""
