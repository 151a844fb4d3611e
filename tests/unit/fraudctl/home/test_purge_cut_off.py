"""A purge that is cut off before each of its steps: nothing takes the rest, the same finishes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.errors import UsageError
from fraudctl.home import folder
from tests import dying

STEPS = dying.ON_DISK | {"rmdir"}
CONTENT = (
    "audit.jsonl",
    "checkpoints/run-1/chk-1/_metadata",
    "data/kafka/log",
    "jobs/live.json",
    "stack.json",
)


def made(home: Path) -> Path:
    folder.claim(home)
    for name in CONTENT:
        file = home / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")
    return home


@pytest.mark.slow
def test_a_home_of_which_a_part_is_gone_is_taken_by_nothing_and_purged_by_giving_it_again(
    tmp_path: Path,
) -> None:
    home, in_part = made(tmp_path / "home"), 0
    for _ in dying.deaths(lambda: folder.remove(home), STEPS):
        if home.exists():
            there = [name for name in CONTENT if (home / name).exists()]
            if there and len(there) < len(CONTENT):
                in_part += 1
                with pytest.raises(UsageError, match="was not purged to its end"):
                    folder.claim(home)
            assert folder.remove(home).is_gone
        made(home)
    assert in_part > 3
    assert not home.exists()
