"""A home keeps what an older version kept, until somebody chooses otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.home import kept
from fraudctl.home.stack import Stack
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile
from pipeline.records.clock import DAY_MS

DEFAULT_MS = 400 * DAY_MS


def shipped(**environ: str) -> Profile:
    return reading.load("default", {}, environ)


def old_home(home: Path, retention_ms: int) -> Path:
    Stack(home, replace(shipped(), retention_ms=retention_ms), {}).save()
    return home


def own(folder: Path, text: str) -> Profile:
    (folder / "rules.yaml").write_text("version: 1\n")
    file = folder / "mine.yaml"
    file.write_text(f"rules: rules.yaml\n{text}")
    return reading.load(file, {}, {})


def test_a_new_home_keeps_400_days(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert kept.with_retention(tmp_path, shipped()).retention_ms == DEFAULT_MS
    assert own(tmp_path, "").retention_ms == DEFAULT_MS
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(("before_ms", "said"), [(-1, "for ever"), (900 * DAY_MS, "for 900 days")])
def test_an_old_home_is_not_cut_and_says_what_could_be_chosen(
    tmp_path: Path, before_ms: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    home = old_home(tmp_path, before_ms)
    for wanted in (shipped(), own(tmp_path, "partitions: 2")):
        assert kept.with_retention(home, wanted).retention_ms == before_ms
    told = " ".join(capsys.readouterr().err.split())
    assert told.count(f"topics keep their records {said}, as before; the default is 400 days now") == 2


@pytest.mark.parametrize("environ", [{}, {"FRAUDCTL_RETENTION_MS": "30d"}])
def test_who_chooses_is_heeded(
    tmp_path: Path, environ: Mapping[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    home = old_home(tmp_path, -1)
    wanted = shipped(**environ) if environ else own(tmp_path, "retention_ms: 30d")
    assert kept.with_retention(home, wanted).retention_ms == 30 * DAY_MS
    assert capsys.readouterr().err == ""


def test_a_home_that_keeps_less_keeps_more_from_now_on(tmp_path: Path) -> None:
    assert kept.with_retention(old_home(tmp_path, DAY_MS), shipped()).retention_ms == DEFAULT_MS


def test_a_home_whose_file_cannot_be_read_is_as_the_profile_says(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_text("{")
    assert kept.with_retention(tmp_path, shipped()).retention_ms == DEFAULT_MS
