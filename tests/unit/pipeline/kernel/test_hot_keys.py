"""The kernel's sketch of the hottest keys against exact counts."""

from __future__ import annotations

import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.kernel_process import KernelProcess

SIZE = 100


def asked(kernel: KernelProcess, folder: Path, keys: list[str], *more: str) -> dict[str, Any]:
    file = folder / "keys"
    file.write_text("\n".join(keys), encoding="utf-8")
    answer: dict[str, Any] = json.loads(kernel.printed("HotKeysTrial", str(SIZE), "20", str(file), *more))
    return answer


def drawn(share: float, others: int) -> list[str]:
    rng = random.Random(3)
    return ["hot" if rng.random() < share else f"k{rng.randrange(others)}" for _ in range(50_000)]


@pytest.mark.parametrize(("share", "others"), [(0.33, 5_000), (0.02, 50_000), (0.2, 40)])
def test_every_count_lies_between_what_is_told_and_no_hot_key_is_missing(
    kernel: KernelProcess, tmp_path: Path, share: float, others: int
) -> None:
    keys = drawn(share, others)
    exact = Counter(keys)
    found = asked(kernel, tmp_path, keys)
    for told in (found["whole"], *found["merged"]):
        assert all(at_least <= exact[key] <= at_most for key, at_most, at_least in told["keys"])
        assert all(at_most - at_least <= told["counted"] / SIZE for _, at_most, at_least in told["keys"])
    whole = found["whole"]
    assert whole["counted"] == len(keys)
    assert whole["keys"][0][0] == "hot"
    assert {key for key, times in exact.items() if times > len(keys) / 20} <= {
        one[0] for one in whole["keys"]
    }


def test_the_subtasks_reports_together_have_counted_everything_once(
    kernel: KernelProcess, tmp_path: Path
) -> None:
    keys = drawn(0.33, 5_000)
    merged = asked(kernel, tmp_path, keys)["merged"]
    assert len(merged) == 2
    assert sum(report["counted"] for report in merged) == len(keys)


def test_what_came_long_ago_is_forgotten(kernel: KernelProcess, tmp_path: Path) -> None:
    before, after = ["once"] * 20_000, [f"new{number % 3}" for number in range(30_000)]
    told = asked(kernel, tmp_path, before + after, "1000")["whole"]
    assert [key for key, *_ in told["keys"]] == ["new0", "new1", "new2"]
    assert told["counted"] < 2_000


def test_any_text_is_a_key(kernel: KernelProcess, tmp_path: Path) -> None:
    told = asked(kernel, tmp_path, ['"\\', "\x01é", "\U0001f511"])["whole"]
    assert sorted(key for key, *_ in told["keys"]) == sorted(['"\\', "\x01é", "\U0001f511"])
