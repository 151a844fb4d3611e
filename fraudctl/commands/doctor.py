"""`fraudctl doctor`: what is wrong with this machine or installation, and the mend."""

from __future__ import annotations

import typer

from fraudctl.console.result import Result, Table


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor() -> Result:
    """Check Python, memory, disk, ports, leftovers and versions. Exit 3 if something must be mended.

    Example: fraudctl doctor
    """
    import os
    from dataclasses import asdict

    from fraudctl.engines.contract import BROKEN, WELL
    from fraudctl.home.stack import home_dir
    from fraudctl.observe import doctor as examiner

    checks = examiner.examine(home_dir(), os.environ)
    state = examiner.worst(checks)
    rows = [(check.name, check.state, check.finding, check.mend) for check in checks]
    summary = (
        "all is well"
        if state == WELL
        else f"{len(list(examiner.mends(checks)))} finding(s) to look at"
    )
    data = {"state": state, "checks": [asdict(check) for check in checks]}
    table = Table("", ("check", "state", "finding", "mend"), rows)
    return Result(summary, data, exit_code=3 if state == BROKEN else 0, tables=(table,))
