"""`fraudctl up | down | purge | restart | status | logs`: the life of a stack."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl.commands import _completion
from fraudctl.console.result import Result, Table, options, progress, say
from fraudctl.errors import NotRunning, UsageError

if TYPE_CHECKING:
    from fraudctl.console.result import Progress
    from fraudctl.engines.contract import ServerHealth
    from fraudctl.errors import FraudctlError
    from fraudctl.home.folder import Removed
    from fraudctl.home.stack import Stack
    from fraudctl.settings.profile import Profile

WATCH_SECONDS = 2.0
NEXT = ("fraudctl simulate --attack ip-burst", "fraudctl alerts", "fraudctl status --watch")


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("down")(down)
    app.command("purge")(purge)
    app.command("restart")(restart)
    app.command("status")(status)
    app.command("logs")(logs)


def up(
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="A shipped profile or a file.", autocompletion=_completion.profiles),
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules",
            help="A shipped rule set or a file, instead of the profile's.",
            autocompletion=_completion.rule_sets,
        ),
    ] = None,
    any_port: Annotated[bool, typer.Option("--any-port", help="Take free ports, whatever they are.")] = False,
    without: Annotated[
        list[str] | None,
        typer.Option("--without", help="Leave out a server; repeatable.", autocompletion=_completion.servers),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option("--engine", help="What runs it; at first: local.", autocompletion=_completion.engines),
    ] = None,
    wait: Annotated[float, typer.Option("--wait", help="Give up after that many seconds.")] = 180.0,
) -> Result:
    """Start the whole stack and wait until it works. Repeats are quick and change nothing.

    Example: fraudctl up --any-port
    """
    import time

    from fraudctl import engines
    from fraudctl.engines.contract import Wish
    from fraudctl.home import stack as stacks

    began = time.monotonic()
    home = stacks.home_dir()
    left_out = tuple(sorted(without or ()))
    chosen = _wanted_profile(home, profile, rules)
    if left_out == () and profile is None and rules is None and (known := _running(home)) is not None:
        left_out = known.without
    started = engines.for_up(home, engine).up(Wish(home, chosen, left_out, any_port, wait))
    if started.runs_jobs:
        from fraudctl.jobs import live

        with progress("starting the job") as shown:
            live.start(started, max(10.0, wait - (time.monotonic() - began)), shown)
            _apply_wanted(started, rules is not None, shown)
    return _started(started, time.monotonic() - began)


def down() -> Result:
    """Stop the stack: the job with a savepoint, then every server. All data stays.

    Example: fraudctl down
    """
    from fraudctl import engines
    from fraudctl.home import stack as stacks

    home = stacks.home_dir()
    running = _running_quietly(home)
    savepoint = _stop_job(running) if running is not None else None
    stopped = engines.of_home(home).down(home)
    data = {"home": str(home), "was_running": stopped, "savepoint": savepoint}
    if not stopped:
        return Result(f"nothing was running in {home}", data)
    return Result(f"stopped; the data stays in {home}", data)


def purge(yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False) -> Result:
    """Stop the stack and delete what it wrote, with all data. Exit 1 if something could not be deleted.

    Only a folder that `up` made is touched; what somebody else has put into it stays, and is named.

    Example: fraudctl purge --yes
    """
    import os

    from fraudctl import engines
    from fraudctl.home import folder
    from fraudctl.home import stack as stacks

    home = stacks.home_dir()
    if not os.path.lexists(home):
        return Result(f"there is nothing in {home}", {"home": str(home), "deleted": False})
    folder.refuse_unremovable(home)
    if not yes:
        _confirm(home)
    return _removed(engines.of_home(home).purge(home))


def _removed(found: Removed) -> Result:
    """What a purge came to; it says "deleted" of what is gone alone."""
    data = {
        "home": str(found.home),
        "deleted": found.is_gone,
        "left": [str(path) for path in found.left],
        "not_deleted": {str(path): reason for path, reason in found.kept.items()},
    }
    if found.kept:
        first, reason = next(iter(found.kept.items()))
        summary = f"not everything could be deleted: {first}: {reason}"
    elif found.left:
        summary = f"deleted what the stack wrote in {found.home}; left: {_named(found.left)}"
    else:
        summary = f"deleted {found.home}"
    rows = [(path, f"not deleted: {reason}") for path, reason in found.kept.items()]
    rows += [(path, "left: no stack wrote it") for path in found.left]
    tables = (Table("", ("still there", "why"), rows),) if rows else ()
    return Result(summary, data, exit_code=1 if found.kept else 0, tables=tables)


def _named(paths: Sequence[Path]) -> str:
    return ", ".join(path.name for path in paths[:5]) + (", …" if len(paths) > 5 else "")


def restart(
    server: Annotated[
        str, typer.Argument(help="A server or one of its programs.", autocompletion=_completion.servers)
    ],
    wait: Annotated[float, typer.Option("--wait", help="Give up after that many seconds.")] = 120.0,
) -> Result:
    """Stop and start one server, or a single program such as flink-taskmanager, and wait for it.

    Example: fraudctl restart postgres
    """
    from fraudctl import engines

    running = engines.current()
    programs = list(engines.of(running).restart(running, server, wait))
    return Result(f"restarted {', '.join(programs)}", {"server": server, "programs": programs})


def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again every two seconds.")] = False,
) -> Result:
    """How every server, the job and the sinks are. Exit 3 if one is not well, 4 if nothing runs.

    Example: fraudctl status --json
    """
    from fraudctl.home import stack as stacks

    if watch:
        return Result("", _watched(), replaces=True)
    return _status_of(stacks.home_dir())


def logs(
    name: Annotated[
        str | None, typer.Argument(help="A program; all if left out.", autocompletion=_completion.programs)
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on as lines come.")] = False,
    lines: Annotated[int, typer.Option("--lines", "-n", min=0, help="How many of the last lines.")] = 20,
) -> Result:
    """The log of a program, or of all.

    Example: fraudctl logs flink-taskmanager -f
    """
    from dataclasses import asdict

    from fraudctl import engines
    from fraudctl.home import stack as stacks

    home = stacks.home_dir()
    engine = engines.of_home(home)
    known = list(engine.log_names(home))
    if not known:
        raise NotRunning(f"no stack has been started in {home}")
    chosen = [name] if name in known else [one for one in known if name is None or name in one.split("-")]
    if not chosen:
        raise UsageError(f"there is no log of {name!r}", hint=f"there are: {', '.join(known)}")
    width = max(map(len, chosen)) if len(chosen) > 1 else 0
    found = (asdict(line) for line in engine.logs(home, chosen, lines, follow))
    return Result(
        "", found, line=lambda one: f"{one['program']:{width}}  {one['line']}" if width else one["line"]
    )


def _apply_wanted(started: Stack, is_asked: bool, shown: Progress) -> None:
    """The rule set of the profile when it was asked for; otherwise what is in force stays, and is named."""
    from fraudctl.home import rulesets
    from fraudctl.jobs import activations
    from fraudctl.rules import changes

    newest = activations.of(started).read()[-1]
    wanted = rulesets.read(Path(started.profile.rules))
    if newest.hash == wanted.hash:
        return
    if is_asked:
        changes.change(started, changes.apply(wanted), 60.0, shown)
        say(f"{wanted.version} is in force instead of {newest.version}")
    else:
        say(f"in force is {newest.version}, not {wanted.version} of the profile; see: fraudctl rules history")


def _wanted_profile(home: Path, name: str | None, rules: str | None) -> Profile:
    """The profile asked for; that of the running stack where nothing is asked for."""
    import os

    from fraudctl.home import rulesets
    from fraudctl.settings import reading

    if name is None and rules is None and (known := _running(home)) is not None:
        return known.profile
    overrides = {"rules": str(rulesets.locate(rules).absolute())} if rules else {}
    return reading.load(name, overrides, os.environ)


def _running(home: Path) -> Stack | None:
    """The stack that came up in this home and still runs."""
    from fraudctl import engines

    try:
        known = engines.current(home)
    except NotRunning:
        return None
    return known if known.extra.get("ready") else None


def _running_quietly(home: Path) -> Stack | None:
    """The same; None, said why, where its file cannot be used."""
    from fraudctl.home.typed_files import Damaged, Newer

    try:
        return _running(home)
    except (Damaged, Newer) as error:
        say(f"the job stops without a savepoint, its newest checkpoint stays: {error.message}")
        return None


def _stop_job(running: Stack) -> str | None:
    """Stop the job with a savepoint; where that cannot be had, say so and stop without."""
    from fraudctl.errors import FraudctlError
    from fraudctl.jobs import live

    if not running.runs_jobs:
        return None
    try:
        with progress("stopping the job with a savepoint") as shown:
            found: str | None = live.stop(running, 60.0, shown).get("savepoint")
            return found
    except FraudctlError as error:
        say(f"the job stops without a savepoint, its newest checkpoint stays: {error.message}")
        return None


def _confirm(home: Path) -> None:
    import sys

    if options().json or not sys.stdin.isatty():
        raise UsageError(
            f"this deletes everything a stack wrote in {home}", hint="say so with: fraudctl purge --yes"
        )
    typer.confirm(f"Delete everything a stack wrote in {home}?", abort=True, err=True)


def _started(stack: Stack, seconds: float) -> Result:
    from fraudctl.servers import server_class

    rows = [(server_class(name).title, address) for name, address in stack.addresses.items()]
    tables = (Table("", ("server", "address"), rows), Table("", ("next",), [(line,) for line in NEXT]))
    data = {
        "home": str(stack.home),
        "profile": stack.profile.name,
        "addresses": dict(stack.addresses),
        "seconds": round(seconds, 1),
        "next": list(NEXT),
    }
    return Result(f"up in {seconds:.1f} s, in {stack.home}", data, tables=tables)


def _watched() -> Iterator[Result]:
    from fraudctl.home import stack as stacks
    from fraudctl.waiting import every

    for _ in every(WATCH_SECONDS):
        yield _status_of(stacks.home_dir())


def _status_of(home: Path) -> Result:
    from fraudctl import engines
    from fraudctl.home.typed_files import Damaged, Newer

    try:
        stack = engines.current(home)
    except (Damaged, Newer) as error:
        return _status_unknown(home, error)
    return _status(stack)


def _status_unknown(home: Path, error: FraudctlError) -> Result:
    """What can be said where `stack.json` cannot be read: the finding, its mend, and what runs."""
    from fraudctl import engines
    from fraudctl.observe import status as observe

    seen = [observe.program(state) for state in engines.of_home(home).seen_in(home).values()]
    data = {
        "home": str(home),
        "healthy": False,
        "finding": {"code": error.code, "message": error.message, "hint": error.hint},
        "programs": seen,
    }
    rows = [(one["name"], one["pid"] or "", _mb(one["rss_bytes"]), one["state"]) for one in seen]
    finding = Table("", ("finding", "mend"), [(error.message, error.hint)])
    programs = Table("", ("program", "pid", "memory", "state"), rows)
    return Result(f"not well: {error.message}", data, exit_code=3, tables=(finding, programs))


def _status(stack: Stack) -> Result:
    from fraudctl import engines
    from fraudctl.jobs import activations
    from fraudctl.observe import status as observe

    health = engines.of(stack).health(stack)
    servers = [_server(one) for one in health]
    for server in servers:
        if server["name"] == "postgres":
            server["dsn"] = stack.sink_url("postgres")
    job = observe.job(stack)
    sinks = observe.sinks(stack)
    ill = [one.name for one in health if not one.healthy] + ([] if job["healthy"] else ["job"])
    ill += [sink["name"] for sink in sinks if not sink["healthy"] and sink["name"] not in ill]
    rates = observe.rates(stack)
    put_aside = activations.put_aside(stack)
    said, aside = activations.say_put_aside(put_aside)
    summary = f"not well: {', '.join(ill)}" if ill else "everything is well"
    data = {
        "home": str(stack.home),
        "profile": stack.profile.name,
        "healthy": not ill,
        "servers": servers,
        "job": job,
        "sinks": sinks,
        "rates": rates,
        "rules_put_aside": put_aside,
    }
    tables = (*_status_tables(health, job, sinks), _rates_table(rates))
    return Result(summary + said, data, exit_code=3 if ill else 0, tables=(*tables, *aside))


def _server(one: ServerHealth) -> dict[str, Any]:
    from fraudctl.observe import status as observe

    return {
        "name": one.name,
        "title": one.title,
        "address": one.address or None,
        "healthy": one.healthy,
        "reason": one.reason or None,
        "programs": [observe.program(state) for state in one.programs],
    }


def _status_tables(
    health: list[ServerHealth], job: dict[str, Any], sinks: list[dict[str, Any]]
) -> tuple[Table, ...]:
    from fraudctl.observe import status as observe

    rows: list[tuple[object, ...]] = []
    for one in health:
        if one.address and not one.programs:
            rows.append((one.name, one.address, "", "", "", "external, " + (one.reason or "well")))
        for number, state in enumerate(one.programs):
            seen = observe.program(state)
            shown = (one.address if number == 0 else "", seen["pid"] or "", _mb(seen["rss_bytes"]))
            said = ("well" if one.healthy else one.reason) if number == 0 else ""
            rows.append((seen["name"], *shown, _age(seen["uptime_s"]), said))
    servers = Table("", ("program", "address", "pid", "memory", "up", "state"), rows)
    found = [
        servers,
        Table("", ("job", "value"), [(key, value) for key, value in job.items() if value is not None]),
    ]
    if sinks:
        columns = ("name", "lag", "written", "retried", "dead_lettered", "last_error")
        heads = (column.replace("_", " ") for column in columns[1:])
        found.append(Table("", ("sink", *heads), [[s.get(c) for c in columns] for s in sinks]))
    return tuple(found)


def _rates_table(rates: dict[str, Any]) -> Table:
    rows = [(name.replace("_", " "), rates[name], recent) for name, recent in rates["per_second"].items()]
    return Table("", ("topic", "records", "per second"), rows)


def _mb(size: int | None) -> str:
    return f"{size / 1e6:.0f} MB" if size else ""


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes // 60} h {minutes % 60} min" if minutes >= 60 else f"{minutes} min {rest} s"
