"""Asks the programs of a stack for their figures as Prometheus does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from fraudctl.engines import targets
from fraudctl.errors import NotRunning
from pipeline.connections.proxies import open_url

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

EVERY_S: Final = 10.0
_PATIENCE_S: Final = 10.0


def ask(address: str) -> float:
    """Milliseconds from the question to the whole answer. Raises NotRunning."""
    began_s = time.perf_counter()
    try:
        with open_url(f"http://{address}/metrics", _PATIENCE_S) as answered:
            answered.read()
    except OSError as error:
        raise NotRunning(f"no figures at {address}: {error}", hint="see: fraudctl status") from error
    return (time.perf_counter() - began_s) * 1_000


@contextmanager
def asked(stack: Stack) -> Iterator[None]:
    """Every program is asked, once at least and in an even beat, to the end of the block.

    Raises NotRunning there where one did not answer.
    """
    over, failures = threading.Event(), list[NotRunning]()
    asker = threading.Thread(target=_ask_on, args=(stack, over, failures), name="asker", daemon=True)
    asker.start()
    try:
        yield
    finally:
        over.set()
        asker.join()
    if failures:
        raise failures[0]


def _ask_on(stack: Stack, over: threading.Event, failures: list[NotRunning]) -> None:
    due_s = time.monotonic()
    while True:
        try:
            for address in targets.of(stack).values():
                ask(address)
        except NotRunning as failure:
            failures.append(failure)
        due_s = max(due_s + EVERY_S, time.monotonic())
        if over.wait(due_s - time.monotonic()):
            return
