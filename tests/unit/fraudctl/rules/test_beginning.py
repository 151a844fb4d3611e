"""The rule sets that come along, and one of one's own begun from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.cli import main
from fraudctl.home import rulesets
from pipeline.rules.lint import lint
from pipeline.rules.ruleset import load
from pipeline.scoring import cases


@pytest.mark.parametrize("name", sorted(rulesets.shipped()))
def test_a_rule_set_that_comes_along_is_sound_and_has_every_case(name: str) -> None:
    ruleset = load(rulesets.shipped()[name])
    assert [str(problem) for problem in lint(ruleset)] == []
    assert [outcome for outcome in cases.run_cases(ruleset) if outcome.failures] == []
    assert cases.uncovered(ruleset) == []


@pytest.mark.parametrize("name", sorted(rulesets.shipped()))
def test_a_rule_set_of_ones_own_is_that_one_under_a_name_of_its_own(name: str, tmp_path: Path) -> None:
    file = tmp_path / "my rules.yaml"
    assert main(["rules", "new", str(file), "--like", name]) == 0
    mine, like = load(file), load(rulesets.shipped()[name])
    assert mine.version == "my-rules-1"
    assert {**mine.content, "version": like.version} == like.content
    assert mine.tests == like.tests


def test_a_file_that_is_there_is_left_alone_and_an_unknown_name_is_told_which_there_are(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("mine", encoding="utf-8")
    assert main(["rules", "new", str(file)]) == 2
    assert file.read_text(encoding="utf-8") == "mine"
    assert main(["rules", "new", str(tmp_path / "other.yaml"), "--like", "nothing"]) == 2
    assert "account-to-account, card-not-present, default" in capsys.readouterr().err
    assert not (tmp_path / "other.yaml").exists()
