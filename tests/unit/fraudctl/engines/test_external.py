"""Servers that are not ours: named with their addresses, and said to be unwell when nobody is there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from fraudctl.engines import external
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from fraudctl.settings import reading
from fraudctl.settings.profile import External, ServerSettings
from tests.ports import free_port


@pytest.fixture
def stack(make_stack: Callable[..., Stack]) -> Stack:
    """A stack of external servers alone, at a port where nobody listens."""
    nobody = f"127.0.0.1:{free_port()}"
    settings = {
        name: ServerSettings(external=External(nobody)) for name in ("kafka", "flink", "postgres", "redis")
    }
    profile = replace(reading.load("default"), servers=settings)
    return make_stack(profile=profile, **dict.fromkeys(settings, nobody))


def test_each_external_server_that_is_away_is_unwell_with_a_reason(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(admin, "ANSWER_S", 0.5)
    assert external.names(stack) == ["kafka", "flink", "postgres", "redis"]
    assert [name for name in external.names(stack) if not external.reason_unwell(stack, name)] == []
