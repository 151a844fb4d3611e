"""Every command line that a document or a message prints is one that `fraudctl` has, verbs and options."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl import cli
from fraudctl.commands._table import COMMANDS
from tests.unit.test_docs import DOCUMENTS, ROOT

PRINTED = re.compile(r"(?:^ *|`|\$ |-- )fraudctl ([^`\n#]+)", re.MULTILINE)
NONE = {"rules record": "the words before what is signed"}
"""What begins like a command line and is none."""
PLACEHOLDER = re.compile(r"[A-Z…<]")
SAID = re.compile(r"(?:: |`|see )fraudctl ([a-z][^`;,()&\n]*)")
NAMED = re.compile(r"fraudctl (?!import\b)")
OPTION = re.compile(r"--[a-z][a-z-]*")


@functools.cache
def whole_tree() -> Any:
    return cli.build()


def wrong(line: str) -> Iterator[str]:
    """What `fraudctl LINE` names that is not there."""
    tree = whole_tree()
    command: Any = tree
    known = options_of(tree)
    words = line.split()
    while words and hasattr(command, "commands"):
        word = words.pop(0)
        if word.startswith("-"):
            words = words[1:] if word == "--home" else words
            continue
        found = [one for one in word.strip(".,;:)").split("|") if one not in command.commands]
        if found or PLACEHOLDER.match(word):
            yield from found if not PLACEHOLDER.match(word) else ()
            return
        name = word.strip(".,;:)").split("|")[0]
        command = tree.whole(name) if command is tree else command.commands[name]
        known |= options_of(command)
    yield from (one for one in OPTION.findall(" ".join(words)) if one not in known)


def options_of(command: Any) -> set[str]:
    return {one for parameter in command.params for one in (*parameter.opts, *parameter.secondary_opts)} | {
        "--help",
        "--version",
        "--install-completion",
        "--show-completion",
    }


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_command_line_that_a_document_prints_is_one_that_there_is(document: Any) -> None:
    lines = [one for one in PRINTED.findall(document.read_text(encoding="utf-8")) if one not in NONE]
    assert {line: found for line in lines if (found := list(wrong(line)))} == {}


def said_in(source: Path) -> Iterator[str]:
    """The command lines in a module's texts, as far as they are no expressions: help, hints, mends."""
    text = source.read_text(encoding="utf-8")
    if not NAMED.search(text):
        return  # parsing is what takes time
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from SAID.findall(node.value)


@pytest.mark.parametrize("room", ["fraudctl", "pipeline"])
def test_every_command_line_that_a_message_names_is_one_that_there_is(room: str) -> None:
    said = {(source.name, line) for source in (ROOT / room).rglob("*.py") for line in said_in(source)}
    assert said
    assert {one: found for one in said if (found := list(wrong(one[1])))} == {}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("simulate --attack ip-burst", []),
        ("job stop|submit", []),
        ("simulat --attack ip-burst", ["simulat"]),
        ("job start", ["start"]),
        ("verify sinks --mend", ["--mend"]),
    ],
)
def test_what_is_not_there_is_found(line: str, found: list[str]) -> None:
    assert list(wrong(line)) == found


def test_the_readme_names_every_command() -> None:
    table = (
        (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Commands\n")[2].partition("\n## ")[0]
    )
    first_cells = re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
    named = {name.split()[0] for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)}
    assert set(COMMANDS) - named == set()
    assert named - set(COMMANDS) == set()
