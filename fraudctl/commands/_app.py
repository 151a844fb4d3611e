"""What a command module is made of: a noun with its verbs, whose help is shown by the console."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import typer
from typer import core

from fraudctl.console import help as help_page


class _Unconverted(core.TyperOption):
    """An option that is None where it is not given, and then needs no conversion.

    What Typer converts with takes longer to import than help takes to show, and the options of the nouns are
    read on the way to every verb.
    """

    def process_value(self, ctx: Any, value: Any) -> Any:
        return None if value is None else super().process_value(ctx, value)


def leave_unconverted(option: Any) -> Any:
    """The option, converted only when it is given; it must have no default and no callback for None."""
    if isinstance(option, core.TyperOption) and option.default is None:
        option.__class__ = _Unconverted
    return option


def without_value(option: Any) -> Any:
    """The option; of a flag Typer's help says <bool>, as if a value had to follow."""
    if getattr(option, "is_flag", False):
        option.metavar = ""
    return option


class Command(core.TyperCommand):
    """A verb. `recorded` is how one that changes something is run, so that it is known afterwards."""

    recorded: Callable[[str, Mapping[str, object], Callable[[], Any]], Any] | None = None

    def invoke(self, ctx: Any) -> Any:
        if self.recorded is None:
            return super().invoke(ctx)
        name = str(ctx.command_path).partition(" ")[2]
        return self.recorded(name, ctx.params, lambda: super(Command, self).invoke(ctx))

    def get_help_option(self, ctx: Any) -> Any:
        return leave_unconverted(without_value(super().get_help_option(ctx)))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        if core.HAS_RICH:
            help_page.show(_page(self, ctx))
        else:
            super().format_help(ctx, formatter)


class Group(core.TyperGroup):
    """A noun."""

    def get_help_option(self, ctx: Any) -> Any:
        return leave_unconverted(without_value(super().get_help_option(ctx)))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        if core.HAS_RICH:
            help_page.show(_page(self, ctx, _commands(self)))
        else:
            super().format_help(ctx, formatter)


class App(typer.Typer):
    """Collects the verbs of a noun, or the commands of a module."""

    def __init__(self, help: str = "") -> None:
        super().__init__(help=help, no_args_is_help=True, add_completion=False, cls=Group)

    def command(self, *names: Any, **settings: Any) -> Callable[[Any], Any]:
        def registered(function: Callable[..., Any]) -> Any:
            said = _unwrapped(function.__doc__ or "")
            return super(App, self).command(*names, cls=Command, help=said, **settings)(function)

        return registered


def _unwrapped(text: str) -> str:
    """A docstring of whole paragraphs: their lines end where the terminal does, not where the source did."""
    return "\n\n".join(" ".join(one.split()) for one in inspect.cleandoc(text).split("\n\n"))


def _page(command: Any, ctx: Any, commands: tuple[tuple[str, str], ...] = ()) -> help_page.Page:
    shown = [parameter for parameter in command.get_params(ctx) if not parameter.hidden]
    arguments = [one for one in shown if isinstance(one, core.TyperArgument)]
    options = [one for one in shown if isinstance(one, core.TyperOption)]
    return help_page.Page(
        command.get_usage(ctx),
        command.help or "",
        [_argument(one, ctx) for one in arguments],
        [_option(one, ctx) for one in options],
        commands,
    )


def _commands(group: core.TyperGroup) -> tuple[tuple[str, str], ...]:
    return tuple((name, str(command.help or "")) for name, command in group.commands.items())


def _argument(argument: Any, ctx: Any) -> help_page.Parameter:
    short = argument.display_name_raw
    if argument.metavar is None and argument.nargs != 1:
        short += "..."
    return _parameter(argument, ctx, "", short)


def _option(option: Any, ctx: Any) -> help_page.Parameter:
    long = [form for form in option.opts if form.startswith("--")]
    short = [form for form in option.opts if not form.startswith("--")]
    return _parameter(option, ctx, ",".join(long), ",".join(short))


def _parameter(parameter: Any, ctx: Any, name: str, short: str) -> help_page.Parameter:
    return help_page.Parameter(
        name,
        short,
        ",".join(parameter.secondary_opts),
        (parameter.display_type_rich(ctx=ctx) or "") + _range(parameter),
        parameter.help or "",
        _default(parameter, ctx),
        parameter.required,
    )


def _range(parameter: Any) -> str:
    least, most = parameter.min, parameter.max
    if least is None and most is None:
        return ""
    if most is None:
        return f" [x>={least}]"
    return f" [x<={most}]" if least is None else f" [{least}<=x<={most}]"


def _default(parameter: Any, ctx: Any) -> str:
    """What it is if it is not given; of a flag its form, or nothing where there is none for "not"."""
    default = parameter.get_default(ctx, call=False)
    if default is None or not parameter.show_default:
        return ""
    if isinstance(default, bool):
        forms = parameter.opts if default else parameter.secondary_opts
        return str(forms[0]).removeprefix("--") if parameter.secondary_opts else ""
    return str(getattr(default, "value", default))
