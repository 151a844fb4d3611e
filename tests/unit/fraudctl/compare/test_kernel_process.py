"""A backtest gives the same answer whichever engine computes its features, and in bounded memory."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import psutil
import pytest

from fraudctl.bench.backtests import written
from fraudctl.compare.backtest import Engine, Order, run
from fraudctl.compare.backtest_rows import Payment
from fraudctl.compare.computed import by_reference
from fraudctl.compare.kernel_features import by_kernel
from fraudctl.compare.kernel_process import kernel_command
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed
from fraudctl.files.options import ReadOptions
from fraudctl.home import rulesets
from pipeline.records.quantities import format_time
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import RuleSet, parse
from tests.examples import each_size, quick_and_slow
from tests.kernel_process import kernel_jar

SHAPES = ("issuer", "not present", "generated")
SHIPPED = sorted(path.stem for path in (Path(__file__).parents[4] / "profiles" / "rules").glob("*.yaml"))
START_MS = 1_767_225_600_000
ROWS = 1_500
EVENTS = 20_000
MANY = 40_000
"""Their states are more than so small a heap holds."""


@pytest.fixture(scope="module")
def command() -> list[str]:
    kernel_jar()
    return kernel_command()


def shape(name: str, number: int, chance: random.Random) -> dict[str, Any]:
    """A row as three kinds of real files have them; none is a row of one."""
    if name == "issuer":
        return {
            "amount": chance.randrange(-5_000, 90_000) / 100,
            "currency": "GBP",
            "merchant_id": f"{chance.randrange(40):06x}",
            "country": "826",
            "channel": chance.choice(("ecommerce", "manual", "chip")),
            "mcc": chance.choice(("5411", "0742", "5968")),
            "available_cash": chance.choice((7_500.0, 250.5, None)),
        }
    if name == "not present":
        return {
            "amount": chance.choice((1.55, 359.68, 2_416.7, 12)),
            "card_id": f"65048{chance.randrange(30)}******9884",
            "device_id": chance.choice((None, "", f"d{chance.randrange(25)}")),
            "ip": f"203.0.113.{chance.randrange(9)}",
            "merchant_id": str(chance.randrange(50)),
        }
    return {
        "amount": chance.randrange(1, 300_000) / 100,
        "currency": chance.choice(("EUR", "USD")),
        "card_id": str(503871295500 + chance.randrange(60)),
        "merchant_id": "Connelly, Reichert é Söhne",
        "category": chance.choice(("gas_transport", "grocery_pos")),
        "merch_lat": 28.96158,
        "merch_long": -80.910866 + number,
    }


def file_of(path: Path, name: str, seed: int, count: int = ROWS) -> Path:
    """With rows of equal time, copies, ids used again, rows out of order, and labels on some."""
    chance = random.Random(seed)
    rows: list[dict[str, Any]] = []
    at_ms = START_MS
    for number in range(count):
        at_ms += chance.choice((0, 0, 900, 20_000, 600_000))
        row = {
            "event_id": f"e{number}",
            "user_id": f"u{chance.randrange(60)}",
            "event_time": format_time(at_ms),
            **shape(name, number, chance),
        }
        if chance.random() < 0.5:
            row["label"] = int(chance.random() < 0.2)
        rows.append(row)
        if chance.random() < 0.03:
            rows.append(row | {"label": 1})
        if chance.random() < 0.03:
            rows.append(row | {"amount": row["amount"] + 1})
    for _ in range(40):
        rows.insert(chance.randrange(len(rows)), rows.pop(chance.randrange(len(rows))))
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def answers(path: Path, ruleset: RuleSet, engine: Engine, **more: Any) -> tuple[dict[str, Any], list[Any]]:
    found = run(Order(path, ReadOptions(), ruleset, PlanSettings(), engine=engine, **more), Progress())
    document = found.as_document()
    del document["seconds"]
    return document, list(found.outcomes)


BESIDE = [*zip(SHIPPED, cycle(SHAPES), strict=False), *(("default", name) for name in SHAPES)]


@pytest.mark.parametrize(("ruleset", "name"), quick_and_slow(BESIDE, 3))
@pytest.mark.parametrize("count", each_size(ROWS))
def test_both_engines_give_the_same_answer(
    command: list[str], tmp_path: Path, ruleset: str, name: str, count: int
) -> None:
    rules = rulesets.find(ruleset, tmp_path)[0]
    path = file_of(tmp_path / "payments.jsonl", name, len(ruleset), count)
    by_one, by_other = (answers(path, rules, engine) for engine in Engine)
    assert by_one == by_other
    assert by_one[0]["duplicates"] > 0
    assert by_one[0]["reused_ids"] > 0


def test_both_judge_the_same_range_by_the_same_labels(command: list[str], tmp_path: Path) -> None:
    rules = rulesets.find("default", tmp_path)[0]
    path = file_of(tmp_path / "payments.jsonl", "generated", 5)
    labels = tmp_path / "labels.csv"
    labels.write_text("event_id,label\n" + "".join(f"e{n * 7},{n % 2}\n" for n in range(300)))
    range_ = {"from_ms": START_MS + 3_600_000, "as_of_ms": START_MS + 40 * 3_600_000, "labels": labels}
    by_one, by_other = (answers(path, rules, engine, **range_) for engine in Engine)
    assert by_one == by_other
    assert by_one[0]["outside"] > 0
    assert by_one[0]["after_as_of"] > 0
    assert by_one[0]["labels_file"]["matched"] > 0


def payments(path: Path, count: int) -> Iterator[Payment]:
    for number, line in enumerate(path.read_bytes().splitlines()[:count]):
        row = json.loads(line)
        del row["label"]
        value = json.dumps(row).encode()
        yield Payment(START_MS + number * 2_000, value, row["user_id"], row["event_id"], 0, None, None)


@pytest.mark.slow
def test_states_that_do_not_fit_into_memory_lie_on_disk_and_count_all_the_same(
    command: list[str], tmp_path: Path
) -> None:
    small = [{"-Xmx192m": "-Xmx32m", "-Xmn32m": "-Xmn8m"}.get(word, word) for word in command]
    assert small != command
    path, known = written(tmp_path / "payments.jsonl", MANY), children()
    ruleset = rulesets.find("default", tmp_path)[0]
    expected = by_reference(ruleset, PlanSettings(), payments(path, MANY))
    found = by_kernel(small, ruleset.plan(PlanSettings()), payments(path, MANY))
    spilled = False
    for number, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert (one[1], list(one[2])) == (other[1], list(other[2]))
        if number == MANY - 2_000:
            (process,) = children() - known
            spilled = (Path(psutil.Process(process).cmdline()[-1]) / "states").is_dir()
    assert spilled


PLAIN = parse(
    {
        "version": "v",
        "features": {"n": {"by": "user_id", "agg": "count", "window": "1h"}},
        "rules": {"r": {"when": "n >= 2", "points": 60}},
        "thresholds": {"review": 50, "block": 80},
    }
)


def payment(number: int, value: bytes) -> Payment:
    return Payment(START_MS, value, "ada", f"e{number}", 0, None, None)


def test_an_event_that_the_job_would_refuse_is_named_by_both(command: list[str]) -> None:
    good = f'{{"event_id":"e0","user_id":"ada","event_time":{START_MS},"amount":1}}'.encode()
    rows = [payment(0, good), payment(1, b'{"event_id":"e1"}')]
    said = "event e1 of ada cannot be scored: missing_field: user_id"
    with pytest.raises(Failed, match=said):
        list(by_reference(PLAIN, PlanSettings(), iter(rows)))
    with pytest.raises(Failed, match=said):
        list(by_kernel(command, PLAIN.plan(PlanSettings()), iter(rows)))


def test_a_kernel_that_ends_before_its_time_is_told_with_its_last_words(command: list[str]) -> None:
    lost = [word if word != "fraudctl.kernel.Backtest" else "fraudctl.kernel.Nothing" for word in command]
    with pytest.raises(Failed, match=r"before its time:\n(.|\n)*fraudctl.kernel.Nothing"):
        list(by_kernel(lost, PLAIN.plan(PlanSettings()), iter([payment(0, b"{}")])))


def test_what_fails_in_reading_rows_comes_out_where_answers_are_taken(command: list[str]) -> None:
    def rows() -> Iterator[Payment]:
        yield payment(0, f'{{"event_id":"e0","user_id":"ada","event_time":{START_MS},"amount":1}}'.encode())
        raise Failed("the disk is gone")

    with pytest.raises(Failed, match="the disk is gone"):
        list(by_kernel(command, PLAIN.plan(PlanSettings()), rows()))


def test_who_stops_half_way_leaves_no_process_behind(command: list[str], tmp_path: Path) -> None:
    before = children()
    answered = by_kernel(command, PLAIN.plan(PlanSettings()), payments(written(tmp_path / "x", 9_000), 9_000))
    with contextlib.closing(answered):
        assert next(answered)[0].event_id == "e0"
        assert len(children() - before) == 1
    assert children() == before


def children() -> set[int]:
    return {one.pid for one in psutil.Process().children()}
