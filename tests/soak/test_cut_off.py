"""Commands that stop the job, killed before their steps on disk, as `tests/stack/test_cut_off.py` does."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fraudctl.home.stack import Stack
from tests.stack import conftest, test_cut_off

pytestmark = pytest.mark.timeout(3_000)
COMMANDS = [
    (("secrets", "rotate", "flink", "--yes"), "again"),
    (("secrets", "rotate", "kafka", "--yes"), "up"),
    (("job", "rescale", "2"), "again"),
]
stack = conftest.stack


@pytest.mark.parametrize(("command", "mend"), COMMANDS, ids=lambda one: str(one)[:40])
def test_whatever_has_stopped_the_job_is_told_and_mended(
    stack: Stack, command: Sequence[str], mend: str
) -> None:
    test_cut_off.tried(stack, command, mend, 9)
