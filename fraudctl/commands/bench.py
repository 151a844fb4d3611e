"""`fraudctl bench`: latency at a steady rate, capacity over a backlog, costs by keys, a writer alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl import engines
from fraudctl.bench import capacity as bench_capacity
from fraudctl.bench import floor as bench_floor
from fraudctl.bench import idle as bench_idle
from fraudctl.bench import keys as bench_keys
from fraudctl.bench import pairs as bench_pairs
from fraudctl.bench import rate as bench_rate
from fraudctl.bench import sink as bench_sink
from fraudctl.bench import speed as bench_speed
from fraudctl.bench import startup as bench_startup
from fraudctl.commands import _options
from fraudctl.console import streams
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import Failed, UsageError
from fraudctl.flink import cluster
from fraudctl.settings import moment

if TYPE_CHECKING:
    from fraudctl.bench.answers import Answer, Capacity

NOT_GOOD = 5
MOST = 1_000_000
STAGES = 12
"""stages of the job that the table has, the dearest"""


def register(app: typer.Typer) -> None:
    app.command("bench")(bench)


def bench(
    context: typer.Context,
    rate: Annotated[
        str | None,
        typer.Option(help="Events a second, each at its own time; max finds the most that is sustained."),
    ] = None,
    duration: Annotated[str, typer.Option(help="Measured time at that rate, such as 30s or 5m.")] = "30s",
    warmup: Annotated[str, typer.Option(help="Sent before, counted, but not in the latencies.")] = "20s",
    kill: Annotated[
        str | None, typer.Option(help="What is killed hard a third into the time: taskmanager.")
    ] = None,
    capacity: Annotated[bool, typer.Option("--capacity", help="Fill a topic, then time the job.")] = False,
    keys: Annotated[
        bool,
        typer.Option("--keys", help="What an event costs, by how much its keys hold and how many there are."),
    ] = False,
    in_state: Annotated[
        list[int] | None, typer.Option(min=1, help="With --keys: only that many keys in state; repeatable.")
    ] = None,
    held: Annotated[
        list[int] | None,
        typer.Option(min=1, help="With --keys: only keys that hold so many events; repeatable."),
    ] = None,
    sink: Annotated[
        str | None, typer.Option("--sink", help="Fill a topic with decisions, then time this sink's writer.")
    ] = None,
    startup: Annotated[
        bool, typer.Option("--startup", help="How long each command takes to show its help; needs no stack.")
    ] = False,
    idle: Annotated[
        bool, typer.Option("--idle", help="What the stack takes while nobody sends, for --duration.")
    ] = False,
    compare: Annotated[
        Path | None,
        typer.Option("--compare", metavar="BUILD", help="Capacity of that build and of this one, by turns."),
    ] = None,
    pairs: Annotated[int, typer.Option(min=1, help="With --compare: runs of each build.")] = 4,
    events: Annotated[int, typer.Option(min=1, help="How many events to fill in.")] = 1_000_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same events.")] = 7,
    hot_merchant: Annotated[
        float, typer.Option(min=0, max=1, help="With --capacity: this share of the events is one merchant's.")
    ] = 0.0,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the topics of a capacity run.")] = False,
    wait: Annotated[float, _options.waits("Give a run over a backlog up after so many seconds.")] = 3600.0,
) -> Result:
    """Measure the running stack; exit 5 if a decision is missing or wrong, or the rate was not sustained.

    Example: fraudctl bench --rate 5000 --duration 60s
    """
    asked = [rate is not None, capacity, keys, sink is not None, startup, idle, compare is not None]
    if asked.count(True) != 1:
        raise UsageError(
            "bench needs one of --rate, --capacity, --keys, --sink, --startup, --idle and --compare",
            hint="for example: fraudctl bench --rate 1000; fraudctl bench --capacity --events 200000",
        )
    if kill not in (None, "taskmanager") or (kill and rate is None):
        raise UsageError(
            "--kill takes taskmanager, and goes with --rate",
            hint="for example: fraudctl bench --rate 2000 --duration 60s --kill taskmanager",
        )
    if startup:
        whole: Any = context.find_root().command
        return _startup(["", *whole.commands])
    if keys:
        return _keys(held, in_state, seed, wait)
    if sink is not None:
        return _sink(sink, events, seed, wait)
    if capacity:
        return _capacity(bench_capacity.Backlog(events, seed, hot_merchant), keep, wait)
    if compare is not None:
        with progress("bench", 2 * pairs) as shown:
            return bench_pairs.answer(bench_pairs.run(compare, pairs, events, seed, shown), NOT_GOOD)
    duration_s, warmup_s = _seconds("--duration", duration), _seconds("--warmup", warmup)
    if idle:
        with progress("bench", None) as shown:
            return bench_idle.answer(bench_idle.run(engines.current(), duration_s, shown))
    return _rate(_wanted(str(rate)), duration_s, warmup_s, seed, bool(kill))


def _wanted(rate: str) -> float | None:
    """Events a second, None for `max`."""
    if rate == "max":
        return None
    try:
        found = float(rate)
    except ValueError:
        found = 0.0
    if not 0.1 <= found <= MOST:
        raise UsageError(
            f"--rate takes max, or a number from 0.1 to {MOST:,}, not {rate!r}",
            hint="for example: fraudctl bench --rate 5000",
        )
    return found


def _startup(commands: Sequence[str]) -> Result:
    with progress("bench", len(commands)) as shown:
        found = bench_startup.run(commands, shown)
    rows = [
        (f"fraudctl {one.command} --help".replace("  ", " "), one.bare_ms, one.help_ms, one.times_bare)
        for one in found.commands
    ]
    table = Table("", ("command", "bare interpreter, ms", "help, ms", "times"), rows)
    summary = f"at most {found.times_bare_at_most} times the bare interpreter"
    return Result(summary, found.as_document(), tables=(table,))


def _rate(rate: float | None, duration_s: float, warmup_s: float, seed: int, kill: bool) -> Result:
    floor_s = min(duration_s, 20.0)
    here = engines.current()
    with progress("bench", None) as shown:
        passed = {"kafka_records_per_second": bench_floor.kafka_speed(here, seed, shown)}
        speed = {**bench_speed.machine_speed(), **passed}
    streams.say(_speed(speed))
    if rate is None:
        with progress("bench", None) as shown:
            rate = bench_rate.highest_sustained(here, seed, shown)
        if not rate:
            raise Failed("no rate is sustained, not even twenty events a second", hint="see: fraudctl status")
        streams.say(f"{rate:,.0f} events a second are sustained; measured now")
    total = round(rate * (duration_s + warmup_s))
    with progress("bench", total) as shown:
        plan = bench_rate.Plan(rate, duration_s, warmup_s, floor_s, seed, kill)
        found = bench_rate.run(here, plan, shown, speed)
    names = ("p50", "p90", "p99", "p999", "max")
    latencies = (("decided", found["latency_ms"]), ("floor: bare Kafka round trip", found["floor_ms"]))
    rows = [[what, *(one[name] for name in names)] for what, one in latencies]
    sinks = [[sink, v["lag_at_end"], v["caught_up_s"]] for sink, v in found["sinks"].items()]
    summary = (
        f"{found['decided']:,} of {found['sent']:,} events decided, {found['events_per_second']:,} a second"
    )
    if found["recovery"]:
        summary += f"; {_recovered(found['recovery']['caught_up_s'])}"
    if found["sustained"]:
        summary += "; sustained"
    return _result(
        found,
        summary,
        Table("milliseconds from the scheduled time", ("", *names), rows),
        _costs(found["cpu_us_per_event"]),
        Table("sinks", ("sink", "lag at the end", "caught up after s"), sinks),
    )


def _costs(spent: Mapping[str, Mapping[str, float]]) -> Table:
    """Programs, and below the first TaskManager the stages of all."""
    rows: list[Sequence[object]] = []
    stages = list(spent["stages"].items())[:STAGES]
    for program, us in spent["programs"].items():
        rows.append((program, us))
        if cluster.is_taskmanager(program):
            rows += [(f"  {stage}", part) for stage, part in stages]
            stages = []
    return Table("processor time an event, microseconds", ("", "µs"), rows)


def _recovered(caught_up_s: float | None) -> str:
    if caught_up_s is None:
        return "not caught up when the traffic ended"
    return f"caught up {caught_up_s:.1f} s after a TaskManager was killed"


def _capacity(backlog: bench_capacity.Backlog, keep: bool, wait_s: float) -> Result:
    here = engines.current()
    streams.say(_speed(speed := bench_speed.machine_speed()))
    with progress("bench", backlog.events) as shown:
        found = bench_capacity.run(here, backlog, keep, wait_s, shown, speed)
    checkpoints, reference = found["checkpoints"], found["reference"]
    summary = (
        f"{found['decided']:,} events in {found['timed_s']:.1f} s: {found['events_per_second']:,} events/s "
        f"({found['second_half_per_second']:,} in the second half, {found['first_job_per_second']:,} for the "
        f"job before it); {_cost(found['cpu_us_per_event'])}"
        f"{found['events_per_second'] / found['floor_per_second']:.2f} of the floor of "
        f"{found['floor_per_second']:,} ({found['floor_cpu_us_per_event']} µs{_times(found)}); "
        f"{checkpoints['completed']} checkpoints inside; {reference['compared']:,} decisions compared"
    )
    return _result(found, summary)


def _times(found: Capacity) -> str:
    """How many times the floor's processor time an event takes."""
    us = found["cpu_us_per_event"]
    return "" if us is None else f"; an event takes {us / found['floor_cpu_us_per_event']:.0f} times that"


def _cost(us: float | None) -> str:
    return "" if us is None else f"{us} µs of the TaskManagers' processor time an event; "


def _keys(held: list[int] | None, in_state: list[int] | None, seed: int, wait_s: float) -> Result:
    chosen = held is not None or in_state is not None
    held = held or ([] if chosen else list(bench_keys.HELD))
    in_state = in_state or ([] if chosen else list(bench_keys.IN_STATE))
    with progress("bench", None) as shown:
        found = bench_keys.run(engines.current(), held, in_state, seed, wait_s, shown)
    rows = [[one["case"], one["cpu_us_per_event"], one["wall_us_per_event"]] for one in found["costs"]]
    headings = ("", "processor time of Flink's workers", "time passed")
    return _result(
        found, f"{len(rows)} cases, µs for an event", Table("microseconds for an event", headings, rows)
    )


def _sink(sink: str, events: int, seed: int, wait_s: float) -> Result:
    with progress("bench", events) as shown:
        found = bench_sink.run(engines.current(), sink, events, seed, wait_s, shown)
    return Result(
        f"{sink}: {found['decisions_per_second']:,} decisions/s over {found['timed_s']} s;"
        f" processor seconds: writer {found['writer_cpu_s']}, store {found['store_cpu_s']}",
        found,
    )


def _result(found: Answer, summary: str, *tables: Table) -> Result:
    given: Mapping[str, object] = found
    counts = [name for name in _COUNTS if name in given]
    table = Table("events", counts, [[given[name] for name in counts]])
    shown = (_surroundings(found), table, *tables)
    if found["good"]:
        return Result(summary, found, tables=shown)
    return Result(f"NOT GOOD: {_fault(found)}; {summary}", found, NOT_GOOD, shown)


def _surroundings(found: Answer) -> Table:
    machine = found["machine"]
    rows = [
        [
            "machine",
            f"{machine['cores']} cores of {machine['cpu']}, {machine['memory_gb']} GB, {machine['system']}",
        ],
        ["its speed", _speed(found["machine_speed"])],
        ["versions", ", ".join(f"{name} {version}" for name, version in found["versions"].items())],
        ["configuration", found["config_hash"][:16]],
    ]
    return Table("measured on", ("", ""), rows)


def _speed(speed: Mapping[str, float]) -> str:
    """How fast the machine is, to be set beside another."""
    return ", ".join(f"{name.replace('_', ' ')}: {one:,}" for name, one in speed.items())


def _fault(found: Answer) -> str:
    if found["lost"]:
        return f"{found['lost']:,} events were lost"
    if "waiting" in found and (waiting := found["waiting"]):
        said = "wait for their decision, and nothing behind them is decided; see: fraudctl status"
        return f"{waiting:,} events {said}"
    if "sustained" in found and found["sustained"] is False:
        return f"the rate was not sustained: {found['not_sustained_because']}"
    if "reference" in found and (difference := found["reference"]["first_difference"]):
        return f"event {difference['event']} differs from the reference"
    return "the broker did not take every event"


def _seconds(option: str, text: str) -> float:
    return moment.length_ms(option, text, 0) / 1000


_COUNTS = ("sent", "decided", "lost", "waiting", "duplicates", "late")
