"""A page of help: usage, what it is for, arguments, options and commands, in the look of Typer's own.

Typer's renderer imports Markdown and tracebacks to get there, which takes longer than everything else that
`--help` does. This one knows neither Typer nor any command.
"""

from __future__ import annotations

import inspect
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.columns import Columns
from rich.console import Console, Group, RenderableType
from rich.highlighter import RegexHighlighter
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.theme import Theme

THEME = {
    "option": "bold cyan",
    "switch": "bold green",
    "negative_option": "bold magenta",
    "negative_switch": "bold red",
    "types": "bold yellow",
    "types_sep": "dim",
    "usage": "yellow",
}


class _Options(RegexHighlighter):
    highlights: ClassVar[list[str]] = [
        r"(^|\W)(?P<switch>\-\w+)(?![a-zA-Z0-9])",
        r"(^|\W)(?P<option>\-\-[\w\-]+)(?![a-zA-Z0-9])",
        r"(?P<types>\<[^\>]+\>)",
        r"(?P<usage>Usage: )",
    ]


class _Negatives(RegexHighlighter):
    highlights: ClassVar[list[str]] = [
        r"(^|\W)(?P<negative_switch>\-\w+)(?![a-zA-Z0-9])",
        r"(^|\W)(?P<negative_option>\-\-[\w\-]+)(?![a-zA-Z0-9])",
    ]


class _Types(RegexHighlighter):
    highlights: ClassVar[list[str]] = [
        r"^(?P<types_sep>(\[|<))",
        r"(?P<types_sep>\|)",
        r"(?P<types_sep>(\]|>))(\.\.\.)?$",
    ]


_options, _negatives, _types = _Options(), _Negatives(), _Types()


@dataclass(frozen=True)
class Parameter:
    """An option or an argument. `name` are its long forms, `short` its short ones or an argument's name.

    `negative` are the forms that switch it off, `default` is empty where there is none to show.
    """

    name: str
    short: str
    negative: str
    type: str
    help: str
    default: str
    is_required: bool


@dataclass(frozen=True)
class Page:
    """What there is to say of a command; `commands` are names with their help."""

    usage: str
    text: str
    arguments: Sequence[Parameter] = ()
    options: Sequence[Parameter] = ()
    commands: Sequence[tuple[str, str]] = ()


def show(page: Page) -> None:
    """Print the page on stdout."""
    console = _console()
    console.print(Padding(_options(page.usage), 1), style="bold")
    if page.text:
        console.print(Padding(_prose(page.text), (0, 1, 1, 1)))
    for title, parameters in (("Arguments", page.arguments), ("Options", page.options)):
        if parameters:
            console.print(_panel(title, _parameters(parameters)))
    if page.commands:
        console.print(_panel("Commands", _commands(page.commands)))


def _console() -> Console:
    width = os.environ.get("TERMINAL_WIDTH")
    forced = any(map(os.environ.get, ("GITHUB_ACTIONS", "FORCE_COLOR", "PY_COLORS")))
    return Console(
        theme=Theme(THEME),
        highlighter=_options,
        force_terminal=forced or None,
        width=int(width) if width else None,
    )


def _panel(title: str, content: RenderableType) -> Panel:
    return Panel(content, border_style="dim", title=title, title_align="left")


def _prose(text: str) -> RenderableType:
    """The first paragraph as one line, the others dim as they were written."""
    first, *others = inspect.cleandoc(text).split("\n\n")
    parts = [_markup(first.replace("\n", " ").strip())]
    if others:
        parts += [Text(""), _markup("\n\n".join(others), style="dim")]
    return Group(*parts)


def _markup(text: str, style: str = "") -> Text:
    marked = Text.from_markup(inspect.cleandoc(text), style=style, emoji=False)
    _options.highlight(marked)
    return marked


def _parameters(parameters: Sequence[Parameter]) -> Table:
    table = Table(highlight=True, show_header=False, expand=True, box=None, padding=(0, 1), pad_edge=False)
    with_star = any(parameter.is_required for parameter in parameters)
    for parameter in parameters:
        star = Text("*", style="red") if parameter.is_required else ""
        table.add_row(*([star] if with_star else []), *_cells(parameter))
    return table


def _cells(parameter: Parameter) -> tuple[RenderableType, ...]:
    return (
        _options(parameter.name),
        _options(parameter.short),
        _negatives(parameter.negative),
        _negatives(""),
        _types(Text(parameter.type, style="bold yellow", overflow="fold")),
        _told(parameter),
    )


def _told(parameter: Parameter) -> Columns:
    """Its help, then its default and whether it must be given, as far as they fit on the line."""
    items = [_markup(parameter.help.replace("\n", " "))] if parameter.help else []
    if parameter.default:
        items.append(Text(f"[default: {parameter.default}]", style="dim"))
    if parameter.is_required:
        items.append(Text("[required]", style="dim red"))
    return Columns(items)


def _commands(commands: Sequence[tuple[str, str]]) -> Table:
    table = Table(show_header=False, expand=True, box=None, padding=(0, 1), pad_edge=False)
    table.add_column(style="bold cyan", no_wrap=True, width=max(len(name) for name, _ in commands))
    table.add_column(ratio=10)
    for name, text in commands:
        table.add_row(Text(name), _markup(inspect.cleandoc(text).split("\n\n")[0].strip()))
    return table
