"""Record logs and feature sets drawn at random, the same for the same seed; what they are made of is in
`tests.streams`."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from hypothesis import strategies as st

from tests.streams import DAY_MS, START_MS, Case, Condition, Feature, FieldValue, Row, Settings, write_value

# U+1F600 sorts after U+FF5E by UTF-8 bytes and by code point, but before it by UTF-16 units.
USERS = ("u1", "u2", "ü3", "\U0001f600", "\uff5e")
EVENT_IDS = ("a", "b", "~", "é", "\uff5e", "\U0001f600", "z")
POOLS: dict[str, tuple[str, ...]] = {
    "ip": ("192.0.2.1", "192.0.2.2", "192.0.3.9", "2001:db8::1", "2001:db8:0:1::2"),
    "device_id": ("d1", "d2", "d\U0001f4f1", "d4"),
    "card_id": ("c1", "c2", "c3"),
    "merchant_id": ("m1", "m2"),
    "country": ("FR", "GB", "日本"),
    "currency": ("EUR", "USD", "JPY", "CHF"),
    "channel": ("web", "app"),
    "mcc": ("5411", "6011"),
}
AMOUNTS = (
    0,
    1,
    -1,
    49_999,
    50_000,
    50_001,
    100_000,
    123_456,
    -50_000,
    20_000_001,
    20_000_000,
    333_333,
    10**18 - 1,
    -(10**18) + 1,
    7,
    10**12 + 1,
)
TAGS = ("Ab", "aB", "ÄÖ", "äö", "日本語", "\U0001f600x", "Ж", 5, 7.5, True)
NETS = ("192.0.2.0/24", "192.0.0.0/16", "2001:db8::/64", "2001:db8::/32", "0.0.0.0/0")
NUMBERS = (0.0, 0.1, 1.5, -73.25, 1e-9, 12345678.9)
STEPS_MS = (0, 0, 1, 3, 10, 25, 49, 50, 51, 120, 400, 1_500)
JUMPS_MS = (5_000, 3_600_001, 13 * 3_600_000, DAY_MS)
GRID_STEPS_MS = (0, 50, 50, 100, 150)  # on a grid differences of times often equal a window exactly
GRID_DELAYS_MS = (0, 0, 0, 0, 50, 100, 500, -50)
DELAYS_MS = (0, 0, 0, 0, 1, 5, 20, 49, 50, 51, 130, 600, 3_000, -40, -5_000)
GARBAGE = (
    b"{",
    b'{"event_id":"x"}',
    b"\xff",
    b'{"event_id":"x","user_id":"u","event_time":1,"amount":1}',
    b'{"event_id":"x","user_id":"u","event_time":"2024-01-01T00:00:00Z","amount":0.00001}',
)


@dataclass
class LogShape:
    """How a random log looks; probabilities between 0 and 1."""

    partitions: int = 3
    ids: int | None = None  # None: few ids that repeat; else ids are numbered up to this many
    users: int | None = None
    jumps: float = 0.03
    absent: float = 0.2
    control: float = 0.05
    garbage: float = 0.03
    copies: float = 0.1
    on_grid: bool = False


def random_log(rng: random.Random, size: int, shape: LogShape | None = None) -> tuple[Row, ...]:
    """A log of `size` records over partitions of uneven content, each in its own order of append."""
    shape = shape or LogShape()
    steps = GRID_STEPS_MS if shape.on_grid else STEPS_MS
    weights = [rng.choice((1, 1, 4, 10)) for _ in range(shape.partitions)]
    heads = (0, 0, 2_000) if shape.on_grid else (0, 0, 7, 2_000)
    clocks = [START_MS + rng.choice(heads) for _ in range(shape.partitions)]
    offsets = [0] * shape.partitions
    rows: list[Row] = []
    for number in range(size):
        partition = rng.choices(range(shape.partitions), weights)[0]
        clocks[partition] += rng.choice(JUMPS_MS) if rng.random() < shape.jumps else rng.choice(steps)
        place = partition, offsets[partition], clocks[partition]
        sent = [row.fields for row in rows[-40:] if row.fields]
        if sent and rng.random() < shape.copies:
            fields = rng.choice(sent)
            rows.append(Row(*place, write_value(fields, rng), fields))
        else:
            rows.append(_random_row(rng, shape, *place, number))
        offsets[partition] += 1 if rng.random() < 0.95 else 3  # compaction and markers leave gaps
    return tuple(rows)


def _control(rng: random.Random, append_ms: int) -> dict[str, bytes]:
    if rng.random() < 0.1:
        return {"close": str(append_ms + rng.choice((-500, 0, 60_000))).encode()}
    tick = {"tick": rng.choice((b"", b"", b"7", b"1000", b"-60000"))}
    if rng.random() < 0.3:
        tick["limit"] = str(append_ms + rng.choice((-3_600_000, -500, -1, 0, 60_000))).encode()
    return tick


def _random_row(
    rng: random.Random, shape: LogShape, partition: int, offset: int, append_ms: int, number: int
) -> Row:
    dice = rng.random()
    if dice < shape.control:
        return Row(partition, offset, append_ms, None, headers=_control(rng, append_ms))
    if dice < shape.control + shape.garbage:
        return Row(partition, offset, append_ms, rng.choice(GARBAGE))
    fields: dict[str, FieldValue] = {
        "event_id": rng.choice(EVENT_IDS) if shape.ids is None else f"e{rng.randrange(shape.ids)}",
        "user_id": rng.choice(USERS) if shape.users is None else f"u{rng.randrange(shape.users)}",
        "event_time": append_ms - rng.choice(GRID_DELAYS_MS if shape.on_grid else DELAYS_MS),
        "amount": rng.choice(AMOUNTS) if rng.random() < 0.8 else rng.randrange(-(10**7), 10**8),
    }
    if shape.ids is None and rng.random() < 0.7:
        fields["event_id"] = f"{fields['event_id']}{number}"
    absent = []
    for name, pool in POOLS.items():
        if rng.random() >= shape.absent:
            fields[name] = rng.choice(pool)
        elif rng.random() < 0.2:
            absent.append(name)
    fields |= _further(rng)
    return Row(partition, offset, append_ms, write_value(fields, rng, absent), fields)


def _further(rng: random.Random) -> dict[str, FieldValue]:
    fields: dict[str, FieldValue] = {}
    if rng.random() < 0.5:
        fields["lat"] = rng.choice(NUMBERS)
    if rng.random() < 0.5:
        fields["vip"] = rng.random() < 0.5
    if rng.random() < 0.4:
        fields["score_hint"] = rng.choice((*NUMBERS, "high", True))
    if rng.random() < 0.5:
        fields["tip"] = rng.choice((*NUMBERS, 1e300, -1e300, 5e-324, "none"))
    if rng.random() < 0.5:
        fields["tag"] = rng.choice(TAGS)
    if rng.random() < 0.5:
        fields["flag"] = rng.choice((True, False, "yes", 1))
    return fields


def past_log(rng: random.Random, size: int, shape: LogShape | None = None) -> tuple[Row, ...]:
    """A log of past data: judged by event time, no ticks, each partition ended by a close record."""
    shape = shape or LogShape()
    shape.control = 0.0
    rows = list(random_log(rng, size, shape))
    times = [int(row.fields["event_time"]) for row in rows if row.fields]
    for partition in range(shape.partitions):
        offset = max((row.offset for row in rows if row.partition == partition), default=-1) + 1
        header = {"close": str(max(times, default=START_MS)).encode()}
        rows.append(Row(partition, offset, START_MS, None, headers=header))
    return tuple(rows)


# --- random features ---------------------------------------------------------------------------

KEYS = ("user_id", "ip", "device_id", "card_id", "merchant_id")
COLUMNS = ("user_id", "ip", "device_id", "card_id", "merchant_id", "country", "currency", "channel", "mcc")
WINDOWS_MS = (1, 10, 50, 51, 100, 200, 1_000, 4_000, 60_000, 7_200_000, DAY_MS, 2 * DAY_MS)
GAPS_MS = (1, 30, 50, 150, 1_000, 3_600_000, DAY_MS)
SIGNS = ("==", "!=", "<", "<=", ">", ">=")
WINDOW_AGGS = ("count", "sum", "avg", "min", "max", "distinct", "mean_before", "stddev_before")
SESSION_AGGS = ("count", "sum", "avg", "min", "max", "distinct")


def random_condition(rng: random.Random, depth: int = 2) -> Condition:
    kind = rng.random()
    if depth and kind < 0.12:
        return Condition("not", parts=(random_condition(rng, depth - 1),))
    if depth and kind < 0.35:
        pair = (random_condition(rng, depth - 1), random_condition(rng, depth - 1))
        return Condition(rng.choice(("and", "or")), parts=pair)
    return _random_test(rng, kind)


def _random_test(rng: random.Random, kind: float) -> Condition:
    if kind < 0.7:
        bound = Decimal(rng.choice(AMOUNTS)).scaleb(-4)
        return Condition(rng.choice(SIGNS), "amount", abs(bound))
    if kind < 0.8:
        name = rng.choice(("country", "channel", "card_id"))
        return Condition(rng.choice(SIGNS), name, rng.choice(POOLS[name]))
    if kind < 0.86:
        members = rng.sample(POOLS["country"], 2)
        return Condition(rng.choice(("in", "not in")), "country", tuple(members))
    if kind < 0.91:
        return Condition("present", rng.choice(("ip", "card_id", "lat", "score_hint")))
    if kind < 0.95:
        return Condition(rng.choice(("==", "!=")), "vip", rng.random() < 0.5)
    name = rng.choice(("lat", "score_hint"))
    return Condition(rng.choice(SIGNS), name, Decimal(rng.choice(("0", "0.1", "1.5", "100"))))


WORD_KEYS = ("ip_net", "tag", "mcc", "card_id+merchant_id", "user_id+ip_net", "card_id+mcc+tag")


def random_word_test(rng: random.Random) -> Condition:
    """A condition that uses a word made of fields."""
    tests = (
        Condition(rng.choice(SIGNS), "hour", Decimal(rng.choice((0, 5, 22, 23)))),
        Condition(rng.choice(SIGNS), "weekday", Decimal(rng.choice((1, 2, 3, 7)))),
        Condition(rng.choice(("<", ">=")), "day", Decimal(15)),
        Condition(rng.choice(SIGNS), "amount_in(EUR)", Decimal("4.9999")),
        Condition(rng.choice(("<", ">")), "amount_in(USD)", Decimal(5)),
        Condition("==", "ip_net", "192.0.2.0/24"),
        Condition(rng.choice(("in", "not in")), "ip", (*rng.sample(NETS, 2), "192.0.2.1")),
        Condition(rng.choice(("in", "not in")), "lower(tag)", ("ab", "äö", "5")),
        Condition(rng.choice(SIGNS), "len(tag)", Decimal(rng.choice((1, 2, 3)))),
        Condition("starts_with", "tag", rng.choice(("a", "A", "日", "\U0001f600"))),
        Condition("starts_with", "lower(country)", "f"),
        Condition(rng.choice(SIGNS), "tip", Decimal("1.5")),
        Condition("==", "flag", rng.random() < 0.5),
        Condition("present", rng.choice(("tip", "tag", "flag", "ip_net", "hour"))),
    )
    return rng.choice(tests)


def random_word_feature(rng: random.Random, name: str) -> Feature:
    """A feature that uses a word made of fields, as its key, of it, or in its where."""
    by, where = rng.choice((*WORD_KEYS, *KEYS)), random_word_test(rng) if rng.random() < 0.5 else None
    kind = rng.random()
    if kind < 0.2:
        agg, of = "previous", rng.choice(("amount", "amount_in(EUR)", "tip", "tag", "flag", "hour", "ip_net"))
        return Feature(name, by, agg, of, ttl_ms=rng.choice(WINDOWS_MS), where=where)
    if kind < 0.4:
        of = rng.choice(("amount", "amount_in(USD)", "tip", "tag", "hour", "ip_net"))
        agg = rng.choice(("distinct", "first_seen"))
        if agg == "first_seen":
            return Feature(name, by, agg, of, ttl_ms=rng.choice(WINDOWS_MS), where=where)
        return Feature(name, by, agg, of, window_ms=rng.choice(WINDOWS_MS), where=where)
    of = rng.choice(("tip", "tip", "amount_in(EUR)", "amount_in(USD)"))
    if rng.random() < 0.3:
        agg = rng.choice(("sum", "avg", "min", "max"))
        return Feature(name, by, agg, of, session_gap_ms=rng.choice(GAPS_MS), where=where)
    agg = rng.choice(("sum", "avg", "min", "max", "mean_before", "stddev_before"))
    return Feature(name, by, agg, of, window_ms=rng.choice(WINDOWS_MS), where=where)


def random_feature(rng: random.Random, name: str) -> Feature:
    by = rng.choice(KEYS)
    where = random_condition(rng) if rng.random() < 0.4 else None
    kind = rng.random()
    if kind < 0.15:
        steps = tuple((random_condition(rng, 1), rng.choice((1, 1, 2, 3))) for _ in range(rng.randint(1, 3)))
        return Feature(name, by, steps=steps, within_ms=rng.choice(WINDOWS_MS))
    if kind < 0.35:
        agg = rng.choice(("first_seen", "previous"))
        of = rng.choice([column for column in COLUMNS if column != by])
        return Feature(name, by, agg, of, ttl_ms=rng.choice(WINDOWS_MS), where=where)
    in_session = kind < 0.55
    agg = rng.choice(SESSION_AGGS if in_session else WINDOW_AGGS)
    of = None if agg == "count" else "amount"
    if agg == "distinct":
        of = rng.choice([column for column in COLUMNS if column != by])
    if in_session:
        return Feature(name, by, agg, of, session_gap_ms=rng.choice(GAPS_MS), where=where)
    return Feature(name, by, agg, of, window_ms=rng.choice(WINDOWS_MS), where=where)


def random_features(rng: random.Random, count: int) -> tuple[Feature, ...]:
    made = [random_feature(rng, f"f{number}") for number in range(count)]
    return _on_clocks(rng, made)


def _on_clocks(rng: random.Random, features: Iterable[Feature]) -> tuple[Feature, ...]:
    return tuple(replace(one, clock="arrival") if rng.random() < 0.25 else one for one in features)


def with_words(rng: random.Random, features: Sequence[Feature]) -> tuple[Feature, ...]:
    """The same features, some of them with words made of fields in their place."""
    made = [random_word_feature(rng, one.name) if rng.random() < 0.4 else one for one in features]
    return _on_clocks(rng, made)


def random_settings(rng: random.Random, time: str = "append") -> Settings:
    return Settings(
        out_of_orderness_ms=rng.choice((0, 30, 50, 500)),
        dedup_window_ms=rng.choice((1, 100, 2_000, 3_600_000)),
        max_entries=rng.choice((1, 2, 3, 7, 1000, 1000)),
        time=time,
        allowed_lateness_ms=rng.choice((0, 0, 1, 50, 700, 900_000)),
    )


def random_case(seed: int, size: int, features: int, shape: LogShape | None = None) -> Case:
    """The same seed gives the same case; a smaller one is a beginning of the larger."""
    settings, log, declared = (random.Random(f"{seed} {part}") for part in ("settings", "log", "features"))
    past = settings.random() < 0.25
    shape = shape or LogShape(
        partitions=settings.randint(1, 4),
        jumps=settings.choice((0.0, 0.03, 0.2)),
        absent=settings.choice((0.0, 0.0, 0.2, 0.9)),
        on_grid=settings.random() < 0.4,
    )
    rows = past_log(log, size, shape) if past else random_log(log, size, shape)
    chosen = with_words(random.Random(f"{seed} words"), random_features(declared, features))
    return Case(rows, chosen, random_settings(settings, "event" if past else "append"))


@dataclass(frozen=True)
class Change:
    """What somebody activates: features, those of a shadow, when it is appended, when it is wanted."""

    features: tuple[Feature, ...]
    shadow: tuple[Feature, ...] | None
    append_ms: int
    effective_from_ms: int | None = None


def random_changes(seed: int, case: Case, count: int) -> tuple[Change, ...]:
    """Changes over the time of the case; each set has some features of the one before, some renamed."""
    rng = random.Random(f"{seed} changes")
    first, last = case.rows[0].append_ms - 5_000, max(row.append_ms for row in case.rows)
    times = sorted(rng.randint(first, last) for _ in range(count))
    changes, features = [Change(case.features, None, times[0])], case.features
    for number, append_ms in enumerate(times[1:]):
        features = _changed(rng, features, f"{number}")
        shadow = _changed(rng, features, f"{number}s") if rng.random() < 0.4 else None
        wanted = append_ms + rng.choice((-10_000, 500, 2_000, 60_000)) if rng.random() < 0.3 else None
        changes.append(Change(features, shadow, append_ms, wanted))
    return tuple(changes)


def _changed(rng: random.Random, features: tuple[Feature, ...], mark: str) -> tuple[Feature, ...]:
    kept = [one for one in features if rng.random() < 0.7]
    renamed = [replace(one, name=f"r{mark}{one.name}") if rng.random() < 0.2 else one for one in kept]
    longer = [
        replace(one, window_ms=rng.choice(WINDOWS_MS)) if one.window_ms and rng.random() < 0.3 else one
        for one in renamed
    ]
    added = [random_feature(rng, f"n{mark}x{number}") for number in range(rng.randint(0, 2))]
    return tuple(longer + added)


def cases(max_rows: int = 60, max_features: int = 6) -> st.SearchStrategy[Case]:
    """Random cases; what Hypothesis makes smaller is the length of the log and the number of features."""
    return st.builds(
        random_case,
        seed=st.integers(0, 2**32),
        size=st.integers(1, max_rows),
        features=st.integers(1, max_features),
    )
