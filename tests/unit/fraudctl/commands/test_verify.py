"""What `verify` answers, and what it asks before it deletes."""

from __future__ import annotations

import io

import pytest

from fraudctl import errors
from fraudctl.commands import verify as command
from fraudctl.verify import Difference, Kind, Report
from fraudctl.verify.report import SinkReport


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
        ("postgres", "diverged", "ada", "e1"),
        ("redis", "expired", "bob", "e2"),
    ]
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
