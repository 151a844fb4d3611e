"""Modules that are imported at the top and executed when they are needed."""

from __future__ import annotations

import importlib
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from fraudctl.commands import _deferred
from fraudctl.commands._deferred import deferred

NOTED = "from deferred_noted import noted\nnoted.append(__name__)\nvalue = 1\n"


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """A package `deferred_try` whose modules note that they are executed."""
    package = tmp_path / "deferred_try"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "one.py").write_text(NOTED)
    (package / "other.py").write_text(NOTED + "from deferred_try import one\n")
    (package / "circle.py").write_text(NOTED + "from deferred_try import circle as itself\n")
    (package / "slow.py").write_text(NOTED + "import time\ntime.sleep(0.2)\nlast = 2\n")
    (package / "ill.py").write_text(NOTED + "if len(noted) == 1:\n    raise RuntimeError('ill')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(_deferred, "OURS", ("deferred_try.",))
    executed: list[str] = []
    keeper = ModuleType("deferred_noted")
    vars(keeper)["noted"] = executed
    monkeypatch.setitem(sys.modules, "deferred_noted", keeper)
    yield executed
    for name in [name for name in sys.modules if name.startswith("deferred_try")]:
        del sys.modules[name]


def imported(name: str) -> ModuleType:
    with deferred():
        return importlib.import_module(f"deferred_try.{name}")


def test_a_module_is_executed_when_its_first_name_is_asked_for(noted: list[str]) -> None:
    one = imported("one")
    assert noted == []
    assert (one.value, noted, type(one)) == (1, ["deferred_try.one"], ModuleType)


def test_a_second_import_executes_nothing_and_gives_the_same_module(noted: list[str]) -> None:
    one = imported("one")
    assert importlib.import_module("deferred_try.one") is one
    assert imported("one") is one
    assert noted == []


def test_what_a_module_imports_when_it_is_executed_later_is_executed_at_once(noted: list[str]) -> None:
    other = imported("other")
    assert other.one.value == 1
    assert noted == ["deferred_try.other", "deferred_try.one"]


def test_a_module_may_import_itself_on_the_way(noted: list[str]) -> None:
    circle = imported("circle")
    assert (circle.itself is circle, noted) == (True, ["deferred_try.circle"])


def test_another_thread_sees_nothing_of_a_module_half_executed(noted: list[str]) -> None:
    slow = imported("slow")
    seen: list[int] = []
    threads = [threading.Thread(target=lambda: seen.append(slow.last)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (seen, noted) == ([2, 2, 2, 2], ["deferred_try.slow"])


def test_a_module_that_failed_is_tried_again(noted: list[str]) -> None:
    ill = imported("ill")
    with pytest.raises(RuntimeError, match="ill"):
        _ = ill.value
    assert (ill.value, noted) == (1, ["deferred_try.ill", "deferred_try.ill"])


def test_outside_of_the_block_nothing_is_put_off(noted: list[str]) -> None:
    with deferred():
        pass
    importlib.import_module("deferred_try.one")
    assert noted == ["deferred_try.one"]
