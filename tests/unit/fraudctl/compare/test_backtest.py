"""Backtests: a file with hand-computed figures, and the exact counts on recorded payments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.cli import main
from fraudctl.compare.backtest import Backtest, Order, budget_per_month, run
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError
from fraudctl.files.options import ReadOptions
from pipeline.records.quantities import parse_time
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse

SHARED = Path(__file__).parents[5] / "shared" / "data"

RULES: dict[str, Any] = {
    "version": "v1",
    "features": {"n": {"by": "user_id", "agg": "count", "window": "1h"}},
    "rules": {"busy": {"when": "n >= 2", "points": 60}, "large": {"when": "amount > 100", "points": 30}},
    "thresholds": {"review": 50, "block": 80},
}


def row(number: int, user: str, at: str, amount: float, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"e{number}",
        "user_id": user,
        "event_time": f"2026-01-{at}Z",
        "amount": amount,
    } | more


ROWS = [
    row(1, "ada", "01T10:00:00", 50, label=0),
    row(2, "bob", "01T10:00:00", 500, label=1, label_time="2026-01-20T00:00:00Z"),
    row(3, "bob", "01T10:10:00", 200, label=1, label_time="2026-01-03T00:00:00Z"),
    row(3, "bob", "01T10:10:00", 200, label=1),
    row(4, "ada", "01T10:30:00", 20.5, label=0),
    row(5, "cem", "11T10:00:00", 70, label=1, label_time="2026-02-01T00:00:00Z"),
    row(6, "dan", "21T10:00:00", 70),
    {"event_id": "bad"},
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "payments.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in ROWS), encoding="utf-8")
    return path


def backtest(path: Path, rules: dict[str, Any] = RULES, **more: Any) -> Backtest:
    return run(Order(path, ReadOptions(), parse(rules), PlanSettings(), **more), Progress())


def test_alerts_are_compared_with_labels_by_rule_and_in_total(file: Path) -> None:
    found = backtest(file)
    document = found.as_document()
    assert (found.rows, len(found.refused), found.duplicates, len(found.outcomes)) == (8, 1, 1, 6)
    assert document["labels"] == {"fraud": 3, "legit": 2, "unknown": 1, "not_yet_known": 0}
    total = document["total"]
    assert (total["alerts"], total["precision"]["part"], total["precision"]["whole"]) == (2, 1, 2)
    assert (total["recall"]["part"], total["recall"]["whole"]) == (1, 3)
    assert (total["value_caught"], total["value_of_fraud"], total["value_of_false_alerts"]) == (
        "200",
        "770",
        "20.5",
    )
    assert (total["cases"]["part"], total["cases"]["whole"]) == (1, 2)
    assert total["time_to_detect_ms"] == {"p50": 600_000, "p90": 600_000}
    assert total["lead_over_label_ms"]["p50"] == (37 * 60 + 50) * 60_000
    assert {name: (one["alerts"], one["alone"]) for name, one in document["by_rule"].items()} == {
        "busy": (2, 1),
        "large": (2, 0),
    }


def test_what_was_reported_later_is_not_known_earlier(file: Path) -> None:
    found = backtest(file, as_of_ms=1_768_000_000_000)  # 2026-01-09T23:06:40Z
    assert (found.after, found.pending) == (2, 1)
    assert found.as_document()["labels"] == {"fraud": 1, "legit": 2, "unknown": 1, "not_yet_known": 1}


def test_labels_may_stand_in_a_file_of_their_own(file: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("event_id,user_id,label\ne1,ada,fraud\ne6,dan,legit\n", encoding="utf-8")
    document = backtest(file, labels=labels).as_document()
    assert document["labels"] == {"fraud": 4, "legit": 2, "unknown": 0, "not_yet_known": 0}
    labels.write_text("event_id,label\ne1,perhaps\n", encoding="utf-8")
    truths = backtest(file, labels=labels).truths
    assert (truths.given, truths.refused.reasons()) == (0, {"bad_label": 1})


def test_a_budget_picks_the_lowest_threshold_that_fits_it(file: Path) -> None:
    found = backtest(file, budget_per_month=2.0)
    assert [(one.threshold, one.alerts) for one in found.levels if one.threshold in (1, 30, 31, 61, 91)] == [
        (1, 3),
        (30, 3),
        (31, 2),
        (61, 1),
        (91, 0),
    ]
    assert found.chosen is not None
    assert found.chosen.threshold == 61, "20 days hold 0.66 months: two alerts are three a month"


@pytest.mark.parametrize(
    ("text", "per_month"), [("400/month", 400), ("7/week", 7 * 30.4375 / 7), ("2.5/day", 2.5 * 30.4375)]
)
def test_a_budget_may_be_by_day_week_or_month(text: str, per_month: float) -> None:
    assert budget_per_month(text) == pytest.approx(per_month)


def test_a_budget_without_a_period_is_refused() -> None:
    with pytest.raises(UsageError, match="--budget 400"):
        budget_per_month("400")


def test_the_command_writes_a_page_that_needs_no_network(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(RULES), encoding="utf-8")
    page = tmp_path / "page.html"
    command = ["backtest", str(file), "--rules", str(rules), "--budget", "2/month", "--report", str(page)]
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["budget"]["level"]["threshold"] == 61
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!doctype html>")
    assert "<svg" in text
    assert "http" not in text.replace("http://www.w3.org/2000/svg", "")
    assert "<script" not in text
    assert main(command) == 0
    assert "flag from 61 on" in capsys.readouterr().out


def count(key: str, window: str) -> dict[str, Any]:
    return {"by": key, "agg": "count", "window": window}


def distinct(of: str, window: str) -> dict[str, Any]:
    return {"by": "user_id", "agg": "distinct", "of": of, "window": window}


ISSUER = (
    {"m5": count("user_id", "5m"), "h1": count("user_id", "1h"), "shops": distinct("merchant_id", "1h")},
    {
        "m5 >= 2": (4_242, 260),
        "m5 >= 3": (565, 150),
        "m5 >= 5": (113, 52),
        "h1 >= 5": (1_398, 240),
        "shops >= 3": (3_856, 289),
    },
)
NOT_PRESENT = (
    {
        "m5": count("user_id", "5m"),
        "h1": count("user_id", "1h"),
        "cards": distinct("card_id", "24h"),
        "device": count("device_id", "24h"),
    },
    {
        "m5 >= 2": (38, 17),
        "m5 >= 3": (7, 7),
        "h1 >= 3": (22, 19),
        "cards >= 2": (86, 53),
        "cards >= 3": (25, 22),
        "device >= 3": (38, 31),
    },
)
GENERATED = (
    {"m5": count("user_id", "5m"), "h1": count("user_id", "1h"), "card": count("card_id", "24h")},
    {"m5 >= 3": (101, 7), "h1 >= 5": (325, 49), "card >= 10": (12_744, 73)},
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "features", "expected"),
    [
        ("issuer_cards_2017.jsonl.gz", *ISSUER),
        ("card_not_present_2019_11.jsonl.gz", *NOT_PRESENT),
        ("generated_cards_2023.jsonl.gz", *GENERATED),
    ],
)
def test_recorded_payments_give_exactly_the_known_counts(
    name: str, features: dict[str, Any], expected: dict[str, tuple[int, int]]
) -> None:
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not beside this checkout: it has no licence and is not shipped")
    names = {f"r{number}": when for number, when in enumerate(expected)}
    rules = {name: {"when": when, "points": 1} for name, when in names.items()}
    content = {"version": "v", "features": features, "rules": rules, "thresholds": {"review": 1, "block": 2}}
    found = backtest(SHARED / name, content)
    assert {
        names[rule]: (one.alerts.part, one.precision.part) for rule, one in found.fired.items()
    } == expected


def test_events_before_the_range_fill_the_windows_and_are_not_judged(tmp_path: Path) -> None:
    lines = [
        json.dumps(row(n, "ada", f"01T10:{n:02d}:00", 10, label=1, currency=code))
        for n, code in enumerate(["EUR", "usd", "EUR", "JPY", "USD"], start=1)
    ]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    rules = {
        "version": "v",
        "settings": {"currency": "EUR"},
        "features": {"n": {"by": "user_id", "agg": "count", "window": "1h"}},
        "rules": {"third": {"when": "n >= 3", "points": 60}},
        "thresholds": {"review": 50, "block": 90},
    }
    (tmp_path / "rules.yaml").write_text(json.dumps(rules))
    from_ms, to_ms = (parse_time(f"2026-01-01T10:0{n}:00Z") for n in (3, 5))
    found = backtest(tmp_path / "x.jsonl", rules, from_ms=from_ms, to_ms=to_ms)
    assert [(one.at_ms, one.score) for one in found.outcomes] == [(from_ms, 60), (from_ms + 60_000, 60)]
    assert (found.outside, found.foreign, found.currencies) == (3, 1, {"EUR": 1, "JPY": 1})
    assert found.as_document()["labels"] == {"fraud": 2, "legit": 0, "unknown": 0, "not_yet_known": 0}


def test_the_command_judges_a_range_and_tells_of_other_currencies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [json.dumps(row(n, "ada", f"0{n}T10:00:00", 10, currency="jpy")) for n in (1, 2, 3)]
    (tmp_path / "x.jsonl").write_text("\n".join(lines))
    words = [
        "backtest",
        str(tmp_path / "x.jsonl"),
        "--from",
        "2026-01-02T00:00:00Z",
        "--to",
        "2026-01-03T00:00:00Z",
    ]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert "1 events in" in shown
    assert "2 events outside --from and --to; 1 events in another currency than EUR" in shown
    assert main([*words[:3], "noon"]) == 2
    assert "--from noon" in capsys.readouterr().err


def test_labels_of_events_outside_the_range_match_all_the_same(file: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels.csv"
    labels.write_text("event_id,label\ne1,fraud\ne6,legit\nnobody,legit\n")
    found = backtest(file, labels=labels, from_ms=parse_time("2026-01-02T00:00:00Z"))
    assert (found.truths.given, found.truths.matched, found.truths.unmatched()) == (3, 2, [(None, "nobody")])


def test_a_row_from_the_future_changes_no_other_row_and_is_refused_by_name(
    file: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    rules = tmp_path / "rules.json"
    rules.write_text(json.dumps(RULES), encoding="utf-8")

    def figures(*more: str) -> dict[str, Any]:
        assert main(["backtest", str(file), "--rules", str(rules), *more, "--json"]) == 0
        found: dict[str, Any] = json.loads(capsys.readouterr().out)["data"]
        return found

    before = figures()
    lines = file.read_text(encoding="utf-8")
    future = json.dumps(row(9, "bob", "01T10:00:01", 5) | {"event_time": "2099-01-01T00:00:00Z"})
    file.write_text(f"{future}\n{lines}", encoding="utf-8")
    after = figures()
    assert after["refused"][0] == {
        "line": 1,
        "code": "future_time",
        "reason": "future_time: 2099-01-01T00:00:00.000Z is later than now (--future takes it)",
    }
    assert (after["total"], after["labels"]) == (before["total"], before["labels"])
    assert after["refused_by_reason"] == before["refused_by_reason"] | {"future_time": 1}
    assert "future_time" not in figures("--future")["refused_by_reason"]


def test_two_rule_sets_are_compared_on_the_same_rows(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = []
    for version, points in (("one", 60), ("other", 40)):
        rules = {**RULES, "version": version, "rules": {"busy": {"when": "n >= 2", "points": points}}}
        names.append(str(tmp_path / f"{version}.yaml"))
        Path(names[-1]).write_text(json.dumps(rules), encoding="utf-8")
    assert main(["backtest", str(file), "--compare", *names, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["data"]
    assert [found[side]["total"]["alerts"] for side in ("first", "second")] == [2, 0]
    assert found["paired"]["events"] == {"both": 0, "only_first": 2, "only_second": 0, "neither": 4}
    assert found["paired"]["frauds"] == {"both": 0, "only_first": 1, "only_second": 0, "neither": 2}
    assert found["paired"]["difference"]["recall"]["value"] == pytest.approx(-0.333333)
    assert main(["backtest", str(file), "--compare", *names, "--budget", "5/day"]) == 2
