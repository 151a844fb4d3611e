"""A person forgotten: first for every reader of the log, then in every store, then looked for again.

The log itself is not rewritten: an erasure makes every reader pass over what lies there of the user, and the
bytes leave with the topics' retention. From the moment it is acknowledged no writer writes them any more, so
what a store loses afterwards stays lost. Whatever interrupts this, it is run again: it is right at any moment
to forget once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fraudctl import engines, waiting
from fraudctl.decisions import notifications
from fraudctl.engines import workers
from fraudctl.errors import Difference, Unhealthy
from fraudctl.kafka import admin, forgotten, tail, wanted
from fraudctl.kafka.tail import Record
from fraudctl.verify import working
from pipeline.records.decision_bytes import glance
from pipeline.records.decision_record import Delivery, run_of
from pipeline.records.forgotten import Until, user_of
from pipeline.records.names import writer_group
from pipeline.sinks import ReadBack, Unavailable, connect, mend, reads_back

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

Tell = Callable[[str], None]
"""Called with what is being done."""

DRAIN_S = 120.0
_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of a user. `places` maps each store to the events that it held. `erasure` is the hash under
    which the topic of erasures has the user, None where nothing was changed."""

    places: Mapping[str, int]
    erasure: str | None = None


def found(stack: Stack, user_id: str, tell: Tell = lambda _: None) -> Erased:
    """What the stores hold of a user; changes nothing. Raises Unhealthy."""
    places: dict[str, int] = {}
    for name in workers.sinks(stack):
        tell(f"looking into {name}")
        with _store(stack, name) as sink:
            places[name] = len(set(sink.of_user(user_id)))
    if workers.notifies(stack):
        places["notifications"] = notifications.of_user(stack, user_id)
    return Erased(places)


def forget(stack: Stack, user_id: str, tell: Tell = lambda _: None) -> Erased:
    """Forget a user in all that there is by now. Raises Unhealthy for what does not answer, and Difference
    where something is still found afterwards; run again, it goes on."""
    tell("noting the erasure")
    topics = stack.profile.topics
    until = ends(stack)
    erasure = forgotten.append(stack.kafka, topics.forgotten, user_id, until)
    newer = _Newer(stack, user_id, until[topics.decisions])
    _drain(stack, admin.end_offsets(stack.kafka, topics.decisions), tell)
    places: dict[str, int] = {}
    for name in workers.sinks(stack):
        tell(f"erasing from {name}")
        with _store(stack, name) as sink:
            places[name] = _erase(name, sink, user_id, newer)
    if workers.notifies(stack):
        tell("erasing what was notified")
        places["notifications"] = notifications.erase(stack, user_id)
    # what names events: a report, of which the next verification writes another, and what a killed one left
    working.sweep(stack.home / "verify")
    (stack.home / "verify" / "differences.jsonl").unlink(missing_ok=True)
    return Erased(places, erasure)


def ends(stack: Stack) -> Until:
    """Where every topic with payments, decisions or labels ends: of past data and kept replays as well."""
    topics = stack.profile.topics
    apart = {topics.rules, topics.forgotten}
    own = {one.name for one in wanted.specs(stack.profile)} - apart
    beside = tuple(f"{name}." for name in (topics.transactions, topics.decisions))
    named = own | {name for name in admin.names(stack.kafka) if name.startswith(beside)}
    return {name: admin.end_offsets(stack.kafka, name) for name in sorted(named)}


class _Newer:
    """The user's decisions that no erasure covers, though they lie behind it already."""

    def __init__(self, stack: Stack, user_id: str, start: Mapping[int, int]) -> None:
        self._stack, self._user_id, self._start = stack, user_id, start
        self._known = forgotten.of(stack)

    def read(self) -> list[Delivery]:
        """Those up to now."""
        topic = self._stack.profile.topics.decisions
        records = tail.records(self._stack.kafka, topic, self._start)
        own = (one for one in records if user_of(one.value) == self._user_id)
        return [_delivery(one) for one in forgotten.remembered(own, self._known)]


def _erase(name: str, sink: ReadBack, user_id: str, newer: _Newer) -> int:
    """Take the user out of one store and put back what came after the erasure; how many events it held."""
    held = sink.erase(user_id)
    left = set(sink.of_user(user_id))
    later = newer.read()
    if extra := left - {glance(one.value).identity for one in later}:
        raise Difference(
            f"{name} holds {len(extra)} events of the user again", hint="run it again", code="not_forgotten"
        )
    for at in range(0, len(later), _AT_ONCE):
        sink.write(later[at : at + _AT_ONCE])
    return held


def _drain(stack: Stack, end: Mapping[int, int], tell: Tell) -> None:
    """Until no writer has a batch in hand that it began before the erasure was known."""
    for name in workers.sinks(stack):
        tell(f"waiting for the writer of {name}")
        behind = Unhealthy(
            f"the writer of {name} is behind", hint="see: fraudctl sinks status; then run it again"
        )
        waiting.until(partial(_is_past, stack, name, end), DRAIN_S, partial(_same, behind))


def _is_past(stack: Stack, name: str, end: Mapping[int, int]) -> bool:
    done = admin.committed(stack.kafka, writer_group(name), stack.profile.topics.decisions)
    return all(done.get(p, 0) >= at for p, at in end.items()) or not _writes(stack, name)


def _same(error: Exception) -> Exception:
    return error


def _writes(stack: Stack, name: str) -> bool:
    """Whether a sink's writer may be at a batch."""
    program = engines.of(stack).programs(stack).get(workers.program(name))
    if program is None or not program.runs:
        return False
    said = workers.said(stack, name)
    return said is None or not said.suspended


@contextmanager
def _store(stack: Stack, name: str) -> Iterator[ReadBack]:
    """A sink's store, to be looked into and changed. Raises Unhealthy where it does not answer."""
    config = workers.writer(stack, name)
    sink = connect(config.sink, config.address, config.secret_file, config.settings)
    if not reads_back(sink):
        raise Unhealthy(
            f"{name} cannot be read back, so nobody can be forgotten in it",
            hint="delete his rows there by the store's own means",
        )
    try:
        yield sink
    except Unavailable as error:
        hint = mend(name, error) or "see: fraudctl status; then run it again"
        raise Unhealthy(f"{name}: {error}", hint=hint) from error
    finally:
        sink.close()


def _delivery(record: Record) -> Delivery:
    run = run_of(record.headers.items())
    place = record.partition, record.offset, run, record.append_ms
    return Delivery(record.value or b"", *place, record.key, record.framed)
