"""`fraudctl dashboards`: what Grafana and a Prometheus elsewhere need to watch a stack, as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fraudctl.commands._app import App
from fraudctl.console.result import Result, Table
from fraudctl.errors import Failed
from fraudctl.monitoring import dashboards as made
from pipeline.disk import files


def register(app: typer.Typer) -> None:
    noun = App(help="Dashboards and alert rules as files.")
    noun.callback()(_noun)
    noun.command("export")(export)
    app.add_typer(noun, name="dashboards")


def _noun() -> None:
    """Dashboards of Grafana and rules of Prometheus, as files."""


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write; made if it is not there.")],
    runbook: Annotated[
        str, typer.Option("--runbook", metavar="URL", help="The page that panels and alerts link to.")
    ] = "docs/runbook.md",
    prometheus: Annotated[
        str, typer.Option("--prometheus", metavar="URL", help="Where Grafana finds Prometheus.")
    ] = "http://prometheus:9090",
) -> Result:
    """Write Grafana's dashboards and provisioning, and Prometheus' rules; needs no stack.

    Example: fraudctl dashboards export ./grafana
    """
    written = made.files(runbook, prometheus)
    try:
        for name, text in written.items():
            files.write_atomically(folder / name, text, mode=0o644)
    except OSError as error:
        raise Failed(f"{error.filename or folder}: {error.strerror}", hint="name another folder") from error
    table = Table("", ("file",), [(name,) for name in sorted(written)])
    data = {"folder": str(folder), "files": sorted(written)}
    return Result(f"{len(written)} files in {folder}", data, tables=(table,))
