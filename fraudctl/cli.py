"""The command line: global options, the table of command modules, and the one error boundary."""

from __future__ import annotations

import errno
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from fraudctl import __version__
from fraudctl.commands import _tree
from fraudctl.commands._tree import Entry, LazyGroup
from fraudctl.console import interrupt, options, result, streams
from fraudctl.errors import FraudctlError, UsageError
from fraudctl.settings.shipped import short

COMMANDS = {
    "up": Entry(
        "fraudctl.commands.stack",
        "Start the whole stack and wait until it works. Repeats are quick and change nothing.",
        {"up": ""},
    ),
    "down": Entry(
        "fraudctl.commands.stack",
        "Stop the stack: the job with a savepoint, then every server. All data stays.",
        {"down": ""},
    ),
    "purge": Entry(
        "fraudctl.commands.purge",
        "Stop the stack and delete what it wrote, with all data. Exit 1 if something could not be deleted.",
        {"purge": ""},
    ),
    "restart": Entry(
        "fraudctl.commands.stack",
        "Stop and start one server, or a single program such as flink-taskmanager, and wait for it.",
        {"restart": ""},
    ),
    "status": Entry(
        "fraudctl.commands.stack",
        "How every server, the job and the sinks are. Exit 3 if one is not well, 4 if nothing runs.",
    ),
    "logs": Entry("fraudctl.commands.stack", "The log of a program, or of all."),
    "top": Entry(
        "fraudctl.commands.top",
        "Watch the stack live: rates, delays, lag, job, partitions and the newest alerts.",
    ),
    "console": Entry(
        "fraudctl.commands.console",
        "Show the stack on a read-only page of this machine: charts, alerts, search, explanations, rules.",
    ),
    "simulate": Entry(
        "fraudctl.commands.simulate",
        "Send a scenario at its pace, wait for every decision, print the scorecard.",
        {"simulate": ""},
    ),
    "ingest": Entry(
        "fraudctl.commands.ingest",
        "Send a file's rows; every refused row is reported with its line and reason.",
        {"ingest": ""},
    ),
    "inspect": Entry(
        "fraudctl.commands.inspect",
        "Say what a file is, which column looks like which field, and the command that reads it.",
    ),
    "alerts": Entry(
        "fraudctl.commands.alerts",
        "Show flagged transactions, newest first, or with `top` the riskiest addresses or users of 24 h.",
    ),
    "search": Entry(
        "fraudctl.commands.search",
        "Search the audit index of decisions, newest first (needs the sink elasticsearch).",
    ),
    "explain": Entry(
        "fraudctl.commands.explain",
        "Explain a decision: the transaction, every feature, every rule with the values it compared.",
    ),
    "backtest": Entry(
        "fraudctl.commands.backtest", "Score a recorded file and compare with its labels, without a stack."
    ),
    "replay": Entry(
        "fraudctl.commands.replay",
        "Score the log again with a rule set, beside the live job, and compare.",
        {"replay": "publish"},
    ),
    "label": Entry(
        "fraudctl.commands.label",
        "Write an analyst's verdict to the labels topic, or a file of them.",
        {"label": ""},
    ),
    "grants": Entry(
        "fraudctl.commands.grants",
        "Print the ACLs, roles and policies that exactly this profile needs, in each server's own language.",
    ),
    "doctor": Entry(
        "fraudctl.commands.doctor",
        "Check Python, memory, disk, ports, leftovers and versions. Exit 3 if something must be mended.",
    ),
    "bench": Entry(
        "fraudctl.commands.bench",
        "Measure the running stack. A run that lost an event or got one wrong ends with exit code 5.",
        {"bench": ""},
    ),
    "job": Entry(
        "fraudctl.commands.job",
        "The live scoring job.",
        dict.fromkeys(("submit", "stop", "savepoint", "rescale", "reset-offsets"), ""),
    ),
    "hotkeys": Entry(
        "fraudctl.commands.hotkeys",
        "Show which users, addresses, cards, … have the largest part of the traffic, of the last minutes.",
    ),
    "topics": Entry("fraudctl.commands.topics", "The topics of the stack.", {"grow": ""}),
    "scenario": Entry("fraudctl.commands.scenario", "The kinds of traffic that simulate can send."),
    "sinks": Entry(
        "fraudctl.commands.sinks",
        "The writers that feed each store.",
        {"pause": "", "resume": "", "rewind": "", "dlq": "retry"},
    ),
    "chaos": Entry(
        "fraudctl.commands.chaos",
        "Break something on purpose and prove that nothing is lost.",
        dict.fromkeys(("run", "undo"), ""),
    ),
    "export": Entry("fraudctl.commands.export", "Decisions as training data.", {"compact": ""}),
    "rules": Entry(
        "fraudctl.commands.rules",
        "Rule sets: features, rules and thresholds as data.",
        dict.fromkeys(("apply", "pause", "rollback", "approve", "adopt", "shadow", "promote"), ""),
    ),
    "dlq": Entry("fraudctl.commands.dlq", "Records that were refused for good.", {"retry": ""}),
    "verify": Entry(
        "fraudctl.commands.verify",
        "Prove that every store agrees with the decisions log.",
        {"sinks": "repair"},
    ),
    "forget": Entry(
        "fraudctl.commands.forget",
        "Erase a person from every store, and from what readers see of the log.",
        {"user": ""},
    ),
    "audit": Entry(
        "fraudctl.commands.audit",
        "Show who changed what and when, or `verify` that none of it was changed or cut; exit 5 if it was.",
    ),
    "backup": Entry(
        "fraudctl.commands.backup",
        "A copy of a stack from which it goes on elsewhere.",
        dict.fromkeys(("create", "restore"), ""),
    ),
    "secrets": Entry("fraudctl.commands.secrets", "The secrets of the stack's own servers.", {"rotate": ""}),
    "schema": Entry("fraudctl.commands.schema", "The JSON Schemas of records and files."),
    "notify": Entry("fraudctl.commands.notify", "What became of notifications."),
    "dashboards": Entry("fraudctl.commands.dashboards", "Dashboards and alert rules as files."),
    "deploy": Entry("fraudctl.commands.deploy", "What a stack on Kubernetes is made of."),
    "aws": Entry(
        "fraudctl.commands.aws",
        "A stack on AWS: its packages and template, and the deployment itself.",
        dict.fromkeys(("deploy", "down", "delete", "submit", "stop", "savepoint"), ""),
    ),
    "profile": Entry("fraudctl.commands.profile", "Profiles: what a stack is built from."),
}
"""Every command: the module that has it, its short help, which stands there as its docstring, and its verbs
that change something, which the audit log has, some with an option alone."""
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
    _tree.take_home(home)
    _tree.take_debug(debug)


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
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except OSError as error:
        if error.filename is None or options.current().debug:
            return _unexpected(error)
        return result.render_error(_file_error(error))
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
        return result.render(answer)
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
