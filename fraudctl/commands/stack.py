"""`fraudctl up | down | restart | status | logs`: the life of a stack."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines, servers, waiting
from fraudctl.commands import _asking, _completion, _options
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.console.streams import say
from fraudctl.engines import contract, nearby, wanted
from fraudctl.errors import Failed, FraudctlError, NotRunning, UsageError
from fraudctl.home import parked, rulesets, typed_files, undertakings
from fraudctl.home import stack as stacks
from fraudctl.jobs import activations, approvals, live, put_aside, submission
from fraudctl.observe import overview
from fraudctl.rules import changes

if TYPE_CHECKING:
    from fraudctl.console.progress import Progress
    from fraudctl.home.stack import Stack

WATCH_SECONDS = 2.0
NEXT = ("fraudctl simulate --attack ip-burst", "fraudctl alerts", "fraudctl status --watch")


def register(app: typer.Typer) -> None:
    app.command("up")(up)
    app.command("down")(down)
    app.command("restart")(restart)
    app.command("status")(status)
    app.command("logs")(logs)


def up(
    profile: _options.Profile = None,
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
    added: Annotated[
        list[str] | None,
        typer.Option(
            "--with",
            help="Start an optional server as well, such as prometheus; repeatable.",
            autocompletion=_completion.servers,
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="What runs it: local, compose, kubernetes, aws.",
            autocompletion=_completion.engines,
        ),
    ] = None,
    taskmanagers: Annotated[
        int | None,
        typer.Option("--taskmanagers", min=1, max=32, help="How many workers Flink has; also while it runs."),
    ] = None,
    values: Annotated[
        Path | None,
        typer.Option(
            "--values", help="Kubernetes: the chart's values, with the profile. AWS: image, region."
        ),
    ] = None,
    namespace: Annotated[str | None, typer.Option("--namespace", help="Kubernetes: where.")] = None,
    context: Annotated[
        str | None, typer.Option("--context", help="Kubernetes: which cluster of the kubeconfig.")
    ] = None,
    wait: _options.Wait = 180.0,
) -> Result:
    """Start the whole stack and wait until it works. Repeats are quick and change nothing.

    Example: fraudctl up --any-port
    """
    began = time.monotonic()
    home = stacks.home_dir()
    left_out, more = tuple(sorted(without or ())), tuple(sorted(added or ()))
    if engines.names_elsewhere(home, engine):
        _refuse_workers(taskmanagers)
        there = contract.Elsewhere(values, namespace, context, bool(profile or rules))
        chosen = wanted.profile(home, profile, rules)
        wish = contract.Wish(home, chosen, left_out, any_port, wait, more, there)
        return _started(engines.for_up(home, engine).up(wish), time.monotonic() - began)
    chosen = wanted.profile(home, profile, rules, taskmanagers)
    chosen = parked.park(chosen, stacks.Paths(home).secrets, os.environ)
    asks_nothing = not (left_out or more or profile or rules)
    if asks_nothing and (known := wanted.ready(home)) is not None:
        left_out, more = known.without, known.added
    if stacks.NEEDED_BY_JOBS.isdisjoint(left_out):
        submission.ruleset_content(chosen.rules)  # what cannot be scored by is said before anything starts
    wish = contract.Wish(home, chosen, left_out, any_port, wait, more)
    started = engines.for_up(home, engine or chosen.engine).up(wish)
    if started.runs_jobs:
        _start_job(started, wait - (time.monotonic() - began), asks_for_rules=rules is not None)
        for rule, why in put_aside.uncalled(started).items():
            say(f"warning: rule {rule} does not fire: {why}; {overview.UNCALLED}")
    if left := undertakings.told(home):
        say(f"note: {'; '.join(left)}")
    return _started(started, time.monotonic() - began)


def _refuse_workers(taskmanagers: int | None) -> None:
    if taskmanagers:
        raise UsageError(
            "where the job is a cluster of its own, Flink has as many workers as the parallelism needs",
            hint="set pipeline.parallelism in the profile; on Kubernetes flink.taskManager in the values",
        )


def down(
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask, where a replay in the cluster ends as well.")
    ] = False,
) -> Result:
    """Stop the stack: the job with a savepoint, then every server. All data stays.

    Example: fraudctl down
    """
    home = stacks.home_dir()
    running = _running_quietly(home)
    if running is not None and not yes:
        _confirm_ending(running)
    savepoint = _stop_job(running) if running is not None else None
    stopped = engines.of_home(home).down(home)
    data = {"home": str(home), "was_running": stopped, "savepoint": savepoint}
    if not stopped:
        return Result(f"nothing was running in {home}", data)
    return Result(f"stopped; the data stays in {home}", data)


def restart(
    server: Annotated[
        str, typer.Argument(help="A server or one of its programs.", autocompletion=_completion.servers)
    ],
    wait: _options.Wait = 120.0,
) -> Result:
    """Stop and start one server, or a single program such as flink-taskmanager, and wait for it.

    Example: fraudctl restart postgres
    """
    running = engines.current()
    programs = list(engines.of(running).restart(running, server, wait))
    return Result(f"restarted {', '.join(programs)}", {"server": server, "programs": programs})


def status(
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Show it again every two seconds.")] = False,
) -> Result:
    """How every server, the job and the sinks are. Exit 3 if one is not well, 4 if nothing runs.

    Example: fraudctl status --json
    """
    if watch:
        return Result("", _watched(), replaces=True)
    return overview.of(stacks.home_dir())


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
    home = stacks.home_dir()
    engine = engines.of_home(home)
    known = list(engine.log_names(home))
    if not known and engine.is_running(home):
        raise Failed(
            "what its programs said is not kept where this runs",
            hint="ask who runs them: docker compose logs PROGRAM, kubectl logs deploy/PROGRAM",
            code="no_logs",
        )
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


def _start_job(started: Stack, wait_s: float, asks_for_rules: bool) -> None:
    with progress("starting the job") as shown:
        live.start(started, max(10.0, wait_s), shown)
        _apply_wanted(started, asks_for_rules, shown)


def _apply_wanted(started: Stack, is_asked: bool, shown: Progress) -> None:
    """The rule set of the profile when it was asked for; otherwise what is in force stays, and is named."""
    newest = activations.of(started).read()[-1]
    asked = rulesets.read(Path(started.profile.rules))
    if newest.hash == asked.hash:
        return
    if not is_asked:
        say(f"in force is {newest.version}, not {asked.version} of the profile; see: fraudctl rules history")
        return
    by = activations.Signature("asked for by up")
    done = changes.change(started, changes.apply(asked), 60.0, shown, by)
    if isinstance(done, approvals.Waiting):
        say(f"{asked.version} waits for approval: fraudctl rules approve {done.offset}")
    else:
        say(f"{asked.version} is in force instead of {newest.version}")


def _running_quietly(home: Path) -> Stack | None:
    """The stack that runs in this home; None, said why, where its file cannot be used."""
    try:
        return wanted.ready(home)
    except (typed_files.Damaged, typed_files.Newer) as error:
        say(f"the job stops without a savepoint, its newest checkpoint stays: {error.message}")
        return None


def _confirm_ending(running: Stack) -> None:
    """Ask about replays that go on in the cluster, which somebody waits for. Failed where nobody is asked."""
    engine = nearby.needed(running)
    busy = engine.replays_under_way(running) if isinstance(engine, nearby.Replays) else ()
    if not busy:
        return
    refusal = Failed(
        f"a replay is under way: {', '.join(busy)}",
        hint="wait until it has ended, or end it as well: fraudctl down --yes",
        code="replay_under_way",
    )
    _asking.confirm(f"End {', '.join(busy)} as well, which somebody waits for?", refusal)


def _stop_job(running: Stack) -> str | None:
    """Stop the job with a savepoint; where that cannot be had, say so and stop without."""
    if not running.runs_jobs or engines.of(running).is_elsewhere:
        return None
    try:
        with progress("stopping the job with a savepoint") as shown:
            return live.stop(running, 60.0, shown)["savepoint"]
    except FraudctlError as error:
        say(f"the job stops without a savepoint, its newest checkpoint stays: {error.message}")
        return None


def _started(stack: Stack, seconds: float) -> Result:
    rows = [(servers.server_class(name).title, address) for name, address in stack.addresses.items()]
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
    for _ in waiting.every(WATCH_SECONDS):
        yield overview.of(stacks.home_dir())
