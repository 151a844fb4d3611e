"""The hottest keys of the live job, as its subtasks tell of them."""

from __future__ import annotations

import pytest

from fraudctl.errors import NotRunning
from fraudctl.home.stack import Stack
from fraudctl.jobs import hot_keys
from fraudctl.jobs.hot_keys import HotHop, HotKey
from tests.unit.fraudctl.flink.flink_double import Cluster


def test_a_share_is_of_what_all_subtasks_of_a_step_counted(stack: Stack, cluster: Cluster) -> None:
    cluster.add("job1")
    one, other = '{"counted":60,"keys":[["a",30,30],["b",6,4]]}', '{"counted":40,"keys":[["c",20,10]]}'
    cluster.told = {
        "hot keys by ip": f"[{one},{other}]",
        "hot keys by card_id": "[]",
        "hot keys by user_id+ip": '[{"counted":4,"keys":[["u\\u00001.2.3.4",4,4]]}]',
        "something else": "7",
    }
    keys = [HotKey("a", 0.3, 0.3), HotKey("c", 0.2, 0.1), HotKey("b", 0.06, 0.04)]
    assert hot_keys.of(stack) == [
        HotHop("card_id", 0, []),
        HotHop("ip", 100, keys),
        HotHop("user_id+ip", 4, [HotKey("u + 1.2.3.4", 1.0, 1.0)]),
    ]
    assert [hop.hottest for hop in hot_keys.of(stack)] == [0.0, 0.3, 1.0]


def test_without_a_job_nothing_is_counted(stack: Stack) -> None:
    with pytest.raises(NotRunning, match="the live job does not run"):
        hot_keys.of(stack)
