"""`fraudctl aws submit | stop | savepoint`: the job on AWS. Its savepoints are snapshots of the service."""

from __future__ import annotations

from typing import Annotated

import typer

from fraudctl.aws import account, application, deployment
from fraudctl.commands.aws.stack import Name, Region, Wait
from fraudctl.console.progress import progress
from fraudctl.console.result import Result


def submit(
    restore: Annotated[
        str, typer.Option("--from", help="latest, none (a new run over the whole log) or a snapshot's name.")
    ] = "latest",
    name: Name = "fraudctl",
    region: Region = None,
    wait: Wait = 600.0,
) -> Result:
    """Start the job, from its newest snapshot unless told otherwise.

    Example: fraudctl aws submit --from latest
    """
    with progress("starting the job") as shown:
        deployment.submit(account.Account(name, region), restore, wait, shown)
    return Result(f"the job runs, from {restore}", {"name": name, "from": restore})


def stop(
    no_savepoint: Annotated[
        bool,
        typer.Option("--no-savepoint", help="Without a snapshot: the newest one is what it resumes from."),
    ] = False,
    name: Name = "fraudctl",
    region: Region = None,
    wait: Wait = 600.0,
) -> Result:
    """Stop the job with a snapshot; it stays stopped until it is submitted again.

    Example: fraudctl aws stop
    """
    newest = application.stop(account.Account(name, region), wait, not no_savepoint)
    said = f"the newest snapshot is {newest}" if newest else "there is no snapshot"
    return Result(f"the job is stopped; {said}", {"name": name, "snapshot": newest})


def savepoint(name: Name = "fraudctl", region: Region = None, wait: Wait = 600.0) -> Result:
    """Take a snapshot while the job goes on.

    Example: fraudctl aws savepoint --name prod
    """
    taken = application.snapshot(account.Account(name, region), wait)
    return Result(f"snapshot {taken}", {"name": name, "snapshot": taken})
