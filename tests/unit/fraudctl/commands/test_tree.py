"""The table of commands: it says what the commands say, and no more is imported than is asked for."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer import Context, rich_utils

from fraudctl import cli
from fraudctl.commands import _tree
from fraudctl.commands._table import COMMANDS

ROOT = Path(cli.__file__).parents[1]
TREE = cli.build()
WHOLE = {name: TREE.whole(name) for name in COMMANDS}
THIRD_PARTIES = {"annotated_doc", "rich", "shellingham", "typer"}
"""what help may import; each other package costs every command its time"""
SPELLS_OUT = {"pipeline.records.visible"}
"""what the console shares with the programs that write logs, and is no work of any command"""
SHOW_HELP = """
import io, json, os, sys
from contextlib import redirect_stdout
before = set(sys.modules)
import typer
for command in json.load(sys.stdin):
    if not os.fork():
        from fraudctl import cli
        with redirect_stdout(io.StringIO()):
            cli.main([*command.split(), "--help"])
        from fraudctl.commands._deferred import is_executed
        found = [name for name in set(sys.modules) - before if is_executed(sys.modules[name])]
        print(json.dumps([command, found]), flush=True)
        os._exit(0)
    assert os.wait()[1] == 0, command
"""
"""Each in a process of its own that has nothing but Typer, which is told as well."""


def everything(command: Any, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    """Every noun and verb below a command, and the command."""
    children = WHOLE if command is TREE else getattr(command, "commands", {})
    return [(path, command)] + [
        one for name, child in children.items() for one in everything(child, (*path, name))
    ]


@cache
def imported_for_help() -> Mapping[str, set[str]]:
    """What is imported for the help of each command, and for that of all of them, which has no name."""
    argv, asked = [sys.executable, "-c", SHOW_HELP], json.dumps(["", *COMMANDS])
    done = subprocess.run(argv, input=asked, capture_output=True, text=True, check=True)
    return {command: set(found) for command, found in map(json.loads, done.stdout.splitlines())}


def shown(command: Any, path: tuple[str, ...], show: Any) -> str:
    context = Context(command, info_name=" ".join(("fraudctl", *path)))
    with redirect_stdout(io.StringIO()) as out:
        show(command, context)
    return out.getvalue()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_says_of_a_command_what_the_command_says_of_itself(name: str) -> None:
    first = inspect.cleandoc(WHOLE[name].help).split("\n\n")[0]
    assert COMMANDS[name].help == " ".join(first.split())


def test_every_command_of_a_module_stands_in_the_table() -> None:
    modules = {entry.module for entry in COMMANDS.values()}
    registered = {(module, name) for module in modules for name in _tree.read(module)}
    assert registered == {(entry.module, name) for name, entry in COMMANDS.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_imports_that_command_and_nothing_that_it_works_with(name: str) -> None:
    found = imported_for_help()[name]
    own = COMMANDS[name].module
    rooms = {".".join(one.split(".")[:3]) for one in found if one.startswith("fraudctl.commands.")}
    assert {room for room in rooms if not room.startswith("fraudctl.commands._")} == {own}
    packages = {one.split(".")[0] for one in found} - sys.stdlib_module_names - {"fraudctl", "pipeline"}
    assert packages <= THIRD_PARTIES


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command_executes_of_the_rooms_that_it_works_with_what_they_are_for_and_no_more(
    name: str,
) -> None:
    shows = {"cli", "commands", "console", "errors", "settings"}
    ours = {one for one in imported_for_help()[name] if one.startswith(("fraudctl.", "pipeline."))}
    worked_with = {one for one in ours if one.split(".")[1] not in shows}
    folders = {one for one in worked_with if ROOT.joinpath(*one.split("."), "__init__.py").is_file()}
    assert worked_with - folders == SPELLS_OUT
    assert {one for one in ours if one.startswith("fraudctl.settings.")} <= {"fraudctl.settings.shipped"}


def test_help_of_everything_imports_no_command() -> None:
    found = imported_for_help()[""]
    assert {one for one in found if one.startswith("fraudctl.commands.")} == {
        "fraudctl.commands._app",
        "fraudctl.commands._deferred",
        "fraudctl.commands._table",
        "fraudctl.commands._tree",
    }
    assert {one.split(".")[0] for one in found} - sys.stdlib_module_names <= THIRD_PARTIES | {
        "fraudctl",
        "pipeline",
    }
    assert {one for one in found if one.startswith("pipeline.")} == {"pipeline.records", *SPELLS_OUT}


@pytest.mark.parametrize(
    ("width", "is_coloured"),
    [
        (80, True),
        pytest.param(60, False, marks=pytest.mark.slow),
        pytest.param(140, False, marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize(("path", "command"), everything(TREE), ids=lambda one: str(one)[:40])
def test_help_looks_as_typer_shows_it(
    path: tuple[str, ...], command: Any, width: int, is_coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    if is_coloured:
        monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setattr(rich_utils, "FORCE_TERMINAL", True if is_coloured else None)
    expected = shown(
        command, path, lambda it, ctx: rich_utils.rich_format_help(obj=it, ctx=ctx, markup_mode="rich")
    )
    assert shown(command, path, lambda it, ctx: it.format_help(ctx, None)) == expected


@pytest.mark.parametrize(("path", "command"), everything(TREE), ids=lambda one: str(one)[:40])
def test_lines_of_help_end_where_the_terminal_does_and_usage_says_once_what_may_be_left_out_or_repeated(
    path: tuple[str, ...], command: Any
) -> None:
    assert [one for one in (command.help or "").split("\n\n") if "\n" in one] == []
    usage = command.get_usage(Context(command, info_name=" ".join(path)))
    assert [sign for sign in ("...}...", "...]...", "[[") if sign in usage] == []


@pytest.mark.parametrize("words", ["", "rules", "down"])
def test_no_flag_looks_as_if_a_value_had_to_follow(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*words.split(), "--help"]) == 0
    shown = capsys.readouterr().out
    assert "--help" in shown
    assert "<bool>" not in shown


@pytest.mark.parametrize("words", ["", "rules"])
def test_who_gives_no_command_is_shown_those_there_are(
    words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(words.split()) == 2
    shown, said = capsys.readouterr()
    assert "Commands" in shown
    assert said == "error: no command given\nhint:  choose one of those above\n"
