"""Every feature value by definition, over a whole log, in SQL (DuckDB).

There is no state here and nothing is evicted: an entry is *in view* of an event or it is not, and
that is a condition on the pair. Times, order, duplicates, views, the cap on entries and the members
of every window, session and sequence are queries; Python only judges the conditions on single
transactions beforehand and does the last exact division of a mean or a deviation afterwards.

Input is what the author of the log meant (`tests.streams.Row.fields`), never decoded bytes.

The cost grows with the square of the events of a key: meant for some thousand events.

Not by query: `first_seen` where a key holds more values than `max_entries`, which is walked through
event by event, because which value goes depends on all that went before.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from typing import Any

import duckdb
import pyarrow as pa

from tests.oracle.queries import (
    AGGREGATE,
    CLOCK,
    EVENTS,
    FIRST_SEEN,
    HOP,
    PREVIOUS,
    SESSION_MEMBERS,
    WINDOW_MEMBERS,
)
from tests.oracle.words import MONEY, is_within, key_of, worth
from tests.streams import DAY_MS, UNITS, Case, Condition, Feature, FieldValue, Row, Settings

HEAD = (
    ("part", pa.int32()),
    ("off", pa.int64()),
    ("append_ms", pa.int64()),
    ("past", pa.bool_()),
    ("kind", pa.string()),
    ("header", pa.int64()),
    ("limit_ms", pa.int64()),
    ("event_time", pa.int64()),
    ("event_id", pa.string()),
    ("content", pa.string()),
    ("amount_units", pa.int64()),
)
"""What each record has before the columns of the features and the judged conditions."""


def evaluate(case: Case) -> list[dict[str, Any]]:
    """What the pipeline must say of each accepted event, in processing order.

    A scored event: {"partition", "offset", "due", "pos", "late", "saturated", "features"} with raw
    values (amounts in units, means and deviations in currency units, ages in ms), absent ones left
    out, with "reused_id" where its id was used again. A copy: {"partition", "offset", "duplicate": True}.
    """
    db = _database()
    _load(db, case)
    db.execute(CLOCK.format(ooo=case.settings.out_of_orderness_ms, dedup=case.settings.dedup_window_ms))
    values: dict[int, dict[str, Any]] = {}
    saturated: set[int] = set()
    hops = [("user_id", "event"), *((feature.by, feature.clock) for feature in case.features)]
    for key, clock in dict.fromkeys(hops):
        _hop(db, case, key, clock, values, saturated)
    reused = {seq for (seq,) in db.execute("select seq from reused").fetchall()}
    counted = {seq for (seq,) in db.execute("select seq from scored").fetchall()}
    rows = db.execute("select seq, part, off, due, pos, late from ordered order by seq").fetchall()
    return [
        {
            "partition": part,
            "offset": off,
            "due": due,
            "pos": pos,
            "late": late,
            "saturated": seq in saturated,
            **({"reused_id": True} if seq in reused else {}),
            "features": values.get(seq, {}),
        }
        if seq in counted
        else {"partition": part, "offset": off, "duplicate": True}
        for seq, part, off, due, pos, late in rows
    ]


# --- loading -----------------------------------------------------------------------------------


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One for every case: each puts its own tables in the place of those of the one before."""
    return duckdb.connect(config={"threads": 1})


def _load(db: duckdb.DuckDBPyConnection, case: Case) -> None:
    conditions = _conditions(case.features)
    judged = [(f"w{number}", pa.bool_()) for number in range(len(conditions))]
    columns = _columns(case)
    kinds = {**dict.fromkeys(columns.texts.values(), pa.string()), **columns.number_kinds}
    schema = pa.schema([*HEAD, *kinds.items(), *judged])
    rows = [record for row in case.rows if (record := _record(row, case, conditions))]
    made = zip(*rows, strict=True) if rows else ([] for _ in schema)
    arrays = [pa.array(list(column), field.type) for column, field in zip(made, schema, strict=True)]
    db.register("loaded", pa.Table.from_arrays(arrays, schema=schema))
    db.execute("create or replace table records as select * from loaded")


def _record(row: Row, case: Case, conditions: Sequence[Condition]) -> list[Any] | None:
    past = case.settings.time == "event"
    head = [row.partition, row.offset, row.append_ms, past]
    columns = _columns(case)
    empty = [None] * (4 + len(columns.texts) + len(columns.numbers) + len(conditions))
    if "tick" in row.headers:
        limit = row.headers.get("limit")
        return [*head, "tick", int(row.headers["tick"] or 0), None if limit is None else int(limit), *empty]
    if "close" in row.headers:
        return [*head, "close", int(row.headers["close"]), None, *empty]
    if row.fields is None:
        return None
    identity = str(row.fields["event_id"])
    return [
        *head,
        "event",
        None,
        None,
        row.fields["event_time"],
        identity,
        repr(sorted(row.fields.items())),
        row.fields["amount"],
        *(key_of(name, row.fields) for name in columns.texts),
        *(worth(name, row.fields) for name in columns.numbers),
        *(holds(condition, row.fields) for condition in conditions),
    ]


@dataclass(frozen=True)
class Columns:
    """The SQL names of what features are by and of: as text, and as number where numbers are asked for."""

    texts: dict[str, str]
    numbers: dict[str, str]

    @property
    def number_kinds(self) -> dict[str, pa.DataType]:
        return {
            column: pa.int64() if name in MONEY else pa.float64() for name, column in self.numbers.items()
        }


def _columns(case: Case) -> Columns:
    keys = ["user_id", *(feature.by for feature in case.features)]
    of = [feature.of for feature in case.features if feature.of]
    texts = {name: f"c{number}" for number, name in enumerate(dict.fromkeys([*keys, *of]))}
    numbers = dict.fromkeys(["amount", *(name for name in of if name in (*MONEY, "tip"))])
    return Columns(texts, {name: f"n{number}" for number, name in enumerate(numbers)})


def _conditions(features: Sequence[Feature]) -> list[Condition]:
    found: dict[Condition, None] = {}
    for feature in features:
        if feature.where:
            found[feature.where] = None
        found |= {step: None for step, _ in feature.steps}
    return list(found)


def holds(condition: Condition, fields: Mapping[str, FieldValue]) -> bool:
    """Judge a condition on one transaction: whatever compares an absent or another kind is false."""
    if condition.op == "and":
        return all(holds(part, fields) for part in condition.parts)
    if condition.op == "or":
        return any(holds(part, fields) for part in condition.parts)
    if condition.op == "not":
        return not holds(condition.parts[0], fields)
    value = worth(condition.name, fields)
    if condition.op == "present" or value is None:
        return value is not None
    if condition.op == "starts_with":
        return isinstance(value, str) and value.startswith(condition.operand)
    left = _exact(value, condition.name)
    if condition.op in ("in", "not in") and condition.name == "ip":
        return is_within(str(value), condition.operand) == (condition.op == "in")
    if condition.op in ("in", "not in"):
        alike = [_exact(one) for one in condition.operand]
        inside = any(_kind(left) == _kind(one) and left == one for one in alike)
        return inside == (condition.op == "in")
    return _compare(condition.op, left, _exact(condition.operand, condition.name, literal=True))


def _exact(value: Any, name: str = "", literal: bool = False) -> Any:
    if isinstance(value, bool | str):
        return value
    if name in MONEY:
        return Fraction(value) if literal else Fraction(value, UNITS)
    return Fraction(float(value))


def _kind(value: Any) -> str:
    return "bool" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _compare(op: str, left: Any, right: Any) -> bool:
    if _kind(left) != _kind(right):
        return False
    outcomes = {"==": left == right, "!=": left != right}
    if op in outcomes:
        return outcomes[op]
    if _kind(left) == "bool":
        raise ValueError("the order of booleans is not defined")
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]


# --- one hop -----------------------------------------------------------------------------------


def _hop(
    db: duckdb.DuckDBPyConnection,
    case: Case,
    key: str,
    clock: str,
    values: dict[int, dict[str, Any]],
    saturated: set[int],
) -> None:
    features = [feature for feature in case.features if (feature.by, feature.clock) == (key, clock)]
    by_append = clock == "arrival" and case.settings.time == "append"
    db.execute(EVENTS.format(pos="append_ms // 1000 * 1000" if by_append else "pos"))
    retention = max((_retention(feature) for feature in features), default=0)
    limit, lateness = case.settings.max_entries, case.settings.allowed_lateness_ms
    held = retention + lateness if retention else 0
    column = _columns(case).texts[key]
    db.execute(HOP.format(key=column, max_entries=limit, retention=retention, lateness=lateness, held=held))
    saturated |= {seq for (seq,) in db.execute("select seq from saturated").fetchall()}
    conditions = _conditions(case.features)
    for feature in features:
        for seq, value in _values(db, feature, conditions, case):
            if value is not None:
                values.setdefault(seq, {})[feature.name] = value


def _retention(feature: Feature) -> int:
    if feature.session_gap_ms is not None:
        return DAY_MS
    return feature.window_ms or feature.within_ms or 0


def _values(
    db: duckdb.DuckDBPyConnection, feature: Feature, conditions: list[Condition], case: Case
) -> list[tuple[int, Any]]:
    settings, columns = case.settings, _columns(case)
    texts = {"key": columns.texts[feature.by], "of": columns.texts.get(feature.of or "")}
    where = f"t.w{conditions.index(feature.where)}" if feature.where else "true"
    if feature.steps:
        return _sequence(db, feature, conditions)
    if feature.agg == "first_seen":
        return _first_seen(db, feature, texts, where, settings)
    if feature.agg == "previous":
        names = {**texts, "ttl": feature.ttl_ms}
        query = PREVIOUS.format(where=where, lateness=settings.allowed_lateness_ms, **names)
        return [(seq, _read(feature.of or "", text)) for seq, text in db.execute(query).fetchall()]
    if feature.session_gap_ms is not None:
        members = SESSION_MEMBERS.format(where=where, gap=feature.session_gap_ms, day=DAY_MS)
    else:
        members = WINDOW_MEMBERS.format(where=where, window=feature.window_ms)
    of = columns.texts[feature.of if feature.agg == "distinct" and feature.of else "user_id"]
    number = columns.numbers["amount" if feature.agg in ("count", "distinct") else feature.of or "amount"]
    answer = db.execute(AGGREGATE.format(members=members, column=of, number=number)).fetchall()
    return [(seq, _aggregate(feature, *rest)) for seq, *rest in answer]


def _read(of: str, text: str) -> Any:
    if of in (*MONEY, "hour"):
        return int(text)
    return float(text) if of == "tip" else text == "true" if of == "flag" else text


def _aggregate(
    feature: Feature, n: int, numbers: list[Any] | None, before: list[Any] | None, different: int
) -> Any:
    """Money as whole units; other numbers as doubles, None where no double holds them."""
    agg, is_money = feature.agg, feature.of in MONEY
    if agg in ("count", "distinct"):
        return n if agg == "count" else different
    chosen = before if agg.endswith("before") else numbers
    exact = [Fraction(one) for one in chosen or []]
    if agg == "sum":
        return int(sum(exact)) if is_money else _double(sum(exact, Fraction()))
    if agg in ("min", "max"):
        found = (min if agg == "min" else max)(exact, default=None)
        return found if found is None else int(found) if is_money else float(found)
    units = UNITS if is_money else 1
    return _deviation(exact, units) if agg == "stddev_before" else _mean(exact, units)


def _double(exact: Fraction) -> float | None:
    try:
        return float(exact)
    except OverflowError:
        return None


def _mean(numbers: list[Fraction], units: int) -> float | None:
    return _double(sum(numbers, Fraction()) / (len(numbers) * units)) if numbers else None


def _deviation(numbers: list[Fraction], units: int) -> float | None:
    """The sample deviation: its square as an exact fraction, rounded once, then the root."""
    n = len(numbers)
    if n < 2:
        return None
    mean = sum(numbers, Fraction()) / n
    square = _double(sum((one - mean) ** 2 for one in numbers) / ((n - 1) * units**2))
    return None if square is None else math.sqrt(square)


def _sequence(
    db: duckdb.DuckDBPyConnection, feature: Feature, conditions: list[Condition]
) -> list[tuple[int, bool]]:
    """Of all choices that end with the event the one whose elements stand latest decides."""
    names = [f"w{conditions.index(step)}" for step, times in feature.steps for _ in range(times)]
    stages = [
        f"s0 as (select e.seq as e, e.pos as p, e.seq as x from events t join entries e using (seq) "
        f"where t.{names[-1]})"
    ]
    for depth, name in enumerate(reversed(names[:-1]), start=1):
        stages.append(
            f"s{depth} as (select v.e, max((v.x_pos, v.x))[1] as p, max((v.x_pos, v.x))[2] as x "
            f"from s{depth - 1} s join views v on v.e = s.e and (v.x_pos, v.x) < (s.p, s.x) "
            f"and v.x_pos > v.e_pos - {feature.within_ms} join events t on t.seq = v.x "
            f"where t.{name} group by v.e)"
        )
    query = f"with {', '.join(stages)} select n.seq, s.e is not null from entries n left join "
    return db.execute(f"{query} s{len(names) - 1} s on s.e = n.seq").fetchall()


def _first_seen(
    db: duckdb.DuckDBPyConnection,
    feature: Feature,
    texts: Mapping[str, str | None],
    where: str,
    settings: Settings,
) -> list[tuple[int, int]]:
    crowded = (
        f"select max(n) from (select count(distinct {texts['of']}) n from events group by {texts['key']})"
    )
    if ((db.execute(crowded).fetchone() or (0,))[0] or 0) > settings.max_entries:
        return _first_seen_in_a_crowd(db, feature, texts, where, settings)
    names = {**texts, "ttl": feature.ttl_ms}
    query = FIRST_SEEN.format(where=where, lateness=settings.allowed_lateness_ms, **names)
    return db.execute(query).fetchall()


def _first_seen_in_a_crowd(
    db: duckdb.DuckDBPyConnection,
    feature: Feature,
    texts: Mapping[str, str | None],
    where: str,
    settings: Settings,
) -> list[tuple[int, int]]:
    by, of = texts["key"], texts["of"]
    query = (
        f"select seq, pos, due, {by}, {of} from events t where {by} is not null "
        f"and {of} is not null and {where} order by seq"
    )
    known: dict[str, dict[str, tuple[int, int]]] = {}
    ages = []
    for seq, pos, due, key, value in db.execute(query).fetchall():
        sights = known.setdefault(key, {})
        first, last = sights.get(value, (pos, pos))
        if value in sights and last <= max(pos, due - settings.allowed_lateness_ms) - (feature.ttl_ms or 0):
            first = pos
        ages.append((seq, max(0, pos - first)))
        sights[value] = (min(first, pos), max(last, pos))
        if len(sights) > settings.max_entries:
            others = [one for one in sights if one != value]
            del sights[min(others, key=lambda one: (sights[one][1], one.encode()))]
    return ages
