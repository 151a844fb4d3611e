"""What the tests of the running pipeline share: sending events, reading decisions, comparing the stores."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.request import HTTPSHandler, ProxyHandler, Request, build_opener

from fraudctl import engines
from fraudctl.bench.load import Workload, number_of
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, FraudctlError
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs import live
from fraudctl.jobs.submission import LIVE
from fraudctl.kafka import admin, tail
from fraudctl.kafka.sender import Sender
from fraudctl.kafka.tail import Tail
from fraudctl.waiting import until
from pipeline import sinks
from pipeline.connections.peek import context
from pipeline.records import position
from pipeline.records.clock import now_ms
from pipeline.records.decisions import Decision, decode_decision
from pipeline.records.names import writer_group
from tests.threads import meanwhile
from tests.waiting import LONG_S, await_death, await_none_left, family


@dataclass(frozen=True)
class Logged:
    """A decision as the log holds it."""

    position: int
    run: int
    value: bytes

    @property
    def decision(self) -> Decision:
        return decode_decision(self.value)


def workload(rate: float = 1000.0) -> Workload:
    """Events of this moment under a token of their own."""
    return Workload(f"s{time.time_ns():x}", 7, now_ms(), rate)


def send_all(stack: Stack, load: Workload, first: int, count: int) -> None:
    """Sends the events with the numbers first to count - 1 as fast as the broker takes them."""
    sender = Sender(stack.kafka)
    for number, (key, value) in enumerate(load.events(count)):
        if number >= first:
            sender.send(stack.profile.topics.transactions, value, key)
    assert (sender.flush(), sender.failed) == (0, 0)


def decisions(stack: Stack, load: Workload) -> dict[int, list[Logged]]:
    """Every decision on the log for this load, whose events are sent from its start on, by their number."""
    found: dict[int, list[Logged]] = {}
    topic = stack.profile.topics.decisions
    for record in tail.records(stack.kafka, topic, admin.offsets_at(stack.kafka, topic, load.start_ms)):
        number = number_of(record.value or b"", load.token.encode())
        if number is not None and record.value is not None:
            run = int(record.headers["run"])
            logged = Logged(position.pack(run, record.offset), run, record.value)
            found.setdefault(number, []).append(logged)
    return found


def newest(logged: Mapping[int, list[Logged]]) -> dict[int, Logged]:
    """The decision that holds for each event: the one with the greatest position."""
    return {number: max(all_of, key=lambda one: one.position) for number, all_of in logged.items()}


def replay_topics(stack: Stack) -> list[str]:
    """The topics of replays that run or were kept."""
    return [name for name in admin.names(stack.kafka) if ".replay-" in name]


class KillingMidway(Progress):
    """Kills Flink's worker once, when a replay has made so many of its decisions.

    Flink's own counts come seconds late; the replay could be over by then.
    """

    def __init__(self, stack: Stack, decisions: int) -> None:
        self.stack, self.decisions, self.decided_at_kill = stack, decisions, 0
        self.others = replay_topics(stack)

    def update(self, done: float, note: str = "") -> None:
        if not self.decided_at_kill and (decided := self._decided()) >= self.decisions:
            self.decided_at_kill = decided
            kill(self.stack, "flink-taskmanager")

    def _decided(self) -> int:
        mine = set(replay_topics(self.stack)).difference(self.others)
        return sum(
            sum(admin.end_offsets(self.stack.kafka, name).values())
            for name in mine
            if not name.endswith(".dlq")
        )


def await_decisions(
    stack: Stack, load: Workload, count: int, wait_s: float = LONG_S
) -> dict[int, list[Logged]]:
    """The decisions once each of the events 0 to count - 1 has one."""
    topic, token = stack.profile.topics.decisions, load.token.encode()
    decided: set[int] = set()
    with Tail(stack.kafka, topic, admin.offsets_at(stack.kafka, topic, load.start_ms)) as tail:

        def complete() -> bool:
            numbers = (number_of(record.value or b"", token) for record in tail.read())
            decided.update(number for number in numbers if number is not None)
            return len(decided) == count

        await_that(complete, wait_s, lambda: f"{len(decided)} of {count} events are decided")
    return decisions(stack, load)


def await_that(met: Callable[[], bool], wait_s: float, state: Callable[[], str]) -> None:
    """Waits for a condition; a server that is away meanwhile makes it false, not an error."""

    def quietly() -> bool:
        try:
            return met()
        except FraudctlError:
            return False

    until(quietly, wait_s, lambda: Failed(f"after {wait_s:.0f} s: {state()}"))


def live_job_id(stack: Stack) -> str:
    """The one live job."""
    found = Flink(stack.flink).live(LIVE)
    assert len(found) == 1, found
    return found[0].job_id


def all_tasks_run(stack: Stack) -> bool:
    status: Any = live.status(stack)["flink"]
    return bool(status and status["all_tasks_running"])


def await_checkpoint(stack: Stack, wait_s: float = LONG_S) -> None:
    """Has the live job take a checkpoint that begins now, not when its interval is over, and waits for it."""
    url = f"{stack.flink.url}/jobs/{live_job_id(stack)}/checkpoints"
    begin = Request(url, b"{}", {"Content-Type": "application/json"}, method="POST")
    trigger = _json(stack, begin)["request-id"]
    answer: dict[str, Any] = {}

    def is_complete() -> bool:
        answer.update(_json(stack, Request(f"{url}/{trigger}")))
        return bool(answer["status"]["id"] == "COMPLETED")

    await_that(is_complete, wait_s, lambda: f"no checkpoint is complete: {answer}")
    assert "failure-cause" not in answer["operation"], answer


def _json(stack: Stack, request: Request) -> Any:
    """What Flink answers to its owner."""
    known = HTTPSHandler(context=context(stack.flink.tls_files))
    with build_opener(ProxyHandler({}), known).open(request, timeout=LONG_S) as answer:
        return json.load(answer)


def kill(stack: Stack, program: str) -> int:
    """Kills one program the hard way and waits until it and its children are dead and the engine runs it
    anew; its old pid."""
    engine = engines.of(stack)
    pid = engine.programs(stack)[program].pid
    assert pid
    doomed = family(pid)
    engine.kill(stack, program)
    await_death(doomed)

    def is_back() -> bool:
        state = engine.programs(stack).get(program)
        return bool(state and state.runs and state.pid != pid)

    await_that(is_back, LONG_S, lambda: f"{program} is not back: {engine.programs(stack).get(program)}")
    return pid


_UNKNOWN = 1 << 62
"""A lag that nobody has told yet: whatever is told is nearer."""


def await_sinks(stack: Stack, wait_s: float = LONG_S) -> None:
    """Waits until every sink has committed the whole decisions log; fails where one has come no nearer for so
    long."""
    topic = stack.profile.topics.decisions

    behind = dict.fromkeys(stack.profile.sinks, _UNKNOWN)

    def lags() -> dict[str, int]:
        with suppress(FraudctlError):  # a server that is away meanwhile leaves what was known
            for sink in behind:
                behind[sink] = sum(admin.lag(stack.kafka, writer_group(sink), topic).values())
        return behind

    await_none_left(lags, "sinks are behind", wait_s)


def held_by(stack: Stack, sink: str, held: Mapping[int, Logged]) -> dict[int, sinks.Held | None]:
    """What a store holds for each of the events."""
    store = sinks.connect(sink, stack.sink_address(sink), stack.secret(sink), dict(stack.profile.sinks[sink]))
    try:
        identities = {number: one.decision.identity for number, one in held.items()}
        return {number: store.held(*identity) for number, identity in identities.items()}
    finally:
        store.close()


def expected_in(stack: Stack, sink: str, held: Mapping[int, Logged]) -> dict[int, sinks.Held | None]:
    """What the log says that the store must hold for each of the events."""
    store = sinks.connect(sink, stack.sink_address(sink), None, dict(stack.profile.sinks[sink]))
    flagged_only = store.flagged_only
    store.close()
    wanted: dict[int, sinks.Held | None] = {}
    for number, one in held.items():
        made = one.decision
        rules = tuple(hit.rule for hit in made.reasons)
        is_held = made.flagged or not flagged_only
        wanted[number] = sinks.Held(one.position, made.score, made.decision, rules) if is_held else None
    return wanted


@contextmanager
def ticking(sender: Sender, stack: Stack, event: dict[str, Any]) -> Iterator[None]:
    """Sends copies of an event under new ids until the end of the block."""

    def send(over: threading.Event) -> None:
        number = 0
        while not over.wait(0.05):
            number += 1
            one = {**event, "event_id": f"{event['event_id']}-{number}", "event_time": now_ms()}
            topic = stack.profile.topics.transactions
            sender.send(topic, json.dumps(one).encode(), str(event["user_id"]).encode())

    with meanwhile(send):
        yield
    assert (sender.flush(), sender.failed) == (0, 0)
