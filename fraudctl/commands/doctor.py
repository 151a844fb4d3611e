"""`fraudctl doctor`: what is wrong with this machine or installation, and the mend."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from fraudctl.commands import _completion
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.engines import contract
from fraudctl.home import stack
from fraudctl.observe import connections
from fraudctl.observe import doctor as examiner
from fraudctl.settings import reading
from pipeline.records import wording


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(
    profile: Annotated[
        str | None,
        typer.Option(
            "--profile",
            help="Try its servers elsewhere as well: names, certificates, logins, rights.",
            autocompletion=_completion.profiles,
        ),
    ] = None,
    engine: Annotated[
        str | None,
        typer.Option(
            "--engine",
            help="Look for what this one needs: local, compose, kubernetes, aws. "
            "Without it: that of the profile, or of the home.",
            autocompletion=_completion.engines,
        ),
    ] = None,
) -> Result:
    """Check Python, memory, disk, ports, leftovers and versions. Exit 3 if something must be mended.

    Example: fraudctl doctor --profile production.yaml
    """
    chosen = None if profile is None else reading.load(profile, environ=os.environ)
    checks = examiner.examine(stack.home_dir(), os.environ, engine or (chosen.engine if chosen else None))
    if chosen is not None:
        with progress("trying the servers of the profile"):
            checks += connections.examine(chosen)
    state = examiner.worst(checks)
    rows = [(check.name, check.state, check.finding, check.mend) for check in checks]
    summary = (
        "all is well"
        if state == contract.WELL
        else f"{wording.counted(len(list(examiner.mends(checks))), 'finding')} to look at"
    )
    data = {"state": state, "checks": [asdict(check) for check in checks]}
    table = Table("", ("check", "state", "finding", "mend"), rows)
    return Result(summary, data, exit_code=3 if state == contract.BROKEN else 0, tables=(table,))
