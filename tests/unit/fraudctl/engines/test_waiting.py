from __future__ import annotations

import time

import pytest

from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.engines.waiting import Wait
from fraudctl.errors import Unhealthy


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        (
            "Caused by: java.net.BindException: Could not start rest endpoint on any port",
            "others: fraudctl up",
        ),
        ("FATAL: could not bind: Address already in use", "take others: fraudctl up --any-port"),
        ("there is not enough memory", "see: fraudctl logs flink-taskmanager"),
    ],
)
def test_who_ends_since_a_port_was_taken_meanwhile_is_told_to_take_others(said: str, hint: str) -> None:
    state = ProgramState("flink-taskmanager", Condition.FAILED, reason="Bad exit code 1")
    wait = Wait(
        lambda: {state.name: state},
        lambda _: ["begins", said, "ends"],
        lambda _: [state.name],
        time.monotonic() + 60,
    )
    with pytest.raises(Unhealthy, match="flink-taskmanager does not start") as failure:
        wait.for_programs([state.name])
    assert hint in str(failure.value.hint)
    assert said in failure.value.message
