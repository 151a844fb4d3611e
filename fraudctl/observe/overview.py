"""How a stack is as a whole: what `status` answers, for people and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from fraudctl import engines
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.engines import live_job, workers
from fraudctl.engines.contract import ServerHealth
from fraudctl.errors import FraudctlError
from fraudctl.home import pass_file, undertakings
from fraudctl.home.stack import Stack
from fraudctl.home.typed_files import Damaged, Newer, Older
from fraudctl.jobs import live_answers, put_aside
from fraudctl.observe import broker_clock, foreign, status
from fraudctl.observe.broker_clock import BrokerClock
from pipeline.records.clock import now_ms

NOT_WELL = 3
UNCALLED = "mend the plug-in and apply the rule set, or: fraudctl rules pause RULE"


def of(home: Path) -> Result:
    """The stack of a home, or what runs there if its file cannot be read. Raises NotRunning."""
    try:
        stack = engines.current(home)
    except (Damaged, Newer) as error:
        return _unknown(home, error)
    try:
        return _running(stack)
    except Older as error:
        return _unknown(home, error)


def _unknown(home: Path, error: FraudctlError) -> Result:
    """What can be said where `stack.json` cannot be read: the finding, its mend, and what runs."""
    seen = [status.program(state) for state in engines.of_home(home).seen_in(home).values()]
    data = {
        "home": str(home),
        "healthy": False,
        "finding": {"code": error.code, "message": error.message, "hint": error.hint},
        "programs": seen,
    }
    rows = [(one["name"], one["pid"] or "", _mb(one["rss_bytes"]), one["state"]) for one in seen]
    finding = Table("", ("finding", "mend"), [(error.message, error.hint)])
    programs = Table("", ("program", "pid", "memory", "state"), rows)
    return Result(f"not well: {error.message}", data, exit_code=NOT_WELL, tables=(finding, programs))


def _running(stack: Stack) -> Result:
    if engines.of(stack).is_elsewhere:
        return _elsewhere(stack)
    health = engines.of(stack).health(stack)
    servers = [_server(one) for one in health]
    for server in servers:
        if server["name"] == "postgres":
            server["dsn"] = _dsn(stack)
    away = kafka_away(health)
    job = status.job(stack)
    states = {state.name: state for one in health for state in one.programs}
    sinks = status.sinks(stack, states, away)
    clock = None if away else _clock(stack)
    ill, rates = _ill(health, job, sinks), status.rates(stack, away)
    if clock is not None and not clock.healthy:
        ill.append(f"broker clock ({clock.ahead_ms / 1000:.0f} s ahead)")
    left = undertakings.told(stack.home)
    if left is not None:
        ill.append(left[0])
    aside, currencies = (None, None) if away else (put_aside.of(stack), foreign.look(stack))
    uncalled = {} if away else put_aside.uncalled(stack)
    ill += [f"rule {name}" for name in uncalled]
    words = summary(ill, job.get("wanted") == "stopped" and job["healthy"], _paused(stack, sinks))
    data = {
        "home": str(stack.home),
        "profile": stack.profile.name,
        "healthy": not ill,
        "servers": servers,
        "job": job,
        "cut_off": left and left[1],
        "sinks": sinks,
        "rates": rates,
        "broker_clock": clock and clock.document(),
        "rules_put_aside": put_aside.documents(aside),
        "plugins_not_called": dict(uncalled),
        "currencies": currencies and currencies.document(),
        "metrics": {"prometheus": stack.addresses.get("prometheus"), "missing": _missing(stack)},
    }
    kept = _missing(stack) or f"kept by Prometheus, {stack.address('prometheus')}"
    rows = [(f"rule {name}: {why}", UNCALLED) for name, why in uncalled.items()] + ([left] if left else [])
    finding = (Table("", ("finding", "mend"), rows),) if rows else ()
    shown = (*finding, *tables(health, job, sinks), _rates_table(rates), Table("", ("metrics",), [(kept,)]))
    shown = (*shown, *put_aside.tables(aside), *(currencies.tables() if currencies else ()))
    return Result(put_aside.with_count(words, aside), data, exit_code=NOT_WELL if ill else 0, tables=shown)


def _dsn(stack: Stack) -> str:
    """Where PostgreSQL is, for `psql` at once; the password stays in its file."""
    address = stack.sink_address("postgres")
    is_ours = stack.profile.server("postgres").external is None
    return pass_file.named(stack.paths, address) if is_ours else address


def _elsewhere(stack: Stack) -> Result:
    """What the engine tells of a stack whose Kafka and stores may not be reached from here."""
    health, found = engines.of(stack).health(stack), live_job.of(stack).status()
    flink, is_well = found["flink"], live_answers.is_as_wanted(found)
    is_well = is_well and all(one.healthy for one in health if one.name == "flink")
    ill = [one.name for one in health if not one.healthy and one.name != "flink"] + ["job"] * (not is_well)
    job = {**found["keeper"], "operator": found["keeper"]["state"]}
    job |= {"wanted": found["wanted"], "state": flink["state"] if flink else "none"}
    data = {
        "home": str(stack.home),
        "profile": stack.profile.name,
        "healthy": not ill,
        "servers": [_server(one) for one in health],
        "job": job,
    }
    rows = [(name, value) for name, value in job.items() if value]
    shown = (programs_table(health), Table("", ("job", "value"), rows))
    words = summary(ill, is_well and found["wanted"] == "stopped")
    return Result(words, data, exit_code=NOT_WELL if ill else 0, tables=shown)


def summary(ill: Sequence[str], is_stopped: bool, paused: Sequence[str] = ()) -> str:
    """What is not well, and what somebody has stopped: that is well, and not to be forgotten."""
    held = [live_answers.STOPPED] if is_stopped else []
    held += [
        f"the writer of {one} is paused, as wanted; go on with: fraudctl sinks resume {one}" for one in paused
    ]
    if ill:
        return "; ".join([f"not well: {', '.join(ill)}", *held])
    return "; ".join([*held, "all else is well"]) if held else "everything is well"


def _paused(stack: Stack, sinks: Sequence[status.Sink]) -> list[str]:
    """The stores whose writers somebody has paused."""
    pairs = zip(workers.sinks(stack), sinks, strict=True)
    return [name for name, one in pairs if one["state"] == "paused"]


def kafka_away(health: Sequence[ServerHealth]) -> str:
    """Why Kafka need not be asked, empty where it answers: each question would wait out its patience."""
    return next((f"Kafka: {one.reason}" for one in health if one.name == "kafka" and not one.healthy), "")


def _clock(stack: Stack) -> BrokerClock | None:
    """None where Kafka does not answer, which is said elsewhere."""
    try:
        return broker_clock.look(stack.kafka, stack.profile, now_ms())
    except FraudctlError:
        return None


def _missing(stack: Stack) -> str | None:
    """What is missing for metrics to be kept and alerts to fire, and what to do; None where nothing is."""
    if "prometheus" in stack.addresses:
        return None
    if "prometheus" in stack.without:
        return "not kept: the stack was started without Prometheus"
    return "not kept, and no alert fires: no Prometheus; see: fraudctl up --with prometheus"


def _ill(health: Sequence[ServerHealth], job: status.LiveJob, sinks: Sequence[status.Sink]) -> list[str]:
    """The names of what is not well, each once."""
    names = [one.name for one in health if not one.healthy] + ([] if job["healthy"] else ["job"])
    return names + [sink["name"] for sink in sinks if not sink["healthy"] and sink["name"] not in names]


def _server(one: ServerHealth) -> dict[str, object]:
    return {
        "name": one.name,
        "title": one.title,
        "address": one.address or None,
        "healthy": one.healthy,
        "reason": one.reason or None,
        "programs": [status.program(state) for state in one.programs],
    }


def tables(
    health: Sequence[ServerHealth], job: status.LiveJob, sinks: Sequence[status.Sink]
) -> tuple[Table, ...]:
    """Every program with what it takes, the job, and the sinks."""
    found = [programs_table(health), Table("", ("job", "value"), _job_rows(job))]
    if sinks:
        columns = ("name", "state", "lag", "written", "retried", "dead_lettered", "last_error")
        heads = (column.replace("_", " ") for column in columns[1:])
        found.append(Table("", ("sink", *heads), [[s.get(c) for c in columns] for s in sinks]))
    return tuple(found)


def _job_rows(job: status.LiveJob) -> list[tuple[str, str]]:
    """What there is to say of the job, in words."""
    said = {
        "state": job["state"],
        "wanted": job.get("wanted"),
        "id": job.get("job_id"),
        "up": _age(job.get("uptime_s")),
        "checkpoints": _checkpoints(job),
        "reason": job.get("reason"),
        "mend": job.get("mend"),
    }
    return [(head, value) for head, value in said.items() if value]


def _checkpoints(job: status.LiveJob) -> str:
    if (complete := job.get("checkpoints")) is None:
        return ""
    counts = f"{complete} complete, {job['failed_checkpoints']} failed"
    if (age := job["checkpoint_age_s"]) is None:
        return counts
    size = _mb(job["checkpoint_bytes"])
    return f"{counts}; the newest {_age(age)} ago, took {job['checkpoint_duration_s']:.1f} s, {size}"


def programs_table(health: Sequence[ServerHealth]) -> Table:
    """Every program with what it takes, and servers elsewhere."""
    rows: list[tuple[object, ...]] = []
    for one in health:
        if not one.programs:
            where = "external, " if one.address else ""
            rows.append((one.name, one.address, "", "", "", where + (one.reason or "well")))
        for number, state in enumerate(one.programs):
            seen = status.program(state)
            shown = (one.address if number == 0 else "", seen["pid"] or "", _mb(seen["rss_bytes"]))
            said = ("well" if one.healthy else one.reason) if number == 0 else str(state.condition)
            rows.append((seen["name"], *shown, _age(seen["uptime_s"]), said))
    return Table("", ("program", "address", "pid", "memory", "up", "state"), rows)


def _rates_table(rates: status.Rates) -> Table:
    recent = rates["per_second"]
    rows = [(name.replace("_", " "), total, recent[name]) for name, total in rates.items() if name in recent]
    return Table("", ("topic", "records", "per second"), rows)


def _mb(size: int | None) -> str:
    return f"{size / 1e6:.{int(size < 10e6)}f} MB" if size else ""


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
