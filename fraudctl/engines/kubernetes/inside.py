"""What runs in a pod: `python -m fraudctl.engines.kubernetes.inside NAME`, which becomes that program.

NAME is `ticker`, `notifier`, `exporter` or `sink-…`; `setup`, which makes topics, tables and the first
activation, and ends; `toolbox`, which does nothing and lets a person work: `kubectl exec … -- fraudctl …`;
`command`, which is `fraudctl` with the words after it; `rules`, which is the same for somebody elsewhere who
asks for it; `rules-log`, which reads and writes the topic of rules for who signs elsewhere; or `replay`,
which is a command beside a Flink of its own, whose name is the first word.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NoReturn

from fraudctl.console.streams import say
from fraudctl.engines import external, workers
from fraudctl.engines.kubernetes import beside, mounted, on_behalf
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack, home_dir
from fraudctl.jobs import activations, rules_log, steps, submission
from fraudctl.jobs.rules_log import OnBroker
from fraudctl.kafka import admin, wanted


def become(name: str, arguments: Sequence[str] = ()) -> None:
    """Replace this process by a program or a command, or do what `setup` and `toolbox` do."""
    if name == mounted.REPLAY:
        beside.prepare(home_dir(), arguments[0])
        _become_command(arguments[1:])
    if name == mounted.RULES:
        on_behalf.prepare(home_dir())
        _become_command(arguments)
    stack = mounted.stack_of(home_dir(), name)
    if name == mounted.COMMAND:
        _become_command(arguments)
    elif name == mounted.RULES_LOG:
        carry(stack)
    elif name in _NOT_ONE:
        _NOT_ONE[name](stack)
    else:
        _become(stack, name)


def _become(stack: Stack, name: str) -> None:
    program = next((one for one in workers.programs(stack) if one.name == name), None)
    if program is None:
        raise mounted.Unmounted(f"this profile has no program {name}", hint="see: fraudctl deploy render")
    _execute(program.argv, program.env)


def _become_command(arguments: Sequence[str]) -> NoReturn:
    """Who asks for one document is told nothing beside it: a pod has one log for both streams.

    It stays this process, which takes a SIGTERM for a Ctrl-C, so that the command leaves nothing behind when
    its pod is deleted: the first process of a container would otherwise not hear of it.
    """
    if "--json" in arguments:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    sys.argv = ["fraudctl", *arguments]
    runpy.run_module("fraudctl", run_name="__main__")
    raise AssertionError("a command line ends its process")


def _execute(argv: Sequence[str], env: Mapping[str, str]) -> None:
    os.execve(argv[0], list(argv), {**os.environ, **env})


def setup(stack: Stack) -> None:
    """Topics, tables and the first activation: what is there already stays as it is."""
    admin.create(stack.kafka, wanted.specs(stack.profile))
    for sink in filter(stack.feeds, stack.profile.sinks):
        external.prepare(stack, sink)
    chain = activations.signed_for(stack).begin(submission.ruleset_content(stack.profile.rules))
    say(f"topics and tables are there; in force is {chain[-1].version}")


def carry(stack: Stack, folder: Path = mounted.GIVEN) -> None:
    """Write the record that is given, if any, and tell on standard output what lies on the topic of rules."""
    log = OnBroker(stack.kafka, stack.profile.topics.rules)
    record = folder / mounted.RECORD
    signed = record.read_bytes() if record.is_file() else None
    sys.stdout.write(rules_log.tell(log, signed, lambda: steps.known(stack, tuple)) + "\n")


def _wait_for_people(_: Stack) -> None:
    signal.sigwait({signal.SIGTERM, signal.SIGINT})


_NOT_ONE: Mapping[str, Callable[[Stack], None]] = {mounted.SETUP: setup, mounted.TOOLBOX: _wait_for_people}


def main(arguments: Sequence[str]) -> int:
    """The exit code; what is wrong stands in the pod's log in two lines."""
    os.umask(0o077)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM} if arguments[:1] == [mounted.TOOLBOX] else ())
    try:
        become(arguments[0], arguments[1:])
    except FraudctlError as error:
        say(f"error: {error.message}")
        say(f"hint:  {error.hint}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
