"""The command line: global options, the table of command modules, and the one error boundary."""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from fraudctl import __version__
from fraudctl.console import interrupt, result
from fraudctl.errors import FraudctlError, UsageError
from fraudctl.settings.shipped import short

COMMAND_MODULES = (
    "stack",
    "job",
    "simulate",
    "scenario",
    "ingest",
    "alerts",
    "search",
    "sinks",
    "chaos",
    "export",
    "explain",
    "rules",
    "backtest",
    "replay",
    "dlq",
    "verify",
    "schema",
    "label",
    "notify",
    "profile",
    "doctor",
    "bench",
)
EXIT_INTERRUPTED = 130
EXIT_UNEXPECTED = 1

Home = Annotated[
    Path | None,
    typer.Option(
        "--home", metavar="DIR", help="Where the stack lives (default: FRAUDCTL_HOME, else per user)."
    ),
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the trace of an unexpected error.")]


def _show_version(asked: bool) -> None:
    if asked:
        result.render(result.Result(f"fraudctl {__version__}"))
        raise typer.Exit


def _root(
    home: Home = None,
    debug: Debug = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Score payments for fraud on real servers: start a stack, send traffic, see what is caught and why."""
    _take_home(home)
    _take_debug(debug)


def _take_json(context: typer.Context, asked: bool) -> None:
    result.set_options(command=_command_name(context), json=asked)


def _take_home(home: Path | None) -> None:
    if home is not None:
        result.set_options(home=home)


def _take_debug(asked: bool) -> None:
    if asked:
        result.set_options(debug=True)


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
            "--home", metavar="DIR", callback=_take_home, expose_value=False, help="The stack's folder."
        ),
    ] = None,
    debug: Annotated[
        bool,
        typer.Option("--debug", callback=_take_debug, expose_value=False, help="Show traces of errors."),
    ] = False,
) -> None:
    """The options every command has; they are put into each command when the tree is built."""


def build() -> Any:
    """The whole command tree, every command with --json, --home and --debug."""
    app = typer.Typer(name="fraudctl", no_args_is_help=True, pretty_exceptions_enable=False)
    app.callback()(_root)
    for name in COMMAND_MODULES:
        importlib.import_module(f"fraudctl.commands.{name}").register(app)
    tree: Any = typer.main.get_command(app)
    template = typer.Typer(add_completion=False)
    template.command()(_everywhere)
    for command in _leaves(tree):
        taken = {option for parameter in command.params for option in parameter.opts}
        shared: Any = typer.main.get_command(template)
        command.params.extend(p for p in shared.params if not taken & set(p.opts))
        for parameter in command.params:
            if getattr(parameter, "is_flag", False):
                parameter.metavar = ""  # Typer's help says <bool>, as if a value had to follow
    return tree


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; the one place where an error becomes output."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    interrupt.install()
    result.reset_options()
    # Options that are read while parsing are known too late for an error of the parsing itself.
    result.set_options(json="--json" in argv, debug="--debug" in argv)
    try:
        return _run(argv)
    except FraudctlError as error:
        if result.options().debug:
            _trace()
        return result.render_error(error)
    except KeyboardInterrupt:
        return result.render_interrupt(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone: nothing more to say, and no complaint at exit either.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None or result.options().debug:
            return _unexpected(error)
        return result.render_error(_file_error(error))
    except Exception as error:
        return _unexpected(error)


def _run(argv: list[str]) -> int:
    try:
        answer = build().main(argv, prog_name="fraudctl", standalone_mode=False)
    except typer.Abort:
        result.say("aborted")
        return 1
    except Exception as error:
        usage = _usage_error(error)
        if usage is None:
            raise
        raise usage from error
    if isinstance(answer, result.Result):
        return result.render(answer)
    if answer == EXIT_INTERRUPTED:  # what Typer makes of a Ctrl-C
        return result.render_interrupt(EXIT_INTERRUPTED)
    return answer if isinstance(answer, int) else 0


def _usage_error(error: Exception) -> UsageError | None:
    """A complaint of the parser as an error of ours; None if it is something else."""
    if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
        return None
    context = getattr(error, "ctx", None)
    name = _command_name(context) if context is not None else ""
    result.set_options(command=name)
    message = error.format_message()
    if not message:
        return UsageError("no command given", hint=f"see: fraudctl {name} --help".replace("  ", " "))
    return UsageError(message, hint=f"see: fraudctl {name} --help".replace("  ", " "))


def _file_error(error: OSError) -> FraudctlError:
    """A file or folder that the machine does not give us, in words."""
    if error.errno == errno.ENAMETOOLONG:
        name = short(str(error.filename))
        return UsageError(f"{name}: no file can have so long a name", hint="give the path of a file")
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    hint = "make room there" if full else "check that it is a place you may write to"
    return FraudctlError(
        f"{error.filename}: {error.strerror}",
        hint=f"{hint}, or choose another with --home; see: fraudctl doctor",
        code="file",
    )


def _unexpected(error: Exception) -> int:
    if result.options().debug:
        _trace()
    wrapped = FraudctlError(
        f"{type(error).__name__}: {error}",
        hint="this is a fault of fraudctl; run the command again with --debug to see where",
        code="unexpected",
        exit_code=EXIT_UNEXPECTED,
    )
    return result.render_error(wrapped)


def _trace() -> None:
    import traceback

    traceback.print_exc(file=sys.stderr)


def _command_name(context: Any) -> str:
    """`job status` for the context of that command."""
    return str(context.command_path).partition(" ")[2]


def _leaves(command: Any) -> Iterator[Any]:
    children = getattr(command, "commands", None)
    if children is None:
        yield command
        return
    for child in children.values():
        yield from _leaves(child)
