"""How keys are called, alone and in a cluster."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from pipeline.sinks.redis.keys import BUCKETS, Layout

ALONE, CLUSTER = Layout(), Layout(is_cluster=True)
IDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)


def test_the_keys_of_one_server_are_called_as_ever() -> None:
    assert ALONE.keys_of(("ada", "evt-1")) == ("risk:flag:3:ada:evt-1", "risk:mark:3:ada:evt-1")
    assert (ALONE.prefixes, ALONE.flags) == (("risk:",), "risk:flag:*")


def test_in_a_cluster_the_crc32_of_the_user_says_the_part() -> None:
    # crc32("ada") is 0x8d708768, 40 of 64, as other languages and tools reckon it too
    assert CLUSTER.keys_of(("ada", "evt-1"))[0] == "risk:{40}:flag:3:ada:evt-1"
    assert len(set(CLUSTER.prefixes)) == BUCKETS


@given(IDS, IDS)
def test_a_key_leads_back_to_its_event_whatever_is_in_the_ids(user: str, event: str) -> None:
    for layout in (ALONE, CLUSTER):
        flag, mark = layout.keys_of((user, event))
        assert layout.identity_of(flag) == (user, event)
        assert layout.part_of(flag) == (layout.prefix_of((user, event)), f"{len(user)}:{user}:{event}")
        assert mark == flag.replace(":flag:", ":mark:", 1)


@given(IDS, IDS, IDS)
def test_all_of_a_users_keys_have_the_same_tag_in_a_cluster(user: str, one: str, other: str) -> None:
    keys = [*CLUSTER.keys_of((user, one)), *CLUSTER.keys_of((user, other))]
    assert len({re.findall(r"\{(.*?)\}", key)[0] for key in keys}) == 1
