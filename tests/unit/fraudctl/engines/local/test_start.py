"""A job must fit into the slots that the TaskManagers have."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fraudctl.engines.local import start
from fraudctl.errors import UsageError
from fraudctl.home import jobs
from fraudctl.home.stack import Stack
from fraudctl.settings import reading


def test_a_parallelism_beyond_the_slots_is_refused_with_the_number_that_would_do(stack: Stack) -> None:
    nine = replace(stack, profile=reading.load("default", {"pipeline.parallelism": 9}))
    with pytest.raises(UsageError, match="parallelism 9 needs as many slots, and there are 4") as raised:
        start.refuse_too_few_slots(nine)
    assert raised.value.hint.startswith("fraudctl up --taskmanagers 3;")
    start.refuse_too_few_slots(
        replace(
            stack,
            profile=reading.load("default", {"pipeline.parallelism": 9, "servers.flink.taskmanagers": 3}),
        )
    )


def test_what_rescale_has_asked_for_counts_before_the_profile(stack: Stack) -> None:
    start.refuse_too_few_slots(stack)
    jobs.want(stack, parallelism=5)
    with pytest.raises(UsageError, match="parallelism 5"):
        start.refuse_too_few_slots(stack)
    (stack.paths.jobs / "live.json").write_text("damaged")
    start.refuse_too_few_slots(stack)
