"""Which run numbers were taken, also where the counter that says so was lost.

Of two decisions for one event the one with the higher run holds in every store. A number that is given twice
would make new decisions lose against old ones without a word, so a lost counter is recovered from all that
names a run: what lies in the home, and the decisions in the log.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.errors import Failed, FraudctlError
from fraudctl.home.typed_files import Damaged
from fraudctl.kafka import admin
from pipeline.records.delivery import run_of

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

log = logging.getLogger(__name__)

_NAMED = (
    ("jobs/runs/*.json", r"(\d+)\.json"),
    ("checkpoints/*", r"(?:run|past)-(\d+)"),
    ("savepoints/*", r"run-(\d+)"),
)
"""Where a file's or folder's name holds a run, and how."""
_TOLD = ("jobs/keeper.json", "jobs/*.config.json", "rules/history.jsonl")
_RUN = re.compile(r'"run": ?(\d{1,7})\b')
_MEND = "remove it; the next run looks for the newest number in the home and in the log"


def newest(stack: Stack, counter: Path) -> int:
    """The newest run number taken, 0 in a new home. Failed where only the log knows and cannot be asked."""
    seen = newest_seen(stack.home)
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


def counted(counter: Path) -> int | None:
    """What the counter says; None where there is none. Damaged when it is no number."""
    try:
        text = counter.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as failure:
        raise Damaged(f"{counter} cannot be read: {failure}", hint=_MEND) from failure
    if not re.fullmatch(r"\d{1,7}", text.strip()):
        raise Damaged(f"{counter} is damaged: {text[:40]!r} is no run number", hint=_MEND)
    return int(text)


def newest_seen(home: Path) -> int:
    """The newest run that anything in the home names, 0 if nothing does."""
    return max([*_in_names(home), *_in_texts(home)], default=0)


def newest_in_log(stack: Stack, counter: Path) -> int:
    """The newest run among the decisions in the log, all of which are read."""
    topic = stack.profile.topics.decisions
    log.warning("the run counter is lost: looking for the newest run in %s", topic)
    try:
        return max((_run(record) for record in admin.tail(stack.kafka, topic)), default=0)
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


def _in_names(home: Path) -> Iterator[int]:
    for pattern, name in _NAMED:
        for path in home.glob(pattern):
            if match := re.fullmatch(name, path.name):
                yield int(match[1])


def _in_texts(home: Path) -> Iterator[int]:
    for pattern in _TOLD:
        for path in home.glob(pattern):
            with suppress(OSError):
                text = path.read_text(encoding="utf-8", errors="replace")
                yield from _told(text.splitlines() if path.suffix == ".jsonl" else [text])


def _told(documents: Sequence[str]) -> Iterator[int]:
    """What each document says; of one that cannot be read, whatever looks like it."""
    for document in documents:
        try:
            run = json.loads(document).get("run")
        except (ValueError, AttributeError):
            yield from map(int, _RUN.findall(document))
        else:
            if isinstance(run, int) and not isinstance(run, bool):
                yield run


def _run(record: admin.Record) -> int:
    return run_of(record.headers.items())
