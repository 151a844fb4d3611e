"""Which run numbers were taken, also where the counter that says so was lost.

Of two decisions for one event the one with the higher run holds in every store. A number that is given twice
would make new decisions lose against old ones without a word, so a lost counter is recovered from all that
names a run: what lies in the home, and the decisions in the log.
"""

from __future__ import annotations

import fcntl
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.errors import Failed, FraudctlError
from fraudctl.home.private_files import make_folder, open_private, write_atomically
from fraudctl.home.run_counter import counted, newest_seen
from fraudctl.home.typed_files import Damaged
from fraudctl.jobs import states
from fraudctl.kafka import tail
from fraudctl.kafka.tail import Record
from pipeline.records.decision_record import run_of

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

log = logging.getLogger(__name__)


def next_run(stack: Stack) -> int:
    """Takes the next run number: greater than every one taken in this home before, on disk when returned.

    A counter that is lost is recovered, from the log as well. Failed where the log cannot be asked.
    """
    path = stack.paths.jobs / "run"
    make_folder(path.parent)
    with open_private(path.parent / "run.lock", "a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        run = newest(stack, path) + 1
        write_atomically(path, f"{run}\n")
    return run


def newest(stack: Stack, counter: Path) -> int:
    """The newest run number taken, 0 in a new home. Failed where only the log knows and cannot be asked."""
    seen = max([newest_seen(stack.home), *states.of(stack).runs()])
    try:
        counted_ = counted(counter)
    except Damaged as failure:
        log.warning("%s; recovering it", failure.message)
        counted_ = None
    if counted_ is not None:
        return max(counted_, seen)
    if counter.exists() or seen or _log_may_know(stack):
        return max(seen, newest_in_log(stack, counter))
    return seen


def newest_in_log(stack: Stack, counter: Path) -> int:
    """The newest run among the decisions in the log, all of which are read."""
    topic = stack.profile.topics.decisions
    log.warning("the run counter is lost: looking for the newest run in %s", topic)
    try:
        return max((_run(record) for record in tail.records(stack.kafka, topic)), default=0)
    except FraudctlError as failure:
        raise Failed(
            f"the run counter {counter} is lost, and the log cannot be asked for the newest run: "
            f"{failure.message}",
            hint="see that Kafka is well and try again; a number at or below an old one would make new "
            "decisions lose against old ones in every store",
            code="run_unknown",
        ) from failure


def _log_may_know(stack: Stack) -> bool:
    """Whether there may be decisions of runs that nothing else in the home tells of."""
    held = stack.paths.data("kafka").glob(f"{stack.profile.topics.decisions}-*/*.log")
    is_ours = stack.profile.server("kafka").external is None
    return any(segment.stat().st_size for segment in held) if is_ours else True


def _run(record: Record) -> int:
    return run_of(record.headers.items())
