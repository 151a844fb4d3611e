"""Ends what a plug-in holds up: names the rule, has it called no more, restarts Flink's worker.

Reads the desks of `pipeline.rules.plugins.watch`. A call is judged by the processor time of its thread, so
that a machine that is merely slow stops nothing; only a call that neither runs nor returns is judged by the
clock.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fraudctl.home.paths import Paths
from fraudctl.waiting import every
from pipeline.records import clock
from pipeline.rules.plugins import watch as plugin_watch
from pipeline.rules.plugins.watch import Running, Stopped

log = logging.getLogger("keeper")

LOOK_EVERY_S = 0.2
IDLE_S = 60.0
"""A call that has not returned after this long is stopped, whatever processor time it took."""
DEATHS = 3
"""So many processes that end within calls of one plug-in in so many seconds, and it is called no more."""
DEATHS_WITHIN_S = 900.0
_WORKER = b"org.apache.flink.runtime.taskexecutor.TaskManagerRunner"
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")

Pause = Callable[[Running], None]
"""Takes a rule out of the rule set in force; raises nothing."""
IsWorker = Callable[[Running], bool]
"""Whether the process of a call may be ended: a desk is written by who is judged."""


@dataclass(frozen=True, slots=True)
class _Seen:
    call: Running
    cpu_s: float
    at_s: float


class Watcher:
    """One look at a time (`look`), so that a test can drive it; the thread only repeats it."""

    def __init__(
        self, folder: Path, pause: Pause | None = None, is_worker: IsWorker = lambda _: True
    ) -> None:
        self._folder, self._pause, self._is_worker = folder, pause, is_worker
        self._seen: dict[Path, _Seen] = {}
        self._left: set[Path] = set()
        self._deaths: defaultdict[str, list[float]] = defaultdict(list)

    def look(self) -> list[Running]:
        """Judges every call that has not returned; the ones that were stopped."""
        found: dict[Path, _Seen] = {}
        over: list[Running] = []
        for path in self._folder.glob(plugin_watch.DESKS):
            call = plugin_watch.running(path)
            if call is None or plugin_watch.began(call.pid) != call.began:
                over += self._died(path, call) if call else []
                plugin_watch.sweep(path)
                continue
            if not self._is_worker(call):
                continue
            before = self._seen.get(path)
            known = before is not None and before.call.number == call.number
            found[path] = before if known and before else _Seen(call, cpu_s(call), time.monotonic())
        self._seen = found
        for path, seen in found.items():
            if _is_over(seen):
                self._left.add(path)
                self.end(seen.call)
                over.append(seen.call)
        return over

    def _died(self, path: Path, call: Running) -> list[Running]:
        """The call in which a process has ended, where others of the same plug-in did before.

        Once may be anybody's doing; a plug-in that takes its worker along each time would stop the scoring.
        """
        if path in self._left:
            return []
        self._left.add(path)
        now = time.monotonic()
        self._deaths[call.key] = [at for at in self._deaths[call.key] if now - at < DEATHS_WITHIN_S] + [now]
        log.warning("a process ended within the plug-in %s of rule %s", call.place, call.rule)
        if len(self._deaths[call.key]) < DEATHS:
            return []
        self.end(call, f"was stopped: {DEATHS} processes ended within it")
        return [call]

    def end(self, call: Running, reason: str | None = None) -> None:
        """Has it called no more and ends its process.

        The note comes first: the worker that is started next must find it.
        """
        reason = reason or f"was stopped: it held the interpreter beyond its limit of {call.limit_s:.0f} s"
        log.error("the plug-in %s of rule %s %s", call.place, call.rule, reason)
        entry: Stopped = {
            "rule": call.rule,
            "place": call.place,
            "version": call.version,
            "hash": call.hash,
            "reason": reason,
            "at_ms": clock.now_ms(),
        }
        try:
            plugin_watch.stop(self._folder, call.key, entry)
        except OSError as failure:
            log.error("that it was stopped cannot be noted, so it may be called once more: %s", failure)
        if plugin_watch.began(call.pid) == call.began:
            log.warning("ending Flink's worker, pid %s; another is started", call.pid)
            os.kill(call.pid, signal.SIGKILL)
        if self._pause is not None:
            self._pause(call)


def cpu_s(call: Running) -> float:
    """The processor time that the call's thread has taken so far; 0 when it is gone."""
    try:
        stat = Path(f"/proc/{call.pid}/task/{call.thread}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(stat[11]) + int(stat[12])) / _TICKS_A_SECOND


def is_of_flink(home: Path, call: Running) -> bool:
    """Whether the call is in a worker of the Flink of this home. A plug-in that got past its checks writes
    what it likes on its desk, and shall not thereby have the keeper end other programs.
    """
    try:
        words = Path(f"/proc/{call.pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return _WORKER in words and os.fsencode(Paths(home).flink_conf) in words


def _is_over(seen: _Seen) -> bool:
    spent = cpu_s(seen.call) - seen.cpu_s
    return spent > seen.call.limit_s or time.monotonic() - seen.at_s > max(IDLE_S, seen.call.limit_s)


def watch(folder: Path, pause: Pause | None = None) -> threading.Thread:
    """Look again and again in a thread of its own."""
    watcher = Watcher(folder, pause, partial(is_of_flink, folder.parent))
    thread = threading.Thread(target=_repeat, args=(watcher,), name="plugin-watcher", daemon=True)
    thread.start()
    return thread


def _repeat(watcher: Watcher) -> None:
    for _ in every(LOOK_EVERY_S):
        try:
            watcher.look()
        except OSError as failure:
            log.warning("the plug-ins cannot be watched: %s", failure)


def stopped(folder: Path) -> list[Stopped]:
    """The plug-ins that were stopped in this home, the oldest first."""
    return sorted(plugin_watch.stopped(folder).values(), key=lambda entry: entry["at_ms"])
