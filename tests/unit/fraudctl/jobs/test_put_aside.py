"""People hear of records that are put aside: each once in the keeper's log, all in tables."""

from __future__ import annotations

import logging

import pytest

from fraudctl.jobs import put_aside
from fraudctl.jobs.put_aside import PutAside, Watcher

ONE = PutAside("risk.rules", 0, 7, "it has no plan")
TWO = PutAside("risk.rules", 0, 9, "it builds on the record at offset 7, which is put aside")


def test_the_keeper_says_each_record_once(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter([[ONE], None, [ONE, TWO], [ONE, TWO]])
    watcher = Watcher(lambda: next(answers))
    with caplog.at_level(logging.ERROR):
        counts = [watcher.count]
        for _ in range(4):
            watcher.look()
            counts.append(watcher.count)
    assert counts == [None, 1, 1, 2, 2]
    assert caplog.messages == [
        "the record at offset 7 of risk.rules-0 is put aside: it has no plan",
        "the record at offset 9 of risk.rules-0 is put aside: "
        "it builds on the record at offset 7, which is put aside",
    ]


@pytest.mark.parametrize("found", [None, []])
def test_where_there_is_none_nothing_is_said(found: list[PutAside] | None) -> None:
    assert put_aside.with_count("all is well", found) == "all is well"
    assert put_aside.tables(found) == ()
    assert put_aside.documents(found) == found


def test_a_summary_and_a_table_name_them() -> None:
    assert put_aside.with_count("all is well", [ONE]) == "all is well; 1 record on the rules topic put aside"
    assert put_aside.with_count("", [ONE, TWO]) == "2 records on the rules topic put aside"
    (table,) = put_aside.tables([ONE, TWO])
    assert table.rows == [("risk.rules", 0, 7, ONE.reason), ("risk.rules", 0, 9, TWO.reason)]
    assert put_aside.documents([ONE]) == [
        {"topic": "risk.rules", "partition": 0, "offset": 7, "reason": "it has no plan"}
    ]
