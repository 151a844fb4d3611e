"""`fraudctl aws plan | deploy | status | logs | down | delete`: a stack on AWS as a whole."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl.aws import account, deployment, second
from fraudctl.aws import logs as of_cloudwatch
from fraudctl.commands import _asking, _completion, _options
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.console.streams import say
from fraudctl.engines import nearby
from fraudctl.settings import reading
from pipeline.records import clock

if TYPE_CHECKING:
    from fraudctl.aws.cloudformation import Change

NOT_WELL = 3

Name = Annotated[str, typer.Option("--name", help="What the deployment is called.")]
Region = Annotated[str | None, typer.Option("--region", help="If not the one that AWS' own tools would use.")]
OfProfile = Annotated[
    str, typer.Option("--profile", help="A shipped profile or a file.", autocompletion=_completion.profiles)
]
Wait = _options.Wait
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Image = Annotated[str, typer.Option("--image", help="The programs' image in ECR, with its tag or digest.")]
TellWhom = Annotated[str, typer.Option("--tell", metavar="ADDRESS", help="The e-mail address of alarms.")]
Secret = Annotated[
    str | None,
    typer.Option("--notify-secret", metavar="ARN", help="The secret with what the profile's channels need."),
]
Hops = Annotated[
    list[str] | None,
    typer.Option("--hop", metavar="KEY", help="A key for features of later rule sets; may be repeated."),
]
Budget = Annotated[
    int, typer.Option("--budget", min=1, help="What a month may cost, in USD; above, a mail comes.")
]


def plan(
    image: Image,
    tell: TellWhom,
    profile: OfProfile = "aws",
    name: Name = "fraudctl",
    region: Region = None,
    notify_secret: Secret = None,
    budget: Budget = 2_000,
    hop: Hops = None,
    wait: Wait = 300.0,
) -> Result:
    """Say what deploy would change, by change sets that are deleted again. What is not there yet hides more.

    Example: fraudctl aws plan --image IMAGE --tell risk@example.com
    """
    asked = _wanted(profile, image, tell, notify_secret, budget, hop)
    changes = deployment.plan(account.Account(name, region), asked, wait)
    anew = sum(one.is_replaced for one in changes)
    summary = f"{len(changes)} changes, {anew} of them replace a resource" if changes else "nothing differs"
    return Result(summary, {"changes": [asdict(one) for one in changes]}, tables=tables(changes))


def tables(changes: Iterable[Change]) -> tuple[Table, ...]:
    """One for each stack, so narrow that a change is a line of a small terminal."""
    return tuple(
        Table(
            stack,
            ("change", "resource", "type"),
            [(one.verb, one.resource, one.words_of_kind) for one in its],
        )
        for stack, its in groupby(changes, key=lambda one: one.stack)
    )


def deploy(
    image: Image,
    tell: TellWhom,
    profile: OfProfile = "aws",
    name: Name = "fraudctl",
    region: Region = None,
    notify_secret: Secret = None,
    budget: Budget = 2_000,
    hop: Hops = None,
    wait: Wait = 3_600.0,
    yes: Yes = False,
) -> Result:
    """Make or update everything and wait until the job runs. MSK alone takes half an hour the first time.

    Example: fraudctl aws deploy --image IMAGE --tell risk@example.com --notify-secret ARN
    """
    asked = _wanted(profile, image, tell, notify_secret, budget, hop)
    if not yes:
        _asking.confirm(f"Deploy {name}? What it makes costs money from then on.")
    with progress(f"deploying {name}") as shown:
        changed = deployment.deploy(account.Account(name, region), asked, wait, shown)
    said = ", ".join(layer for layer, did in changed.items() if did) or "nothing"
    return Result(f"the job of {name} runs; changed: {said}", {"name": name, "changed": changed})


def status(profile: OfProfile = "aws", name: Name = "fraudctl", region: Region = None) -> Result:
    """How stacks, job, programs and alarms are. Exit 3 if one is not well.

    Example: fraudctl aws status --name prod
    """
    where = account.Account(name, region)
    found = deployment.overview(where, reading.load(profile, environ=os.environ))
    replays = second.there(where)
    rows = [(layer, state or "not there") for layer, state in found.stacks.items()]
    job = "not there" if found.job is None else found.job.status
    rows += [("job", job)]
    rows += [(one, f"{running} of {wanted}") for one, (wanted, running) in found.programs.items()]
    rows += [(alarm, "ALARM") for alarm in found.alarms]
    rows += [(replay, nearby.UNDER_WAY) for replay in replays]
    summary = f"{name} is well" if found.is_well else f"{name} is not well"
    data = asdict(found) | {"is_well": found.is_well, "replays": replays}
    return Result(summary, data, 0 if found.is_well else NOT_WELL, (Table("", ("what", "state"), rows),))


def logs(
    what: Annotated[str, typer.Argument(help="job, notify, setup, or a program such as sink-postgres.")],
    name: Name = "fraudctl",
    region: Region = None,
    minutes: Annotated[int, typer.Option("--minutes", min=1, help="How far back.")] = 60,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, max=10_000, help="The most lines.")] = 200,
) -> Result:
    """Lines of a program from CloudWatch.

    Example: fraudctl aws logs job --minutes 10
    """
    since_ms = clock.now_ms() - minutes * clock.MINUTE_MS
    found = of_cloudwatch.tail(account.Account(name, region), what, since_ms, lines)
    return Result("", ({"line": line} for line in found), line=lambda one: str(one["line"]))


def down(
    profile: OfProfile = "aws",
    name: Name = "fraudctl",
    region: Region = None,
    wait: Wait = 600.0,
    yes: Yes = False,
) -> Result:
    """Stop job (with a snapshot) and programs. Brokers, stores and network stay, and cost what they cost.

    Example: fraudctl aws down --name prod
    """
    if not yes:
        _asking.confirm(f"Stop job and programs of {name}?")
    where = account.Account(name, region)
    taken = deployment.down(where, reading.load(profile, environ=os.environ), wait)
    for line in second.warnings(where):
        say(line)
    said = f"the job stopped with snapshot {taken}" if taken else "the job did not run"
    return Result(f"{said}; the programs stop", {"name": name, "snapshot": taken})


def delete(name: Name = "fraudctl", region: Region = None, wait: Wait = 1_800.0, yes: Yes = False) -> Result:
    """Delete job, replays, programs, roles, alarms. What holds data, and the network it lies in, stays.

    Example: fraudctl aws delete --name prod
    """
    if not yes:
        _asking.confirm(f"Delete the pipeline of {name}, snapshots included?")
    where = account.Account(name, region)
    replays = [one for one in second.there(where) if second.drop(where, one, wait)]
    with progress(f"deleting the pipeline of {name}") as shown:
        gone = [*replays, *deployment.delete(where, wait, shown)]
    said = f"deleted: {', '.join(gone)}" if gone else "there was nothing to delete"
    return Result(f"{said}; network and data stay: see docs/aws.md", {"deleted": gone})


def _wanted(
    profile: str, image: str, tell: str, notify_secret: str | None, budget: int, hops: list[str] | None
) -> deployment.Wanted:
    loaded = reading.load(profile, environ=os.environ)
    return deployment.Wanted(loaded, image, tell, notify_secret, budget, tuple(hops or ()))
