"""Two builds by turns: whose turn it is, which program is a build's, and what the runs come to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fraudctl.bench.paired import Ratio
from fraudctl.bench.pairs import FIGURES, Build, by_pairs, program, ratio
from fraudctl.errors import Failed, UsageError


def test_a_build_is_a_checkout_an_environment_or_the_program_itself(tmp_path: Path) -> None:
    for place in ("checkout/.venv/bin", "environment/bin"):
        (tmp_path / place).mkdir(parents=True)
        (tmp_path / place / "fraudctl").touch(mode=0o755)
    checkout = tmp_path / "checkout" / ".venv" / "bin" / "fraudctl"
    assert program(tmp_path / "checkout") == checkout
    assert program(tmp_path / "environment") == tmp_path / "environment" / "bin" / "fraudctl"
    assert program(checkout) == checkout
    with pytest.raises(UsageError, match="there is no fraudctl in"):
        program(tmp_path)


def test_the_ratio_is_that_of_the_medians_and_none_where_a_build_has_no_figure() -> None:
    assert ratio([10.0, 30.0, 20.0], [40.0, 10.0, 30.0]) == 1.5
    assert ratio([], [1.0]) is None


def build(home: Path, script: str) -> Build:
    return Build("before", (sys.executable, "-c", script), home)


def test_a_build_is_called_with_its_own_home_and_without_settings_of_the_stack_beside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUDCTL_CACHE", "/shared")
    monkeypatch.setenv("FRAUDCTL_PIPELINE__PARALLELISM", "4")
    script = (
        "import json, os, sys; own = {k: v for k, v in os.environ.items() if k.startswith('FRAUDCTL_')};"
        "print(json.dumps({'data': [sys.argv[1:], own]}))"
    )
    said = build(tmp_path, script).call("bench", "--capacity")
    assert said == [
        ["bench", "--capacity", "--json"],
        {"FRAUDCTL_CACHE": "/shared", "FRAUDCTL_HOME": str(tmp_path)},
    ]


def test_a_build_that_fails_is_told_with_its_own_words(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="before: fraudctl up did not succeed:\nno room"):
        build(tmp_path, "import sys; sys.exit('no room')").call("up")


def test_figures_that_a_run_does_not_have_are_left_out(tmp_path: Path) -> None:
    one = build(tmp_path, "")
    one.runs = [{"cpu_us_per_event": 60.0}, {"cpu_us_per_event": None}, {}]
    assert one.figures("cpu_us_per_event") == [60.0]


def test_a_pair_counts_by_pairs_only_where_both_runs_have_the_figure(tmp_path: Path) -> None:
    before, after = build(tmp_path, ""), build(tmp_path, "")
    before.runs = [{"cpu_us_per_event": 60.0}, {"cpu_us_per_event": None}]
    after.runs = [{"cpu_us_per_event": 66.0}, {"cpu_us_per_event": 60.0}]
    assert by_pairs(before, after) == dict.fromkeys(FIGURES) | {"cpu_us_per_event": Ratio(1.1)}
