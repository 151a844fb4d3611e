"""What a start refuses: a job that does not fit into the slots of the TaskManagers, a port that is taken."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.engines.contract import Wish
from fraudctl.engines.local import start
from fraudctl.errors import FraudctlError, UsageError
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


@pytest.mark.parametrize("exists", [False, True])
def test_a_start_that_cannot_be_leaves_no_home(tmp_path: Path, exists: bool) -> None:
    home = tmp_path / "home"
    if exists:
        home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        lacks_port = reading.load("default", {"servers.redis.port": port})
        lacks_slots = reading.load("default", {"pipeline.parallelism": 9})
        for wish, code in [
            (Wish(home, lacks_port, ("kafka", "flink", "postgres"), False, 1.0), "port_taken"),
            (Wish(home, lacks_slots, (), True, 1.0), "too_few_slots"),
        ]:
            with pytest.raises(FraudctlError) as refused:
                start.up(wish)
            assert refused.value.code == code
    assert list(tmp_path.rglob("*")) == ([home] if exists else [])
