"""Rows that the kernel reads are those that the readers of files make, whatever stands in a line."""

from __future__ import annotations

import gzip
import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fraudctl.compare import kernel_rows
from fraudctl.compare.backtest_rows import values_of
from fraudctl.compare.kernel_process import kernel_command, started
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, RefusedRow
from fraudctl.files.survey import LOOKED_AT
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse
from tests.examples import each_size, quick_and_slow
from tests.kernel_process import kernel_jar

RULES = parse(
    {
        "version": "v",
        "features": {"n": {"by": "user_id", "agg": "count", "window": "1h"}},
        "rules": {"r": {"when": "n >= 2", "points": 60}},
        "thresholds": {"review": 50, "block": 80},
    }
)
MOST_BYTES = 2_000
LATEST_MS = 1_800_000_000_000
FIELDS: dict[str, tuple[str, ...]] = {
    "event_id": (
        '"e1"',
        '"é"',
        '"e\\u00e9\\n"',
        '""',
        "7",
        "null",
        '"a#reused-0123456789abcdef"',
        '"a\\u200bb"',
    ),
    "user_id": ('"ada"', '" bob "', '"a\\u0000"', '"\\ud800"', '"\\ud83d\\ude00"', f'"{"x" * 300}"', "12"),
    "event_time": (
        '"2026-01-31T10:00:00Z"',
        '"2026-01-31T10:00:00.123456+01:00"',
        '"2026-01-31 10:00"',
        "1769853600000",
        '"1769853600000"',
        "1.7698536E12",
        '"1.7698536e+12"',
        "1769853600.5",
        "1769853600",
        "-1",
        '"2026-02-30T10:00:00Z"',
        '"2098-01-01T00:00:00Z"',
        "true",
    ),
    "amount": (
        "12.50",
        "-0.0001",
        "1e3",
        "0.00001",
        "1E400",
        '"12"',
        "99999999999999.9999",
        "100000000000000",
    ),
    "currency": ('"EUR"', '"eur"', '" "', '"straße"', "978", '"978"', '"36"', "null"),
    "ip": ('"203.0.113.9"', '"::FFFF:203.0.113.9"', '"[2001:DB8::1]:443"', '"1.2.3.4, 5.6.7.8"', '""', "5"),
    "ip_as_sent": ('"mine"', "null"),
    "country": ('"de"', '"276"', '"DE\\t"'),
    "device_id": ('"d1"', '""', f'"{"d" * 257}"', "null"),
    "lat": ("52.5", "1e999", '"52.5"'),
    "mcc": ('"5411"', "5411", "5411.0", "1e2", "true", "null", "{}", '[1, {"a": "b"}]', '"a\\/b"', '"\\""'),
    "online": ("true", "false", '"true"', "1"),
    "session_id": ('"s"', '"s\\u0007"', "9"),
    "": ('"x"', "null"),
    "label": ("1", "0", "1.0", '"fraud"', '"Legit "', "true", "null", '"perhaps"', "2", "[]", '"\\ud800"'),
    "label_time": ('"2026-02-01T00:00:00Z"', "1769953600000", '"1769953600000"', "true", '"soon"', "null"),
    "scenario": ('"ring"', "7", "true", "null", '"\\u0000"', "{}"),
    "decision": ('"block"', "null"),
    "na\\u006de": ('"x"', '"y"'),
}
PLAIN_LINE = (
    '{"event_id": "e", "user_id": "ada", "event_time": "2026-01-31T10:00:00Z", '
    '"amount": 1, "currency": "eur"}'
)
ODD_LINES: tuple[bytes, ...] = (
    b"",
    b"  \t",
    b"\x0b\x0c",
    PLAIN_LINE.encode() + b"\r",
    b" " + PLAIN_LINE.encode() + b" ",
    PLAIN_LINE.encode() + b" x",
    PLAIN_LINE.encode() * 2,
    b"\xef\xbb\xbf" + PLAIN_LINE.encode(),
    PLAIN_LINE.encode().replace(b"ada", b"\xff\xfe"),
    PLAIN_LINE.encode().replace(b"ada", b"a\tb"),
    PLAIN_LINE.encode().replace(b"ada", b"\xed\xa0\x80"),
    PLAIN_LINE.encode().replace(b": 1", b": NaN"),
    PLAIN_LINE.encode().replace(b": 1", b": 01"),
    PLAIN_LINE.encode().replace(b": 1", b": 1."),
    PLAIN_LINE.encode().replace(b"}", b',"amount":2}'),
    PLAIN_LINE.encode().replace(b"}", b',"amount":null}'),
    PLAIN_LINE.encode().replace(b"}", b',"label":1,"label":0}'),
    PLAIN_LINE.encode().replace(b"}", b',"note":"' + b"n" * MOST_BYTES + b'"}'),
    PLAIN_LINE.encode().replace(b" ", b" " * 500),
    PLAIN_LINE.encode()[:-1],
    b"[1, 2]",
    b'"text"',
    b"{" * 3_000,
    b"[" * 50 + b"]" * 50,
    PLAIN_LINE.encode().replace(b": 1", b': 1, "deep": ' + b"[" * 30 + b"]" * 30),
)


@pytest.fixture(scope="module")
def command() -> list[str]:
    kernel_jar()
    return kernel_command()


def by_files(reading: Reading) -> list[Any]:
    return [row if isinstance(row, RefusedRow) else values_of(row) for row in reading]


def by_kernel(command: list[str], reading: Reading) -> tuple[list[Any], int]:
    """The rows, and how many of them the kernel has read."""
    found: list[Any] = []
    read = 0
    plan = RULES.plan(replace(PlanSettings(), max_event_bytes=MOST_BYTES))
    with started(command, plan, reading.options.kinds) as kernel:
        for row in kernel_rows.by_kernel(reading, kernel):
            read += isinstance(row, tuple)
            found.append(row if isinstance(row, tuple | RefusedRow) else values_of(row))
    return found, read


def agreed(command: list[str], paths: Path | list[Path], options: ReadOptions, **more: Any) -> int:
    """How many rows the kernel has read, once both ways have given the same rows and notes."""
    reading = Reading(paths, options, MOST_BYTES, **more)
    expected = by_files(reading)
    notes = reading.notes()
    found, read = by_kernel(command, reading)
    assert found == expected
    assert reading.notes() == notes
    return read


def random_line(chance: random.Random) -> bytes:
    """Mostly plain values, now and then odd ones, a field left out, or one that comes twice."""
    oddness = chance.choice((0.0, 0.02, 0.3))
    names = [name for name in FIELDS if chance.random() < (0.95 if name in list(FIELDS)[:4] else 0.4)]
    if chance.random() < 0.5:
        names = [name for name in names if name not in ("", "decision", "label_time")]
    if chance.random() < 0.1:
        chance.shuffle(names)
    members = [
        f'"{name}":{chance.choice(FIELDS[name]) if chance.random() < oddness else FIELDS[name][0]}'
        for name in names
    ]
    if members and chance.random() < 0.03:
        members.append(members[0])
    return ("{" + ",".join(members) + "}").encode("utf-8", "surrogatepass")


KINDS = [{"mcc": "number", "online": "bool"}, {}, {"mcc": "text"}]


@pytest.mark.parametrize("kinds", quick_and_slow(KINDS, 1))
@pytest.mark.parametrize("count", each_size(4_000))
def test_any_lines_give_the_same_rows_and_notes(
    command: list[str], tmp_path: Path, kinds: dict[str, str], count: int
) -> None:
    chance = random.Random(len(str(kinds)))
    lines = [random_line(chance) for _ in range(count)]
    for line in ODD_LINES:
        lines.insert(chance.randrange(len(lines)), line)
    path = tmp_path / "payments.jsonl"
    path.write_bytes(b"\n".join([PLAIN_LINE.encode()] * LOOKED_AT + lines))
    assert (
        agreed(command, path, ReadOptions(kinds=kinds), used=frozenset(["online"])) > LOOKED_AT + count // 8
    )


def test_a_line_too_long_for_memory_is_refused_in_the_same_words_and_touches_no_other(
    command: list[str], tmp_path: Path
) -> None:
    plain = PLAIN_LINE.encode()
    long = plain.replace(b"ada", b"a" * 3_000_000)
    path = tmp_path / "payments.jsonl"
    path.write_bytes(b"\n".join([plain, long, plain, long[:-9], plain, plain]))
    assert agreed(command, path, ReadOptions()) == 4


def test_rows_of_the_future_are_refused_by_name(command: list[str], tmp_path: Path) -> None:
    later = PLAIN_LINE.replace("2026", "2028")
    path = tmp_path / "payments.jsonl"
    path.write_text("\n".join([PLAIN_LINE, later, PLAIN_LINE]))
    assert agreed(command, path, ReadOptions(), until_ms=LATEST_MS) == 2


def test_refused_rows_of_several_files_name_theirs_and_other_formats_are_read_beside(
    command: list[str], tmp_path: Path
) -> None:
    lines, packed, table = tmp_path / "a.jsonl", tmp_path / "b.jsonl.gz", tmp_path / "c.csv"
    lines.write_text(f"{PLAIN_LINE}\n{{}}\n")
    packed.write_bytes(gzip.compress(f"{PLAIN_LINE}\n".encode() * 3_000))
    table.write_text("event_id,user_id,event_time,amount\ne,ada,2026-01-31T10:00:00Z,1\ne,ada,,1\n")
    assert agreed(command, [lines, packed, table], ReadOptions()) == 3_001


def test_utf_16_is_read_too_and_damage_in_the_packing_ends_in_words(
    command: list[str], tmp_path: Path
) -> None:
    wide, damaged = tmp_path / "wide.jsonl", tmp_path / "damaged.jsonl.gz"
    wide.write_bytes(f"{PLAIN_LINE}\n{PLAIN_LINE}\n".encode("utf-16"))
    assert agreed(command, wide, ReadOptions()) == 2
    chance = random.Random(1)
    lines = [PLAIN_LINE.encode()] * LOOKED_AT + [random_line(chance) for _ in range(9_000)]
    damaged.write_bytes(gzip.compress(b"\n".join(lines)))
    reading = Reading(damaged, ReadOptions(), MOST_BYTES)
    damaged.write_bytes(damaged.read_bytes()[:-2_000])
    with pytest.raises(UsageError, match=r"damaged\.jsonl\.gz cannot be read"):
        by_kernel(command, reading)


OTHERWISE = (
    ReadOptions(fields={"user_id": "ip"}),
    ReadOptions(label="online"),
    ReadOptions(drop=frozenset(["ip"])),
    ReadOptions(absent=frozenset(["ada"])),
    ReadOptions(round_to=0),
    ReadOptions(currency="USD"),
    ReadOptions(minor_units=True, currency="USD"),
    ReadOptions(time_unit="s"),
)


@pytest.mark.parametrize("options", OTHERWISE)
def test_what_is_said_of_a_file_leaves_it_to_the_readers_of_files(
    command: list[str], tmp_path: Path, options: ReadOptions
) -> None:
    path = tmp_path / "payments.jsonl"
    row = json.loads(PLAIN_LINE) | {"ip": "203.0.113.9", "online": 1, "amount": 12.5}
    path.write_text(json.dumps(row) + "\n")
    assert agreed(command, path, options) == 0


def test_an_array_and_times_in_seconds_are_left_to_the_readers_of_files(
    command: list[str], tmp_path: Path
) -> None:
    spread, seconds = tmp_path / "spread.json", tmp_path / "seconds.jsonl"
    row = json.loads(PLAIN_LINE)
    spread.write_text(json.dumps([row, row], indent=1))
    seconds.write_text(json.dumps(row | {"event_time": 1_769_853_600}) + "\n")
    assert agreed(command, spread, ReadOptions()) == 0
    assert agreed(command, seconds, ReadOptions()) == 0
