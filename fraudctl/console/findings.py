"""Findings about a file in the forms that other tools read: SARIF 2.1.0 for code scanning, JUnit for CI."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.etree import ElementTree

from fraudctl import __version__

SARIF_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing said about a file: where (`place` within it, `line` from 1 or None), what, how bad."""

    place: str
    line: int | None
    message: str
    severity: Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Case:
    """One check of a test run and what failed in it."""

    group: str
    name: str
    line: int | None
    failures: tuple[str, ...]


def sarif(file: Path, findings: Sequence[Finding]) -> str:
    """A SARIF log of one run; the rule id is the section of the place."""
    rules = sorted({_section(finding) for finding in findings})
    driver = {"name": "fraudctl", "version": __version__, "rules": [{"id": rule} for rule in rules]}
    run = {"tool": {"driver": driver}, "results": [_result(file, finding) for finding in findings]}
    log = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, ensure_ascii=False, indent=2)


def junit(suite: str, cases: Sequence[Case], seconds: float = 0.0) -> str:
    """A JUnit report of one suite."""
    failed = sum(bool(case.failures) for case in cases)
    root = ElementTree.Element(
        "testsuite",
        name=suite,
        tests=str(len(cases)),
        failures=str(failed),
        errors="0",
        time=f"{seconds:.3f}",
    )
    for case in cases:
        element = ElementTree.SubElement(root, "testcase", classname=case.group, name=case.name, file=suite)
        if case.line is not None:
            element.set("line", str(case.line))
        for failure in case.failures:
            ElementTree.SubElement(element, "failure", message=_clean(failure)).text = _clean(failure)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True)


def lint_junit(file: Path, findings: Sequence[Finding]) -> str:
    """The findings as a JUnit report: one failed case each, one that passed when there is none."""
    cases = [
        Case(finding.severity, finding.place or "file", finding.line, (finding.message,))
        for finding in findings
    ]
    return junit(str(file), cases or [Case("lint", "no findings", None, ())])


def _section(finding: Finding) -> str:
    return f"ruleset/{finding.place.partition('.')[0] or 'file'}"


def _result(file: Path, finding: Finding) -> dict[str, object]:
    place: dict[str, object] = {"artifactLocation": {"uri": file.as_posix()}}
    if finding.line is not None:
        place["region"] = {"startLine": finding.line}
    text = f"{finding.place}: {finding.message}" if finding.place else finding.message
    return {
        "ruleId": _section(finding),
        "level": finding.severity,
        "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    }


def _clean(text: str) -> str:
    """Without the characters that XML cannot hold."""
    return "".join(
        c if c in "\t\n" or " " <= c < "\ud800" or "\ue000" <= c <= "\ufffd" else "?" for c in text
    )
