"""`fraudctl console`: the stack on a page of this machine, for reading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.console.result import Result
from fraudctl.views import watcher
from fraudctl.views.web import serving, source

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

KEPT_S = 3_600.0
EVERY_S = 3.0


def register(app: typer.Typer) -> None:
    app.command("console")(console)


def console(
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65_535, help="This port; else 19580, or any free one.")
    ] = None,
) -> Result:
    """Show the stack on a read-only page of this machine: charts, alerts, search, explanations, rules.

    The address that is printed holds a token: who has it may read. Ctrl-C ends it.

    Example: fraudctl console
    """
    return Result("", _served(engines.current(), port), line=_line)


def _served(stack: Stack, port: int | None) -> Iterator[dict[str, object]]:
    watching = watcher.of(stack, KEPT_S, EVERY_S)
    page = serving.Page(source.OfStack(stack, watching), port)
    watching.start()
    yield {"url": page.url, "port": page.port}
    page.serve()
    watching.stop()


def _line(one: Mapping[str, object]) -> str:
    return f"open {one['url']}"
