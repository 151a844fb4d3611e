"""What a fault may strike: programs of the stack, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.chaos.means import _programs
from fraudctl.errors import UsageError
from fraudctl.home.stack import Stack
from fraudctl.settings import reading


def test_a_server_elsewhere_is_told_from_one_that_is_not_there(tmp_path: Path) -> None:
    stack = Stack(tmp_path, reading.load("default"), {"elasticsearch": "http://search:9200"})
    with pytest.raises(UsageError, match="elasticsearch is a server elsewhere"):
        _programs.check(stack, "elasticsearch")
    with pytest.raises(UsageError, match="this stack has no dynamodb"):
        _programs.check(stack, "dynamodb")
