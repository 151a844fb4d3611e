"""Verification without a server: classes of differences, spill files, and the command's answer."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from fraudctl import errors
from fraudctl.commands import verify as command
from fraudctl.verify import Difference, Kind, Report, spill
from fraudctl.verify.classes import Found, Wanted, classify
from fraudctl.verify.compare import Scope
from fraudctl.verify.report import SinkReport

NOW = 1_000
A, B = b"a", b"b"
NEWEST, OLD = Wanted(5, A, None), Wanted(3, B, None)
NOTHING, OVER = Wanted(5, None, None), Wanted(5, A, NOW)


@pytest.mark.parametrize(
    ("found", "newest", "delivered", "refused", "kind"),
    [
        (Found(5, A), NEWEST, NEWEST, False, None),
        (None, NEWEST, NEWEST, False, Kind.MISSING),
        (Found(5, B), NEWEST, NEWEST, False, Kind.DIVERGED),
        (Found(6, A), NEWEST, NEWEST, False, Kind.DIVERGED),
        (Found(-1, A), NEWEST, NEWEST, False, Kind.DIVERGED),
        (Found(3, B), NEWEST, NEWEST, False, Kind.STALE),
        (None, NOTHING, NOTHING, False, None),
        (Found(3, B), NOTHING, NOTHING, False, Kind.STALE),
        (Found(5, B), NOTHING, NOTHING, False, Kind.EXTRA),
        (None, OVER, OVER, False, Kind.EXPIRED),
        (Found(5, A), OVER, OVER, False, None),
        (Found(3, B), OVER, OVER, False, Kind.EXPIRED),
        (Found(5, B), OVER, OVER, False, Kind.EXTRA),
        (None, NEWEST, None, False, Kind.UNDELIVERED),
        (Found(5, A), NEWEST, None, False, None),
        (Found(3, B), NEWEST, OLD, False, Kind.UNDELIVERED),
        (Found(4, B), NEWEST, OLD, False, Kind.UNDELIVERED),
        (Found(2, B), NEWEST, OLD, False, Kind.STALE),
        (None, NOTHING, OLD, False, Kind.UNDELIVERED),
        (None, NOTHING, None, False, None),
        (None, NEWEST, NEWEST, True, Kind.DEAD_LETTERED),
        (Found(3, B), NEWEST, NEWEST, True, Kind.DEAD_LETTERED),
        (Found(5, A), NEWEST, NEWEST, True, None),
    ],
)
def test_each_difference_has_one_class(
    found: Found | None, newest: Wanted, delivered: Wanted | None, refused: bool, kind: Kind | None
) -> None:
    assert classify(found, newest, delivered, refused, NOW) is kind


def test_a_row_without_a_decision_is_older_only_below_the_begin_of_its_partition() -> None:
    scope = Scope({0: 10, 1: 90}, {0: 10, 1: 90}, None, ())
    run = 3 << 40
    assert [scope.is_older(0, run | offset) for offset in (9, 10)] == [True, False]
    assert [scope.is_older(None, run | offset) for offset in (89, 90)] == [True, False]
    assert not scope.is_older(None, -1)


def test_a_row_from_a_part_of_the_log_that_was_not_asked_for_is_outside() -> None:
    scope = Scope({0: 0, 1: 0}, {0: 10, 1: 20}, {0: 50, 1: 60}, ())
    assert [scope.is_outside(0, offset) for offset in (9, 10, 49, 50)] == [True, False, False, True]
    assert [scope.is_outside(None, offset) for offset in (19, 20, 49, 50)] == [True, False, False, True]


def test_what_several_writers_spill_is_read_by_bucket(tmp_path: Path) -> None:
    count = 25_000  # more than one flush
    for writer in ("a", "b"):
        with spill.Spill(tmp_path, writer) as out:
            for n in range(count):
                out.add(spill.bucket_of(("ü\ud800", f"e{n}"), 7), ("ü\ud800", n, None, b"x"))
    found = [row for bucket in spill.buckets(tmp_path) for row in spill.rows(tmp_path, bucket)]
    assert len(spill.buckets(tmp_path)) == 7
    assert sorted(row[1] for row in found) == sorted([*range(count)] * 2)
    assert list(spill.rows(tmp_path, "nothing")) == []


def report() -> Report:
    diverged = Difference(
        "postgres", Kind.DIVERGED, ("ada", "e1"), 0, 1 << 40 | 7, 1 << 40 | 7, (("score", "61", "60"),)
    )
    expired = Difference("redis", Kind.EXPIRED, ("bob", "e2"), 1, 5, None)
    stores = {
        "postgres": SinkReport(10, 11, 8, classes={Kind.DIVERGED: 1, Kind.EXTRA: 1}),
        "redis": SinkReport(3, 2, 2, classes={Kind.EXPIRED: 1}),
    }
    return Report(stores, {0: 0}, {0: 10}, 10, shown=[expired, diverged])


def test_the_answer_names_faults_first_and_exits_5() -> None:
    found = command._result(report(), 20)
    assert found.exit_code == 5
    assert [row[:4] for row in found.tables[1].rows] == [
        ("postgres", "diverged", "ada", "e1"), ("redis", "expired", "bob", "e2"),
    ]  # fmt: skip
    assert "score: 61 is 60 in the log" in str(found.tables[1].rows[0])


def test_a_difference_with_a_reason_exits_0() -> None:
    one = report()
    one.sinks["postgres"].classes.clear()
    assert command._result(one, 20).exit_code == 0


def test_a_dry_run_says_what_would_be_done() -> None:
    data = command._dry(report(), 20).data
    assert isinstance(data, dict)
    assert data["would"] == {"rewrite": 1, "delete": 1}


def test_nothing_is_deleted_when_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO())
    with pytest.raises(errors.Difference, match="1 from postgres"):
        command._ask(report(), yes=False)
    command._ask(report(), yes=True)
