"""Shows, as metrics, what only a look at the stack from outside tells.

Run by the engine as `python -m fraudctl.observe.exporter --home HOME`. Kafka, Flink and the home are asked
shortly before somebody asks for `/metrics` (`fraudctl.observe.ahead`), by the functions that `status` uses as
well. Decisions and refusals are counted as they come, from the moment the exporter starts: it reads the log
beside the stores' writers, belongs to no group and commits nothing.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fraudctl.console import options
from fraudctl.engines.workers import EXPORTER
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack, home_dir, read
from fraudctl.kafka.tail import Tail
from fraudctl.observe import looks
from fraudctl.observe.ahead import OLD_S, Ahead
from fraudctl.observe.rounds import Rounds
from fraudctl.observe.tally import Tally
from pipeline.metrics import exposition
from pipeline.process import logs
from pipeline.records.clock import now_ms

log = logging.getLogger("exporter")

GATHER_MS: Final = 1_000
"""How long the broker gathers what few there are; while many come it answers far sooner."""
_AGAIN_S: Final = 2.0
_READ_AHEAD_KB: Final = 1_024
_MOST: Final = 1_000
"""Records of one batch. With what is read ahead it decides how much memory the exporter takes."""
_NICER: Final = 5
_COLLECT_EVERY: Final = 50_000


class Exporter:
    """The looks and the counting of one stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._tally = Tally(now_ms)
        self._stopping = threading.Event()
        self._ahead = Ahead(Rounds(looks.parts(stack), fresh_s=OLD_S))

    def look(self) -> list[Any]:
        """Everything as it was a moment ago."""
        return [*self._ahead.look(), self._tally.figures]

    def start(self) -> None:
        """Look ahead of who asks, and count what comes, in threads of their own, one a topic."""
        self._ahead.start()
        topics, tally = self._stack.profile.topics, self._tally
        followed: dict[str, Callable[[Tail], object]] = {
            topics.decisions: lambda tail: tally.decisions(tail.timed(GATHER_MS / 1_000, _MOST)),
            topics.shadow: lambda tail: tally.shadow(tail.timed(GATHER_MS / 1_000, _MOST)),
            topics.refusals: lambda tail: tally.refusals(_reasons(tail)),
        }
        for topic, take in followed.items():
            thread = threading.Thread(target=self._follow, args=(topic, take), name=topic, daemon=True)
            thread.start()

    def stop(self) -> None:
        self._stopping.set()

    def wait(self) -> None:
        """Until it is told to stop."""
        while not self._stopping.wait(3_600):
            pass

    def _follow(self, topic: str, take: Callable[[Tail], object]) -> None:
        """From the end of the topic on; what comes while the broker is away for good is not counted."""
        while not self._stopping.is_set():
            try:
                with Tail(self._stack.kafka, topic, "latest", GATHER_MS, _READ_AHEAD_KB) as tail:
                    while not self._stopping.is_set():
                        take(tail)
            except FraudctlError as failure:
                log.warning("%s is not counted for now: %s", topic, failure.message)
            except Exception:  # whatever somebody writes to a topic, counting goes on behind it
                log.exception("%s: what came could not be counted", topic)
            self._stopping.wait(_AGAIN_S)


def _reasons(tail: Tail) -> list[bytes]:
    return [record.headers.get("reason", b"unknown") for record in tail.read(GATHER_MS / 1_000)]


def main() -> None:
    parser = argparse.ArgumentParser(prog="fraudctl.observe.exporter", description="Show a stack's metrics.")
    parser.add_argument("--home", type=Path, required=True)
    options.change(home=parser.parse_args().home)
    logs.begin()
    logging.getLogger("httpx").setLevel(logging.WARNING)  # or each question to Flink is a line
    os.nice(_NICER)
    gc.set_threshold(_COLLECT_EVERY)
    stack = read(home_dir())
    if stack is None:
        raise SystemExit(f"no stack has been started in {home_dir()}")
    stack = stack.seen_inside
    exporter = Exporter(stack)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: exporter.stop())
    exporter.start()
    exposition.serve(stack.metrics_port(EXPORTER), exporter.look, host=stack.metrics_host)
    exporter.wait()


if __name__ == "__main__":
    main()
