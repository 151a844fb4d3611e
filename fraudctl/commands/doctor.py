"""`fraudctl doctor`: what is wrong with this machine or installation, and the mend."""

from __future__ import annotations

import os
from dataclasses import asdict

import typer

from fraudctl.console.result import Result, Table
from fraudctl.engines import contract
from fraudctl.home import stack
from fraudctl.observe import doctor as examiner


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor() -> Result:
    """Check Python, memory, disk, ports, leftovers and versions. Exit 3 if something must be mended.

    Example: fraudctl doctor
    """
    checks = examiner.examine(stack.home_dir(), os.environ)
    state = examiner.worst(checks)
    rows = [(check.name, check.state, check.finding, check.mend) for check in checks]
    summary = (
        "all is well"
        if state == contract.WELL
        else f"{len(list(examiner.mends(checks)))} finding(s) to look at"
    )
    data = {"state": state, "checks": [asdict(check) for check in checks]}
    table = Table("", ("check", "state", "finding", "mend"), rows)
    return Result(summary, data, exit_code=3 if state == contract.BROKEN else 0, tables=(table,))
