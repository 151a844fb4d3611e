"""The command tree, of which a module is imported when one of its commands is asked for.

Only names and short help are known of the others: see "Lazily Loading Subcommands" in Click's documentation.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import typer

from fraudctl.commands._app import App, Command, Group, leave_unconverted, without_value
from fraudctl.commands._deferred import deferred
from fraudctl.console import options

with deferred():  # nobody needs it for help
    from fraudctl.commands import _audited


class Entry(NamedTuple):
    """The module that registers a command, and the first paragraph of the command's help.

    `changes` are the verbs (the command itself where it has none) that change something, each with the option
    without which it only looks, or nothing.
    """

    module: str
    help: str
    changes: Mapping[str, str] = {}


class LazyGroup(Group):
    """A group whose `commands` are names and short help until one is asked for."""

    entries: Mapping[str, Entry]

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else self.whole(name), rest

    def whole(self, name: str) -> Any:
        """The command with its parameters and verbs."""
        entry = self.entries[name]
        command: Any = read(entry.module)[name]
        for verb, option in entry.changes.items():
            _record(command.commands[verb] if hasattr(command, "commands") else command, option)
        return command


def _record(command: Any, option: str) -> None:
    """Let the audit log have each call of it, or only those with that option."""

    def recorded(name: str, arguments: Mapping[str, object], run: Callable[[], Any]) -> Any:
        if option and not arguments.get(option):
            return run()
        return _audited.recorded(name, arguments, run)

    command.recorded = recorded


def build(app: typer.Typer, entries: Mapping[str, Entry]) -> LazyGroup:
    """The tree of an app whose group is lazy."""
    tree = typer.main.get_command(app)
    assert isinstance(tree, LazyGroup)
    tree.entries = entries
    tree.commands.update({name: Command(name, help=entry.help) for name, entry in entries.items()})
    for option in tree.params:
        leave_unconverted(without_value(option))
    return tree


def command_name(context: Any) -> str:
    """`job status` for the context of that command."""
    return str(context.command_path).partition(" ")[2]


def take_home(home: Path | None) -> None:
    """Let the stack be looked for there."""
    if home is not None:
        options.change(home=home)


def take_debug(asked: bool) -> None:
    """Let the trace of an error be shown."""
    if asked:
        options.change(debug=True)


def _take_json(context: typer.Context, asked: bool) -> None:
    options.change(command=command_name(context), json=asked)


def _everywhere(
    json: Annotated[
        bool,
        typer.Option(
            "--json",
            callback=_take_json,
            is_eager=True,
            expose_value=False,
            help="Print one JSON document instead of tables.",
        ),
    ] = False,
    home: Annotated[
        Path | None,
        typer.Option(
            "--home", metavar="DIR", callback=take_home, expose_value=False, help="The stack's folder."
        ),
    ] = None,
    debug: Annotated[
        bool, typer.Option("--debug", callback=take_debug, expose_value=False, help="Show traces of errors.")
    ] = False,
) -> None:
    """The options every command has; they are put into each command when its module is read."""


@functools.cache
def read(module: str) -> Mapping[str, object]:
    """The commands that a module registers, each with --json, --home and --debug; read once in a process."""
    app = App()
    with deferred():  # Typer reads the annotations, and they too name modules
        importlib.import_module(module).register(app)
        group: Any = typer.main.get_group(app)
    for command in _leaves(group):
        _complete(command)
    return dict(group.commands)


def _complete(command: Any) -> None:
    taken = {option for parameter in command.params for option in parameter.opts}
    command.params.extend(p for p in _shared() if not taken & set(p.opts))
    for parameter in command.params:
        without_value(parameter)


@functools.cache
def _shared() -> tuple[Any, ...]:
    """The options every command has, as Typer makes them of their declaration."""
    template = typer.Typer(add_completion=False)
    template.command()(_everywhere)
    return tuple(typer.main.get_command(template).params)


def _leaves(command: Any) -> Iterator[Any]:
    children = getattr(command, "commands", None)
    if children is None:
        yield command
        return
    for child in children.values():
        yield from _leaves(child)
