"""Which rows of a store a part of the log has nothing to say of."""

from __future__ import annotations

from fraudctl.verify.compare import Scope


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
