"""Homes of stacks that tests start: where another user of the machine can reach them, ended whatever comes.

pytest's own folders are readable by us alone, but servers that root starts run as another user.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fraudctl.engines import current
from fraudctl.home.stack import Stack
from tests import variables
from tests.stack.cli import fraudctl


@contextmanager
def reachable_folder(of: str) -> Iterator[Path]:
    """An empty folder, removed at the end, also where a program that ends just then still writes into it."""
    prefix = f"fraudctl-{of}-"
    with tempfile.TemporaryDirectory(prefix=prefix, dir="/tmp", ignore_cleanup_errors=True) as name:
        Path(name).chmod(0o755)
        yield Path(name)


@contextmanager
def given_or_started(of: str, *options: str) -> Iterator[Stack]:
    """The stack that FRAUDCTL_TEST_HOME names, which runs already and is left running, or one of its own."""
    if given := variables.given("FRAUDCTL_TEST_HOME"):
        yield current(Path(given))
        return
    with reachable_folder(of) as folder, started(folder / "home", "--wait", "300", *options) as made:
        yield made


@contextmanager
def started(home: Path, *options: str) -> Iterator[Stack]:
    """The stack that `up` starts in that home with these options; purged at the end."""
    try:
        fraudctl(home, "up", "--any-port", *options)
        yield current(home)
    finally:
        fraudctl(home, "purge", "--yes")
