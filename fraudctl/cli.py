"""The command line: global options, and the one place where an error becomes output."""

from __future__ import annotations

import errno
import functools
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fraudctl import __version__
from fraudctl.commands import _tree
from fraudctl.commands._deferred import deferred
from fraudctl.commands._table import COMMANDS
from fraudctl.commands._tree import LazyGroup
from fraudctl.console import interrupt, options, result, streams
from fraudctl.errors import FraudctlError, UsageError
from fraudctl.settings.shipped import short

with deferred():  # nobody needs it where the command line is right
    from fraudctl.commands import _complaint

EXIT_INTERRUPTED = 130
EXIT_UNEXPECTED = 1
_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

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
    _tree.take_home(home)
    _tree.take_debug(debug)


@functools.cache
def build() -> LazyGroup:
    """The command tree; a command is read when it is asked for."""
    app = typer.Typer(name="fraudctl", no_args_is_help=True, pretty_exceptions_enable=False, cls=LazyGroup)
    app.callback()(_root)
    return _tree.build(app, COMMANDS)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and give its exit code; the one place where an error becomes output."""
    argv = list(sys.argv[1:] if arguments is None else arguments)
    interrupt.install()
    streams.prepare()
    options.reset()
    # Options that are read while parsing are known too late for an error of the parsing itself.
    options.change(json="--json" in argv, debug="--debug" in argv, arguments=tuple(argv))
    try:
        return _run(argv)
    except FraudctlError as error:
        if options.current().debug:
            _trace()
        return result.render_error(error)
    except KeyboardInterrupt:
        return result.render_interrupt(EXIT_INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone: nothing more to say, and no complaint at exit either.
        streams.drop_answers()
        return 0
    except OSError as error:
        if options.current().debug or (error.filename is None and error.errno not in _NO_ROOM):
            return _unexpected(error)
        return result.render_error(_file_error(error) if error.filename else _no_room("a file", error))
    except Exception as error:
        return _unexpected(error)


def _run(argv: list[str]) -> int:
    try:
        answer = build().main(argv, prog_name="fraudctl", standalone_mode=False)
    except typer.Abort:
        streams.say("aborted")
        return 1
    except Exception as error:
        usage = _usage_error(error)
        if usage is None:
            raise
        raise usage from error
    if isinstance(answer, result.Result):
        return _rendered(answer)
    if answer == EXIT_INTERRUPTED:  # what Typer makes of a Ctrl-C
        return result.render_interrupt(EXIT_INTERRUPTED)
    return answer if isinstance(answer, int) else 0


def _usage_error(error: Exception) -> UsageError | None:
    """A complaint of the parser as an error of ours; None if it is something else."""
    if not hasattr(error, "format_message") or not hasattr(error, "exit_code"):
        return None
    context = getattr(error, "ctx", None)
    name = _tree.command_name(context) if context is not None else ""
    options.change(command=name)
    message = _complaint.of(error)
    if not message:
        return UsageError("no command given", hint="choose one of those above")
    return UsageError(message, hint=f"see: fraudctl {name} --help".replace("  ", " "))


def _file_error(error: OSError) -> FraudctlError:
    """A file or folder that the machine does not give us, in words."""
    if error.errno == errno.ENAMETOOLONG:
        name = short(str(error.filename))
        return UsageError(f"{name}: no file can have so long a name", hint="give the path of a file")
    hint = "make room there" if error.errno in _NO_ROOM else "check that it is a place you may write to"
    return FraudctlError(
        f"{error.filename}: {error.strerror}",
        hint=f"{hint}, or choose another with --home; see: fraudctl doctor",
        code="file",
    )


def _no_room(what: str, error: OSError) -> FraudctlError:
    """A disk that is full in the middle of something."""
    return FraudctlError(f"{what} cannot be written: {error.strerror}", hint="make room there", code="file")


def _rendered(answer: result.Result) -> int:
    """Print the answer; where there is no room for it, all that is left is to say so as talk."""
    try:
        return result.render(answer)
    except OSError as error:
        if error.filename or error.errno not in _NO_ROOM:
            raise
        streams.drop_answers()
        options.change(json=False)
        raise _no_room("the answer", error) from error


def _unexpected(error: Exception) -> int:
    if options.current().debug:
        _trace()
    wrapped = FraudctlError(
        f"{type(error).__name__}: {error}",
        hint="this is a fault of fraudctl; run the command again with --debug to see where",
        code="unexpected",
        exit_code=EXIT_UNEXPECTED,
    )
    return result.render_error(wrapped)


def _trace() -> None:
    traceback.print_exc(file=sys.stderr)
