"""Findings and case results in the forms other tools read, and the commands that print them."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from fraudctl.cli import main
from fraudctl.console.findings import Case, Finding, junit, lint_junit, sarif

FINDINGS = [
    Finding("rules.busy.when", 7, 'compares <text> & "number"', "warning"),
    Finding("", None, "cannot be read", "error"),
]
RULES = """\
version: v1
rules:
  odd: {when: amount > 5 and amount < 5, points: 90}
thresholds: {review: 50, block: 80}
tests:
  defaults: {user_id: u, amount: 1}
  cases:
    odd:
      positive: [{}]
      negative: [{}]
"""


def test_sarif_names_the_file_the_line_and_the_rule_of_each_finding() -> None:
    log = json.loads(sarif(Path("rules/my.yaml"), FINDINGS))
    (run,) = log["runs"]
    assert (log["version"], run["tool"]["driver"]["name"]) == ("2.1.0", "fraudctl")
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["ruleset/file", "ruleset/rules"]
    assert run["results"] == [
        {
            "ruleId": "ruleset/rules",
            "level": "warning",
            "message": {"text": 'rules.busy.when: compares <text> & "number"'},
            "locations": [
                {
                    "physicalLocation": {
                        "artifactLocation": {"uri": "rules/my.yaml"},
                        "region": {"startLine": 7},
                    }
                }
            ],
        },
        {
            "ruleId": "ruleset/file",
            "level": "error",
            "message": {"text": "cannot be read"},
            "locations": [{"physicalLocation": {"artifactLocation": {"uri": "rules/my.yaml"}}}],
        },
    ]


def test_junit_counts_and_holds_every_failure_also_with_characters_that_xml_cannot_hold() -> None:
    suite = ElementTree.fromstring(
        junit("f.yaml", [Case("g", "ok", 3, ()), Case("g", "bad", None, ("a\x00<",))], 1.5)
    )
    assert suite.attrib == {"name": "f.yaml", "tests": "2", "failures": "1", "errors": "0", "time": "1.500"}
    good, bad = suite.findall("testcase")
    assert good.attrib == {"classname": "g", "name": "ok", "file": "f.yaml", "line": "3"}
    assert [failure.get("message") for failure in bad.findall("failure")] == ["a?<"]


def test_a_file_without_findings_is_one_case_that_passed() -> None:
    suite = ElementTree.fromstring(lint_junit(Path("f.yaml"), []))
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")
    assert ElementTree.fromstring(lint_junit(Path("f.yaml"), FINDINGS)).get("failures") == "2"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES, encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FRAUDCTL_HOME", str(tmp_path / "home"))


def test_lint_prints_sarif_and_junit_and_warnings_are_no_failure(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["rules", "lint", str(file), "--format", "sarif"]) == 0
    results = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert [one["locations"][0]["physicalLocation"]["region"]["startLine"] for one in results] == [4, 4, 3]
    assert main(["rules", "lint", str(file), "--format", "junit"]) == 0
    assert ElementTree.fromstring(capsys.readouterr().out).get("failures") == "3"
    assert main(["rules", "lint", str(file), "--format", "sarif", "--json"]) == 2
    assert main(["rules", "lint", str(file), "--format", "xml"]) == 2


def test_lint_refuses_a_broken_file_in_every_format(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text(RULES.replace("amount > 5", "amount.real > 5"), encoding="utf-8")
    assert main(["rules", "lint", str(file), "--format", "sarif"]) == 5
    (result,) = json.loads(capsys.readouterr().out)["runs"][0]["results"]
    assert (result["level"], "an attribute cannot be a value" in result["message"]["text"]) == ("error", True)


def test_cases_are_run_by_the_command(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["rules", "test", str(file), "--json"]) == 5
    data = json.loads(capsys.readouterr().out)["data"]
    assert (data["cases"], data["failed"]) == (2, 1)
    assert main(["rules", "test", str(file), "--format", "junit"]) == 5
    assert ElementTree.fromstring(capsys.readouterr().out).get("failures") == "1"
    file.write_text(RULES.replace("      positive: [{}]\n", ""), encoding="utf-8")
    assert main(["rules", "test", str(file)]) == 0
    assert main(["rules", "test", str(file), "--complete"]) == 5
    assert "no positive, boundary, late case" in capsys.readouterr().out
