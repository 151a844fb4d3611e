"""What the page is told by a stack that lacks what it would be asked of."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.errors import FraudctlError, NotRunning
from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from fraudctl.views import watcher
from fraudctl.views.web.source import OfStack


@pytest.fixture
def source(tmp_path: Path) -> OfStack:
    stack = Stack(tmp_path, reading.load("default", {}, {}), {})
    return OfStack(stack, watcher.of(stack, 60.0))


def test_without_a_store_decisions_and_searches_say_what_is_missing(source: OfStack) -> None:
    with pytest.raises(NotRunning, match="runs without postgres"):
        source.decision("ada", "e1")
    with pytest.raises(NotRunning, match="runs without postgres"):
        source.found("e1")


def test_an_id_that_no_store_can_hold_is_found_nowhere(source: OfStack) -> None:
    assert source.decision("ada", "e\0") is None
    assert list(source.found("e\0")) == []


def test_a_comparison_that_failed_can_be_asked_for_again(source: OfStack) -> None:
    for _ in range(2):
        with pytest.raises(FraudctlError, match="runs without kafka"):
            source.compared()
