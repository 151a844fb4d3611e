"""Rule sets that a home has used: kept by hash, found again by name, version or hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.cli import main
from fraudctl.engines import wanted
from fraudctl.errors import UsageError
from fraudctl.home import rulesets
from pipeline.rules import ruleset
from pipeline.rules.ruleset import parse

FOLDER = Path(__file__).parents[4] / "profiles" / "rules"
SHIPPED = {file.stem: ruleset.load(file).version for file in sorted(FOLDER.glob("*.yaml"))}


def content(version: str, points: int = 1) -> dict[str, Any]:
    return {
        "version": version,
        "rules": {"r": {"when": "amount > 1", "points": points}},
        "thresholds": {"review": 1, "block": 2},
    }


def test_content_is_kept_without_its_cases_under_the_hash_that_decisions_carry(tmp_path: Path) -> None:
    name = rulesets.store(tmp_path, content("v1") | {"tests": {"cases": {}}})
    assert name == parse(content("v1")).hash
    assert json.loads((tmp_path / "rules" / f"{name}.json").read_text()) == content("v1")
    assert rulesets.by_hash(tmp_path, name) == parse(content("v1"))
    assert rulesets.by_hash(tmp_path, "0" * 64) is None


def test_a_kept_rule_set_that_cannot_be_read_is_none_and_hides_no_shipped_one(tmp_path: Path) -> None:
    shipped = rulesets.find("default", tmp_path)[0]
    (tmp_path / "rules").mkdir()
    for name in (shipped.hash, "0" * 64):
        (tmp_path / "rules" / f"{name}.json").write_text("")
    assert rulesets.by_hash(tmp_path, shipped.hash) == shipped
    assert rulesets.by_hash(tmp_path, "0" * 64) is None


def test_a_version_used_twice_means_the_one_used_last(tmp_path: Path) -> None:
    rulesets.record_start(tmp_path, content("v1", 1), "fraudctl-live", 1, 1_000)
    rulesets.record_start(tmp_path, content("v1", 2), "fraudctl-live", 2, 2_000)
    assert rulesets.find("v1", tmp_path)[0] == parse(content("v1", 2))
    first = parse(content("v1", 1)).hash
    assert rulesets.find(first[:12], tmp_path)[0].hash == first
    rulesets.store(tmp_path, content("v1", 1))
    assert rulesets.find("v1", tmp_path)[0].hash == first
    with pytest.raises(UsageError, match="no rule set is called 'v9'"):
        rulesets.find("v9", tmp_path)


def test_a_shipped_name_a_file_and_a_broken_file(tmp_path: Path) -> None:
    assert rulesets.find("default", tmp_path)[0].version == "default-3"
    file = tmp_path / "mine.yaml"
    file.write_text(
        "version: mine\nrules: {r: {when: amount > 1, points: 1}}\nthresholds: {review: 1, block: 2}\n"
    )
    assert rulesets.find(str(file), tmp_path)[0].version == "mine"
    file.write_text("version: mine\n")
    with pytest.raises(UsageError, match="is no rule set"):
        rulesets.find(str(file), tmp_path)


def test_history_outlives_lines_of_another_form_and_one_that_a_crash_cut_off(tmp_path: Path) -> None:
    assert rulesets.history(tmp_path) == []
    rulesets.record_start(tmp_path, content("v1"), "fraudctl-live", 1, 1_767_225_600_000)
    with (tmp_path / "rules" / "history.jsonl").open("a") as out:
        out.write('{"run": 2}\n[]\n{"at_ms": 12')
    assert [entry.version for entry in rulesets.history(tmp_path)] == ["v1"]


def test_history_outlives_what_is_no_text_and_separators_of_lines_within_a_version(tmp_path: Path) -> None:
    rulesets.record_start(tmp_path, content("v\u20281"), "job", 1, 5)
    file = tmp_path / "rules" / "history.jsonl"
    with file.open("ab") as out:
        out.write("é".encode()[:1] + b"\n")
    rulesets.record_start(tmp_path, content("é"), "job", 2, 6)
    with file.open("ab") as out:
        out.write('{"version": "é'.encode()[:-1])
    assert [entry.version for entry in rulesets.history(tmp_path)] == ["v\u20281", "é"]


def test_history_list_and_show_work_without_a_running_stack(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rulesets.record_start(tmp_path, content("v1"), "fraudctl-live", 3, 1_767_225_600_000)
    home = ["--home", str(tmp_path), "--json"]
    assert main(["rules", "history", *home]) == 0
    starts = json.loads(capsys.readouterr().out)["data"]["starts"]
    assert starts == [
        {
            "at": "2026-01-01T00:00:00.000Z",
            "version": "v1",
            "hash": parse(content("v1")).hash,
            "job": "fraudctl-live",
            "run": 3,
        }
    ]
    assert main(["rules", "list", *home]) == 0
    listed = json.loads(capsys.readouterr().out)["data"]["rule_sets"]
    assert [one["version"] for one in listed] == [*SHIPPED.values(), "v1"]
    assert main(["rules", "show", "v1", *home]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["content"] == content("v1")


@pytest.fixture
def names(tmp_path: Path) -> list[tuple[str, str]]:
    """Every way to name a rule set, each with the version it means."""
    file = tmp_path / "mine.yaml"
    file.write_text(
        "version: mine\nrules: {r: {when: amount > 1, points: 1}}\nthresholds: {review: 1, block: 2}\n"
    )
    kept = rulesets.store(tmp_path, content("v1"))
    return [("default", "default-3"), (str(file), "mine"), ("v1", "v1"), (kept[:12], "v1")]


def test_lint_and_test_take_every_name_that_the_other_commands_take(
    names: list[tuple[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, version in names:
        for verb, has_cases in (("lint", True), ("test", version == "default-3"), ("show", True)):
            code = main(["rules", verb, name, "--home", str(tmp_path), "--json"])
            answer = json.loads(capsys.readouterr().out)
            assert (verb, name, code) == (verb, name, 0 if has_cases else 5)
            assert verb == "show" or answer["data"]["version"] == version


@pytest.mark.parametrize("verb", ["lint", "test", "show", "apply", "shadow"])
def test_a_rule_set_that_is_not_there_is_told_alike_by_every_command(
    verb: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", verb, "absent", "--home", str(tmp_path), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert error == {
        "code": "no_rule_set",
        "message": "no rule set is called 'absent'",
        "hint": f"give a file, a shipped one ({', '.join(SHIPPED)}), or a version of: fraudctl rules history",
    }


def test_up_takes_a_shipped_rule_set_or_a_file(names: list[tuple[str, str]], tmp_path: Path) -> None:
    for name, version in names[:2]:
        assert rulesets.read(wanted.profile(tmp_path, None, name).rules).version == version
    with pytest.raises(UsageError, match="no rule set is called 'v1'"):
        wanted.profile(tmp_path, None, "v1")
