"""What a stack at rest takes, as it is told."""

from __future__ import annotations

from fraudctl.bench.idle import Idle, Rest, answer


def test_programs_are_told_one_by_one_and_all_together() -> None:
    programs = Idle("kafka", 0.031, 310), Idle("ticker", 0.004, 30)
    found = answer(Rest(60.0, programs, {"Source: transactions": 0.02}))
    assert found.summary == "at rest for 60 s: 0.035 of one core, 340 MB"
    assert [list(table.rows) for table in found.tables] == [
        [("kafka", 0.031, 310), ("ticker", 0.004, 30), ("all", 0.035, 340)],
        [("Source: transactions", 0.02)],
    ]
