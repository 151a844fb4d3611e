"""`fraudctl simulate`: a scenario's traffic through the live pipeline, and how well it was judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _nearby, _options
from fraudctl.console.result import Result
from fraudctl.console.streams import say
from fraudctl.jobs import live
from fraudctl.settings import moment, shipped
from fraudctl.traffic import generator, scenario
from fraudctl.traffic import simulate as simulation


def register(app: typer.Typer) -> None:
    app.command("simulate")(simulate)


def simulate(
    attack: _options.Attack = "normal",
    rate: Annotated[float, typer.Option("--rate", help="Events a second, the attack's included.")] = 200.0,
    duration: Annotated[str, typer.Option("--duration", help="How long to send, such as 30s or 5m.")] = "30s",
    seed: Annotated[int, typer.Option("--seed", help="Same seed and start time: the same bytes.")] = 7,
    workers: Annotated[int, typer.Option("--workers", min=1, max=64, help="Producers to send with.")] = 1,
    background: Annotated[
        bool, typer.Option("--background/--no-background", help="Normal traffic around the attack.")
    ] = True,
    start_time: Annotated[
        str | None, typer.Option("--start-time", help="Time of the first event, ISO 8601 with a zone.")
    ] = None,
    patience: Annotated[
        str, typer.Option("--patience", help="Give up after that long without a decision.")
    ] = "60s",
    output: Annotated[
        Path | None,
        typer.Option("--output", help="Write the transactions to this file as JSON lines, send nothing."),
    ] = None,
) -> Result:
    """Send a scenario at its pace, wait for every decision, print the scorecard.

    Example: fraudctl simulate --attack ip-burst --rate 200 --duration 30s
    """
    _options.refuse_rate(rate)
    length_ms = moment.length_ms("--duration", duration)
    patience_ms = moment.length_ms("--patience", patience)
    chosen = scenario.find(attack, shipped.data_dir("scenarios"))
    start_ms = simulation.start_ms(start_time)
    run = generator.Run(chosen, seed, start_ms, rate, length_ms, background)
    if output is not None:
        with output.open("w", encoding="utf-8") as target:
            count = simulation.write_stream(run, target)
        data = {"run": run.name, "start_ms": start_ms, "events": count, "file": str(output)}
        return Result(f"{count} transactions written to {output}", data)
    running = engines.current()
    if (there := _nearby.answer(running)) is not None:
        return there
    if words := live.stopped(running):
        say(words)
    return simulation.simulate(running, run, workers, patience_ms / 1000).as_result()
