from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.connections.kafka.description import Kafka
from pipeline.process.silence import ACTIVE_POLL_MS, BUSY_RECORDS, HOLD_MS, IDLE_POLL_MS, SAFETY_MS, Silence
from pipeline.ticker import Config
from tests.examples import examples

OUT_OF_ORDERNESS_MS = 50
SETTLE_MS = OUT_OF_ORDERNESS_MS + SAFETY_MS


@dataclass
class Broker:
    """A log of partitions in one address space: what the ticker would see, with the time as a value."""

    partitions: int
    silence: Silence = field(default_factory=lambda: Silence(OUT_OF_ORDERNESS_MS, 20))
    now_ms: int = 0
    events: dict[int, list[int]] = field(default_factory=dict)
    ticks: dict[int, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.events = {partition: [] for partition in range(self.partitions)}
        self.ticks = {partition: [] for partition in range(self.partitions)}

    def ends(self) -> dict[int, int]:
        return {p: len(self.events[p]) + len(self.ticks[p]) for p in range(self.partitions)}

    def append(self, partition: int) -> None:
        self.events[partition].append(self.now_ms)

    def step(self, refuse: bool = False) -> list[int]:
        needed = self.silence.observe(self.now_ms, self.ends())
        for partition in needed:
            if not refuse:
                offset = self.ends()[partition]
                self.ticks[partition].append(self.now_ms)
                self.silence.ticked(partition, offset, self.now_ms)
        return needed

    def run(self, duration_ms: int, step_ms: int = 5) -> None:
        until = self.now_ms + duration_ms
        while self.now_ms < until:
            self.now_ms += step_ms
            self.step()


def test_a_start_counts_as_activity_and_ends_with_one_tick_in_every_partition() -> None:
    broker = Broker(3)
    broker.step()
    broker.run(1000)
    assert {p: len(t) for p, t in broker.ticks.items()} == {0: 1, 1: 1, 2: 1}
    assert all(t[0] >= SETTLE_MS for t in broker.ticks.values())


def test_an_idle_topic_gets_no_further_ticks() -> None:
    broker = Broker(4)
    broker.run(500)
    before = broker.ends()
    broker.run(60_000)
    assert broker.ends() == before


def test_a_lone_event_is_followed_by_a_tick_in_every_partition_after_the_settling_time() -> None:
    broker = Broker(4)
    broker.run(500)
    broker.append(2)
    written_ms = broker.now_ms
    broker.run(500)
    assert all(t[-1] >= written_ms + SETTLE_MS for t in broker.ticks.values())


def test_a_partition_that_holds_the_others_back_is_ticked_every_twenty_milliseconds() -> None:
    broker = Broker(2)
    broker.run(500)
    settled = len(broker.ticks[1])
    for _ in range(200):
        broker.append(0)
        broker.run(5)
    gaps = [
        later - earlier
        for earlier, later in zip(broker.ticks[1][settled:], broker.ticks[1][settled + 1 :], strict=False)
    ]
    assert set(gaps) == {20}
    assert len(broker.ticks[0]) == 1


def test_a_tick_that_the_broker_refused_is_asked_for_again() -> None:
    broker = Broker(1)
    broker.step()
    broker.now_ms = 60
    assert [broker.step(refuse=True), broker.step(), broker.step()] == [[0], [0], []]


def test_a_tick_seen_before_and_after_its_delivery_report_is_no_activity() -> None:
    silence = Silence(OUT_OF_ORDERNESS_MS)
    silence.observe(0, {0: 7})
    assert silence.observe(60, {0: 7}) == [0]
    silence.ticked(0, 7, 60)
    assert [silence.observe(now, {0: end}) for now, end in ((61, 7), (62, 8), (500, 8))] == [[], [], []]


def test_an_event_beside_an_own_tick_is_activity() -> None:
    silence = Silence(OUT_OF_ORDERNESS_MS)
    silence.observe(0, {0: 7})
    silence.ticked(0, 8, 60)
    assert silence.observe(70, {0: 9}) == []
    assert silence.observe(70 + SETTLE_MS, {0: 9}) == [0]


def test_a_topic_that_was_made_anew_counts_as_activity() -> None:
    silence = Silence(OUT_OF_ORDERNESS_MS)
    silence.observe(0, {0: 70})
    silence.ticked(0, 70, 60)
    silence.observe(100, {0: 71})
    silence.observe(200, {0: 0})
    assert silence.observe(200 + SETTLE_MS, {0: 0}) == [0]


def test_the_wait_is_short_while_something_goes_on_and_long_when_all_is_told() -> None:
    silence = Silence(OUT_OF_ORDERNESS_MS)
    silence.observe(0, {0: 0})
    assert silence.wait_ms(0) == ACTIVE_POLL_MS
    assert silence.wait_ms(SETTLE_MS - 4) == 4
    assert not silence.is_told
    silence.ticked(0, 0, 60)
    assert silence.wait_ms(61) == IDLE_POLL_MS
    assert silence.is_told


def test_partitions_that_are_busy_are_looked_at_half_as_often_until_one_of_them_is_not() -> None:
    silence = Silence(OUT_OF_ORDERNESS_MS, 20)
    waits = []
    for now_ms, ends in (
        (0, {0: 0, 1: 0}),
        (10, {0: BUSY_RECORDS, 1: BUSY_RECORDS}),
        (30, {0: 2 * BUSY_RECORDS, 1: 2 * BUSY_RECORDS}),
        (50, {0: 3 * BUSY_RECORDS, 1: 3 * BUSY_RECORDS - 1}),
        (60, {0: 4 * BUSY_RECORDS, 1: 4 * BUSY_RECORDS}),
        (80, {0: 5 * BUSY_RECORDS, 1: 4 * BUSY_RECORDS}),
    ):
        needed = silence.observe(now_ms, ends)
        waits.append((silence.wait_ms(now_ms), needed))
    assert waits == [(10, []), (20, []), (20, []), (10, []), (20, []), (10, [1])]


def test_a_config_file_gives_the_settings(tmp_path: Path) -> None:
    path = tmp_path / "ticker.json"
    path.write_text(
        '{"kafka":{"bootstrap":"127.0.0.1:1"},"topic":"t","out_of_orderness_ms":30,"silent_ms":20}'
    )
    assert Config.read(path) == Config(Kafka(bootstrap="127.0.0.1:1"), "t", 30.0, 20.0)


STEPS = st.lists(
    st.tuples(st.integers(1, 40), st.lists(st.integers(0, 3), max_size=3), st.booleans()),
    min_size=1,
    max_size=60,
)


@settings(max_examples=examples(200))
@given(STEPS)
def test_whatever_happens_everything_is_released_and_nobody_is_held_back(
    steps: list[tuple[int, list[int], bool]],
) -> None:
    broker = Broker(4)
    broker.step()
    for pause_ms, partitions, refused in steps:
        broker.now_ms += pause_ms
        for partition in partitions:
            broker.append(partition)
        broker.step(refuse=refused)
        if not refused:
            assert holders_without_tick(broker) == []
    broker.run(200)
    last_event_ms = max((times[-1] for times in broker.events.values() if times), default=0)
    assert all(t and t[-1] >= last_event_ms + SETTLE_MS for t in broker.ticks.values())
    before = broker.ends()
    broker.run(2_000)
    assert broker.ends() == before


def holders_without_tick(broker: Broker) -> list[int]:
    """Partitions silent for 20 ms or more after which another partition got an event."""
    last = {p: max([*broker.events[p], *broker.ticks[p], 0]) for p in broker.events}
    newest_event_ms = max((times[-1] for times in broker.events.values() if times), default=0)
    return [p for p in last if newest_event_ms > last[p] and broker.now_ms - last[p] >= 20]


def test_a_partition_that_stays_busy_is_told_once_a_second_how_far_behind_it_may_be() -> None:
    silence, told = Silence(OUT_OF_ORDERNESS_MS, 20), []
    end = 0
    for now_ms in range(0, 3500, 10):
        end += 1
        assert silence.observe(now_ms, {0: end}) == []
        for partition in silence.held(now_ms):
            silence.ticked(partition, end, now_ms, HOLD_MS)
            end += 1
            told.append(now_ms)
    assert told == [1000, 2000, 3000]


def test_a_tick_that_allows_for_being_behind_does_not_count_as_the_last_one() -> None:
    silence = Silence(OUT_OF_ORDERNESS_MS, 20)
    silence.observe(0, {0: 1})
    silence.ticked(0, 1, 10, HOLD_MS)
    assert silence.observe(SETTLE_MS, {0: 2}) == [0]


def test_a_tick_that_could_not_say_all_is_followed_by_one_a_second_until_one_says_all() -> None:
    silence, told = Silence(OUT_OF_ORDERNESS_MS, 20), []
    silence.observe(0, {0: 7})
    end = 7
    for now_ms in range(60, 4_060, 10):
        for partition in silence.observe(now_ms, {0: end}):
            silence.ticked(partition, end, now_ms, tells_all=now_ms >= 3_000)
            end += 1
            told.append(now_ms)
        assert silence.held(now_ms) == []
        assert silence.wait_ms(now_ms) == (IDLE_POLL_MS if now_ms >= 3_060 else ACTIVE_POLL_MS)
    assert told == [60, 1_060, 2_060, 3_060]


def test_an_event_after_a_tick_that_could_not_say_all_is_told_of_as_soon_as_any_other() -> None:
    silence = Silence(OUT_OF_ORDERNESS_MS, 20)
    silence.observe(0, {0: 7})
    assert silence.observe(60, {0: 7}) == [0]
    silence.ticked(0, 7, 60, tells_all=False)
    assert silence.observe(100, {0: 9}) == []
    assert silence.observe(100 + SETTLE_MS, {0: 9}) == [0]
