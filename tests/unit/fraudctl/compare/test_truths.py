"""Labels with a life: the newest known when it is judged counts, whatever the order of the lines."""

from __future__ import annotations

import json
import random
from itertools import permutations
from pathlib import Path

import pytest

from fraudctl.cli import main
from fraudctl.compare.backtest import Backtest, Order, run
from fraudctl.compare.truths import Truths
from fraudctl.console.progress import Progress
from fraudctl.files.labels import LabelRow
from fraudctl.files.options import ReadOptions
from fraudctl.files.refusals import limit
from fraudctl.files.truths import Label
from fraudctl.traffic.labels import newest_of
from pipeline.records.label import label
from pipeline.records.quantities import parse_time
from pipeline.rules.plan import PlanSettings
from pipeline.rules.ruleset import parse

RULES = parse(
    {
        "version": "v",
        "rules": {"all": {"when": "amount > 0", "points": 60}},
        "thresholds": {"review": 50, "block": 90},
    }
)
PAYMENTS = "event_id,user_id,event_time,amount\n" + "".join(
    f"{n},u{n},2026-01-01T10:0{n}:00Z,5\n" for n in (1, 2, 3)
)
LIFE = [
    "1,u1,1,2026-02-01T00:00:00Z,bank",
    "1,u1,0,2026-03-01T00:00:00Z,dispute team",
    "2,u2,0,2026-01-02T00:00:00Z,analyst",
    "2,,1,2026-04-01T00:00:00Z,bank",
]
START_MS = 1_772_000_000_000
HEADING = "event_id,user_id,label,label_time,by"

AS_IT_IS = ReadOptions()


def judged(
    tmp_path: Path,
    lines: list[str],
    as_of: str | None = None,
    payments: str = PAYMENTS,
    options: ReadOptions = AS_IT_IS,
) -> Backtest:
    (tmp_path / "payments.csv").write_text(payments)
    (tmp_path / "labels.csv").write_text("\n".join([HEADING, *lines]))
    return run(
        Order(
            tmp_path / "payments.csv",
            options,
            RULES,
            PlanSettings(),
            tmp_path / "labels.csv",
            None if as_of is None else parse_time(as_of),
        ),
        Progress(),
    )


@pytest.mark.parametrize(
    ("as_of", "truths", "pending"),
    [
        (None, [False, True, None], 0),
        ("2026-03-15T00:00:00Z", [False, False, None], 0),
        ("2026-02-15T00:00:00Z", [True, False, None], 0),
        ("2026-01-15T00:00:00Z", [None, False, None], 1),
    ],
)
def test_the_newest_label_known_counts_in_any_order(
    tmp_path: Path, as_of: str | None, truths: list[bool | None], pending: int
) -> None:
    for lines in permutations(LIFE):
        found = judged(tmp_path, list(lines), as_of)
        assert [one.fraud for one in found.outcomes] == truths
        assert (found.pending, found.truths.given, found.truths.matched) == (pending, 4, 4)


@pytest.mark.parametrize("seed", range(20))
def test_a_backtest_and_the_topic_take_the_same_label_of_many(seed: int) -> None:
    rng = random.Random(seed)
    moments = rng.sample(range(START_MS, START_MS + 60), 40)
    given = [(f"{rng.randrange(6)}", rng.random() < 0.5, at_ms) for at_ms in moments]
    as_of_ms = START_MS + rng.randrange(60)
    truths = Truths(as_of_ms)
    for event, fraud, at_ms in given:
        truths.give(LabelRow(1, rng.choice(("u", None)), event, Label(fraud, at_ms, None)))
    logged = [
        (START_MS - n, n, label(("u", event), fraud, "x", at_ms))
        for n, (event, fraud, at_ms) in enumerate(given)
    ]
    known = {event: one.is_fraud for (_, event), one in newest_of(logged, as_of_ms).items()}
    found = {event: truths.of(("u", event)) for event in map(str, range(6))}
    assert {event: one.fraud for event, one in found.items() if one is not None} == known


def test_labels_of_the_same_moment_that_differ_are_told_and_fraud_counts(tmp_path: Path) -> None:
    for lines in permutations(["1,u1,0,,", "1,u1,1,,", "3,u3,0,,"]):
        found = judged(tmp_path, list(lines))
        assert [one.fraud for one in found.outcomes] == [True, None, False]
        assert found.truths.contradictory == 1


def test_a_label_from_before_its_event_counts_and_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["1,u1,1,2026-01-01T10:00:59Z,", "2,u2,0,2026-01-01T10:02:00Z,", "3,u3,1,,"]
    found = judged(tmp_path, lines)
    assert ([one.fraud for one in found.outcomes], found.truths.early) == ([True, False, True], 1)
    assert main(["backtest", str(tmp_path / "payments.csv"), "--labels", str(tmp_path / "labels.csv")]) == 0
    assert "1 events have a label that was known before they were" in capsys.readouterr().out


def test_a_label_that_stands_with_a_payment_or_its_copy_is_one_of_several(tmp_path: Path) -> None:
    rows = [
        "1,u1,2026-01-01T10:01:00Z,5,0,2026-01-05T00:00:00Z",
        "1,u1,2026-01-01T10:01:00Z,5,1,2026-01-09T00:00:00Z",
        "2,u2,2026-01-01T10:02:00Z,5,1,2026-01-05T00:00:00Z",
    ]
    for copies in (rows, rows[1::-1] + rows[2:]):
        payments = "event_id,user_id,event_time,amount,label,label_time\n" + "\n".join(copies)
        found = judged(tmp_path, ["2,u2,0,2026-01-06T00:00:00Z,"], payments=payments)
        assert ([one.fraud for one in found.outcomes], found.duplicates) == ([True, False], 1)


def test_a_bad_label_refuses_its_own_row_and_one_without_an_event_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "payments.csv").write_text(PAYMENTS.replace("\n1,", "\n001,"))
    lines = ["1,u1,1,,", "2,u2,perhaps,,", ",u3,1,,", "3,u3,1,soon,", "9,u9,1,,", "2,other,1,,"]
    (tmp_path / "labels.csv").write_text("\n".join([HEADING, *lines]))
    words = ["backtest", str(tmp_path / "payments.csv"), "--labels", str(tmp_path / "labels.csv")]
    written = tmp_path / "refused.jsonl"
    assert main([*words, "--refused", str(written), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["data"]["labels_file"]
    refused = [
        {"file": str(tmp_path / "labels.csv"), "line": line, "code": code, "reason": reason}
        for line, code, reason in (
            (3, "bad_label", "bad_label: 'perhaps' is neither fraud (1, true) nor legit (0, false)"),
            (4, "missing_field", "missing_field: event_id and label are needed"),
            (
                5,
                "bad_label_time",
                "bad_label_time: 'soon': write it like 2026-01-31T10:00:00Z, or give its form: --time-format"
                " '%d.%m.%Y %H:%M'",
            ),
        )
    ]
    assert told == {
        "labels": 3,
        "matched": 0,
        "contradictory": 0,
        "early": 0,
        "label_refused": refused,
        "label_refused_rows": 3,
        "label_refused_by_reason": {"bad_label": 1, "missing_field": 1, "bad_label_time": 1},
        "unmatched": [
            {"event_id": "1", "user_id": "u1", "looks_like": "001"},
            {"event_id": "9", "user_id": "u9", "looks_like": None},
            {"event_id": "2", "user_id": "other", "looks_like": "2 of user u2"},
        ],
    }
    shown = [json.loads(line) for line in written.read_text().splitlines()]
    assert [one.pop("row") for one in shown] == lines[1:4]
    assert shown == refused
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "Refused labels (3)" in said
    assert "Labels that match no event (3)" in said
    assert main([*words, "--max-refused", "10%"]) == 1
    assert limit("50%").is_exceeded(3, 6) is False


def test_a_format_that_only_the_labels_have_refuses_no_payment(tmp_path: Path) -> None:
    lines = ["1,u1,1,05.04.2026,", "2,u2,0,15.04.2026,"]
    options = ReadOptions(time_formats=("%d.%m.%Y",), zone="Europe/Berlin")
    found = judged(tmp_path, lines, options=options)
    assert (len(found.refused), found.truths.matched) == (0, 2)
