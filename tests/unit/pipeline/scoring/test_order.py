"""When events are due: late ones, ticks, closes, and the order of processing."""

import json

from pipeline.scoring.order import Record, Stamped, stamp

START_MS = 1_772_366_400_000


def record(partition: int, offset: int, time_ms: int, append_ms: int, event_id: str = "e") -> Record:
    content = {"event_id": event_id, "user_id": "u", "event_time": START_MS + time_ms, "amount": 1}
    return Record(partition, offset, START_MS + append_ms, json.dumps(content).encode())


def control(partition: int, offset: int, append_ms: int, **headers: bytes) -> Record:
    return Record(partition, offset, START_MS + append_ms, None, headers)


def times(stamped: list[Stamped]) -> list[tuple[int, int, int, bool]]:
    return [(s.offset, s.pos - START_MS, s.due - START_MS, s.late) for s in stamped]


def test_an_event_is_due_at_its_time_or_when_its_partition_has_moved_on() -> None:
    records = [
        record(0, 0, time_ms=1000, append_ms=1010),
        record(0, 1, time_ms=960, append_ms=1020),
        record(0, 2, time_ms=900, append_ms=1030),
        record(0, 3, time_ms=99_000, append_ms=1040),
        record(0, 4, time_ms=985, append_ms=1050),
    ]
    assert times(stamp(records, 50)) == [
        (0, 1000, 1000, False),
        (1, 960, 960, False),
        (2, 900, 950, True),
        (3, 1040, 1040, False),
        (4, 985, 990, True),
    ]


def test_past_data_knows_no_append_time() -> None:
    records = [record(0, 0, 5000, 0), record(0, 1, 4000, 0)]
    assert times(stamp(records, 50, time="event")) == [(0, 5000, 5000, False), (1, 4000, 4950, True)]


def test_partitions_have_clocks_of_their_own() -> None:
    records = [record(0, 0, 5000, 6000), record(1, 0, 100, 6000), record(0, 1, 100, 6000)]
    assert times(stamp(records, 0)) == [(0, 5000, 5000, False), (0, 100, 100, False), (1, 100, 5000, True)]


def test_ticks_and_closes_only_move_the_clock() -> None:
    close = str(START_MS + 3000).encode()
    records = [
        control(0, 0, 1000, tick=b""),
        record(0, 1, 900, 1001),
        control(0, 2, 500, close=close),
        record(0, 3, 2000, 2001),
    ]
    stamping = stamp(records, 50, time="event")
    assert times(stamping) == [(1, 900, 950, True), (3, 2000, 3001, True)]
    assert stamping.refused == []


def test_on_a_live_topic_no_control_record_moves_the_clock_beyond_its_append_time() -> None:
    records = [
        control(0, 0, 500, close=str(START_MS + 3000).encode()),
        control(0, 1, 600, tick=b"-9000"),
        record(0, 2, 2000, 2001),
    ]
    assert times(stamp(records, 50)) == [(2, 2000, 2000, False)]


def test_a_tick_may_say_how_far_behind_its_append_its_partition_can_be() -> None:
    records = [control(0, 0, 1000, tick=b"30"), record(0, 1, 900, 1001), record(0, 2, 980, 1001)]
    assert times(stamp(records, 0)) == [(1, 900, 970, True), (2, 980, 980, False)]


def test_a_control_record_whose_header_is_no_number_is_an_empty_record() -> None:
    records = [control(0, 0, 1000, close=b"soon"), control(0, 1, 1000, tick=b"?"), record(0, 2, 100, 9000)]
    stamping = stamp(records, 50)
    assert times(stamping) == [(2, 100, 100, False)]
    assert [r.refusal.code for r in stamping.refused] == ["empty_value", "empty_value"]


def test_refused_records_are_set_apart_and_move_nothing() -> None:
    bad, empty = Record(0, 0, START_MS + 9000, b"?"), Record(0, 1, START_MS + 9000, None)
    stamping = stamp([bad, empty, record(0, 2, 100, 9000)], 50)
    assert times(stamping) == [(2, 100, 100, False)]
    assert [(r.record.offset, r.refusal.code) for r in stamping.refused] == [
        (0, "invalid_json"),
        (1, "empty_value"),
    ]


def test_the_order_is_due_then_position_then_append_time_then_place_in_the_log() -> None:
    records = [
        record(1, 0, 1000, 1999, "b"),
        record(0, 0, 1000, 2000, "e9"),
        record(0, 1, 1000, 2000, "e10"),
        record(1, 1, 1000, 2000, "a"),
        record(0, 2, 1000, 2001, "a"),
        record(0, 3, 900, 2002, "z"),
        record(2, 0, 950, 2003, "a"),
    ]
    ordered = sorted(stamp(records, 0), key=lambda s: s.order)
    assert [(s.transaction.event_id, s.partition, s.offset) for s in ordered] == [
        ("a", 2, 0),
        ("z", 0, 3),
        ("b", 1, 0),
        ("e9", 0, 0),
        ("e10", 0, 1),
        ("a", 1, 1),
        ("a", 0, 2),
    ]


def test_a_tick_takes_its_partition_no_further_than_its_limit_says() -> None:
    limit = str(START_MS + 1_002).encode()
    records = [
        control(0, 0, 3_600_000, tick=b"", limit=limit),
        record(0, 1, 1_001, 3_600_001),
        control(0, 2, 3_600_002, tick=b"1000", limit=limit),
        record(0, 3, 1_003, 3_600_003),
        control(0, 4, 1_010, tick=b"", limit=str(START_MS + 60_000).encode()),
        record(0, 5, 1_009, 1_011),
    ]
    assert times(stamp(records, 0)) == [
        (1, 1_001, 1_002, True),
        (3, 1_003, 1_003, False),
        (5, 1_009, 1_010, True),
    ]


def test_a_tick_whose_limit_is_no_number_is_an_empty_record() -> None:
    stamping = stamp([control(0, 0, 1_000, tick=b"", limit=b"?"), record(0, 1, 100, 9_000)], 50)
    assert times(stamping) == [(1, 100, 100, False)]
    assert [r.refusal.code for r in stamping.refused] == ["empty_value"]
