"""`fraudctl secrets`: what the stack's own servers ask who comes for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _completion, _options
from fraudctl.commands._app import App
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.engines import rotation
from fraudctl.errors import UsageError

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


def register(app: typer.Typer) -> None:
    noun = App(help="The secrets of the stack's own servers.")
    noun.command("list")(list_)
    noun.command("rotate")(rotate)
    app.add_typer(noun, name="secrets")


def list_() -> Result:
    """List the servers that ask for a secret of ours, and the file it lies in.

    Example: fraudctl secrets list
    """
    stack = engines.current()
    found = [{"name": name, "file": str(stack.paths.secret_file(name))} for name in rotation.servers(stack)]
    table = Table("", ("server", "secret"), [(one["name"], one["file"]) for one in found])
    return Result(f"{len(found)} secrets", {"secrets": found}, tables=(table,))


def rotate(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="A server; all if left out.", autocompletion=_completion.servers),
    ] = None,
    yes: _options.Yes = False,
    wait: _options.Wait = 180.0,
) -> Result:
    """Give servers of the running stack other secrets. No decision is lost; writers wait a moment.

    For Kafka and Flink the job ends with a savepoint and goes on from it; Flink and Redis are started again.

    Example: fraudctl secrets rotate redis --yes
    """
    stack = engines.current()
    chosen = rotation.check(stack, names or [])
    if not yes:
        _confirm(stack, chosen)
    with progress("changing secrets") as shown:
        found = rotation.rotate(stack, chosen, wait, shown)
    data = [{"name": one.name, "file": str(one.file), "restarted": one.was_restarted} for one in found]
    again = [one.name for one in found if one.was_restarted]
    said = f"; started again: {', '.join(again)}" if again else ""
    return Result(f"other secrets for {', '.join(chosen)}{said}", {"rotated": data})


def _confirm(stack: Stack, chosen: list[str]) -> None:
    refusal = UsageError("this changes secrets of a running stack", hint="say so with: --yes")
    _asking.confirm(f"Change the secrets of {', '.join(chosen)} in {stack.home}?", refusal)
