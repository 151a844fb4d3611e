"""Shared by the rooms of fraudctl: a stack that is only told of, and a Flink that answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile
from tests.unit.fraudctl.flink.flink_double import Cluster, flink_double

MakeStack = Callable[..., Stack]


@pytest.fixture
def make_stack(tmp_path: Path) -> MakeStack:
    """Makes stacks of the default profile in this test's folder, with servers at the addresses named."""

    def make(
        home: Path = tmp_path,
        profile: Profile | None = None,
        jars: Mapping[str, str] | None = None,
        **addresses: str,
    ) -> Stack:
        return Stack(home, profile or reading.load("default"), addresses, jars=jars or {})

    return make


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with flink_double() as double:
        yield double


@pytest.fixture
def stack(make_stack: MakeStack, cluster: Cluster) -> Stack:
    """One whose Flink is `cluster`, and whose other servers nobody has started."""
    return make_stack(flink=cluster.url.removeprefix("http://"), kafka="127.0.0.1:1", redis="127.0.0.1:4")
