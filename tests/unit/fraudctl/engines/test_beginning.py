"""Whether `up` goes on with the stack that runs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudctl import engines
from fraudctl.engines import beginning
from fraudctl.engines.contract import Wish
from fraudctl.errors import Failed
from fraudctl.home.stack import Stack
from fraudctl.settings import reading


def wish(stack: Stack, **overrides: object) -> Wish:
    return Wish(stack.home, reading.load("default", overrides))


def test_a_stack_goes_on_with_more_workers_or_fewer(stack: Stack) -> None:
    known = replace(stack, extra={"ready": True})
    assert beginning.goes_on(known, wish(stack))
    assert beginning.goes_on(known, wish(stack, **{"servers.flink.taskmanagers": 3}))


def test_a_stack_with_other_settings_is_refused_once_it_came_up(stack: Stack) -> None:
    other = wish(stack, **{"servers.flink.taskmanagers": 3, "servers.flink.memory_mb": 3000})
    assert not beginning.goes_on(stack, other)
    with pytest.raises(Failed, match="a stack with other settings"):
        beginning.goes_on(replace(stack, extra={"ready": True}), other)


def test_a_stopped_stack_of_another_engine_is_not_gone_on_with(stack: Stack) -> None:
    stack.save()
    assert type(engines.for_up(stack.home, "local")) is type(engines.for_up(stack.home, None))
    with pytest.raises(Failed, match=r"is of the engine local") as refused:
        engines.for_up(stack.home, "kubernetes")
    assert "fraudctl up --engine local" in refused.value.hint
