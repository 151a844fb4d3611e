"""A new store is one folder: nothing else has to name it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from fraudctl.chaos.means import cut, refuse
from fraudctl.engines import workers
from fraudctl.errors import NotRunning
from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from pipeline import sinks
from pipeline.sinks import trials

PACKAGE = r'''
"""Writes decisions to a ledger. A repeat changes nothing."""

from typing import Annotated

from pipeline.settings.kinds import Text
from pipeline.settings.reading import settings
from pipeline.sinks import Pace

@settings()
class Settings(Pace):
    """What it can be told."""

    book: Annotated[str, Text()] = "main"
    """which of its books"""

def connect(address, secret, settings):
    return ("ledger", address, secret, settings.book)
'''
PLACE = """
NEEDS_SERVER = False
PREPARED = []

def address(site):
    return f"{site.data.as_uri()}/{site.settings.get('book', 'main')}"

def prepare(address, secret, settings):
    PREPARED.append((address, secret, settings.book))
"""
TRIALS = """
REFUSALS = []

def refuse(address, secret, settings, refuses):
    REFUSALS.append((address, secret, settings.book, refuses))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a store called `ledger`, found beside the shipped ones."""
    store = tmp_path / "ledger"
    store.mkdir()
    monkeypatch.setattr(sinks, "__path__", [*sinks.__path__, str(tmp_path)])
    yield store
    for name in [name for name in sys.modules if name.startswith("pipeline.sinks.ledger")]:
        del sys.modules[name]


def module(name: str) -> ModuleType:
    return sys.modules[f"pipeline.sinks.ledger{name}"]


def stack(home: Path, addresses: dict[str, str]) -> Stack:
    wanted = replace(reading.load("default"), sinks={"ledger": {"book": "two"}})
    return Stack(home, wanted, addresses)


def test_a_store_that_says_nothing_of_itself_is_a_server_of_its_name(folder: Path, tmp_path: Path) -> None:
    (folder / "__init__.py").write_text(PACKAGE)
    assert "ledger" in sinks.names()
    without, served = stack(tmp_path, {"kafka": "k:1"}), stack(tmp_path, {"kafka": "k:1", "ledger": "h:7"})
    assert (workers.sinks(without), workers.sinks(served)) == ([], ["ledger"])
    assert served.sink_address("ledger") == "h:7"
    with pytest.raises(NotRunning, match="runs without ledger"):
        without.sink_address("ledger")
    sinks.prepare("ledger", "h:7", None, {})
    assert "ledger" in cut.targets()
    assert "ledger" not in refuse.targets()
    assert sinks.connect("ledger", "h:7", "s", {"book": "b"}) == ("ledger", "h:7", "s", "b")


def test_a_store_says_itself_where_it_is_what_it_needs_and_what_trials_may_do(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "__init__.py").write_text(PACKAGE + PLACE)
    (folder / "trials.py").write_text(TRIALS)
    one = stack(tmp_path, {"kafka": "k:1"})
    address = f"{(tmp_path / 'data' / 'ledger').as_uri()}/two"
    assert (one.sink_address("ledger"), workers.sinks(one)) == (address, ["ledger"])
    sinks.prepare("ledger", address, "secret", {"book": "b"})
    assert [(address, "secret", "b")] == module("").PREPARED
    assert "ledger" not in cut.targets()
    assert "ledger" in refuse.targets()
    refuse.strike(one, {"store": "ledger"})
    refuse.lift(one, {"store": "ledger"})
    assert [(address, None, "two", True), (address, None, "two", False)] == module(".trials").REFUSALS


def test_the_shipped_stores_say_what_trials_may_do_with_them() -> None:
    assert trials.refusing() == ("elasticsearch", "postgres", "redis")
    assert trials.with_places() == tuple(sinks.names())
