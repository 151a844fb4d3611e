"""Profiles, scenarios and faults are files that people write: what is wrong with one is told of all alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest

from fraudctl.chaos import reading as faults
from fraudctl.errors import FileProblems, UsageError
from fraudctl.settings import reading as profiles
from fraudctl.traffic import scenario as scenarios

DIGITS = "9" * 5_000


@dataclass(frozen=True)
class Kind:
    """What reads a file of that kind, what finds one by its name, and the code where there is none."""

    load: Callable[[Path], object]
    find: Callable[[str, Path], object]
    unknown: str


KINDS = {
    "profile": Kind(profiles.load, lambda name, _: profiles.load(name), "usage"),
    "scenario": Kind(scenarios.load, scenarios.find, "no_scenario"),
    "fault": Kind(faults.load, faults.find, "no_fault"),
}


def refused(kind: str, folder: Path, text: str) -> FileProblems:
    file = folder / "mine.yaml"
    file.write_text(text)
    with pytest.raises(FileProblems) as caught:
        KINDS[kind].load(file)
    assert caught.value.exit_code == 2
    return caught.value


BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}, *{a}]\n" for a, b in pairwise("abcdefghijklm"))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("partitions: 4\npartitions: 8\n", "line 2: partitions appears twice"),
        ("sinks: {redis: {}}\nsinks: {}\n", "line 2: sinks appears twice"),
        ("sinks:\n  redis: {}\n  redis: {batch: 1}\n", "line 3: redis appears twice"),
        ("means: &a kill\ntarget: *a\n", "line 1: anchors and aliases are not allowed"),
        (BOMB, "line 1: anchors and aliases are not allowed"),
        ("partitions: !!python/name:os.system x\n", "line 1: tags are not allowed"),
        ("attacks: " + "[" * 5_000, "line 1: nested deeper than 10"),
        ("rules: r\nsinks: " + "[" * 5_000 + "]" * 5_000, "line 2: nested deeper than 10"),
        ("rules: r\n" + "n" * 900 + ": 1\n", "line 2: a name of more than 250 characters"),
        ("? [a, b]\n: 1\n", "line 1: a key must be plain text"),
        ("rules: r\npartitions: 1e999\n", "line 2: 1e999 is too large"),
        ("rules: 'x\n", "line 2: not YAML: found unexpected end of stream"),
        ("a: " + "x" * 1_000_000, "longer than 1000000 characters"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused_with_the_line(
    tmp_path: Path, kind: str, text: str, problem: str
) -> None:
    assert refused(kind, tmp_path, text).problems == (problem,)


@pytest.mark.parametrize(
    ("kind", "problem"),
    [
        ("profile", "the file must be a mapping of settings"),
        ("scenario", "file: must be a mapping, is a list of 1"),
        ("fault", "file: must be a mapping"),
    ],
)
def test_a_file_that_is_a_list_is_refused(tmp_path: Path, kind: str, problem: str) -> None:
    assert refused(kind, tmp_path, "- 1\n").problems == (problem,)


def wrong_profile() -> str:
    name = "n" * 200
    lines = [f"partitions: {DIGITS}", f"rules: {DIGITS}", f"{name}: 1", f"topics: {{decisions: {DIGITS}}}"]
    lines += [f"sinks: {{redis: {{batch: {DIGITS}, flag_ttl: {DIGITS}, {name}: {DIGITS}}}}}"]
    return "\n".join(lines + [f"setting_{number}: {DIGITS}" for number in range(100)])


def wrong_scenario() -> str:
    step = {"events": DIGITS, "spacing": [DIGITS, "1s"], "amount": [DIGITS, 1], "n" * 200: 1}
    attack = {"name": "x", "every": DIGITS, "steps": [step] * 40, "expect": DIGITS}
    return json.dumps({"attacks": [attack]}, indent=1).replace('"', "")


def wrong_fault() -> str:
    many = "".join(f"n{number}{'n' * 200}: {DIGITS}\n" for number in range(100))
    return f"description: x\nmeans: fill\ntarget: {DIGITS}\nlasts: {DIGITS}\nlimit_kb: {DIGITS}\n{many}"


@pytest.mark.parametrize(
    ("kind", "text", "problems"),
    [("profile", wrong_profile(), 107), ("scenario", wrong_scenario(), 165), ("fault", wrong_fault(), 103)],
    ids=KINDS,
)
def test_no_message_is_long_however_long_what_is_wrong_is(
    tmp_path: Path, kind: str, text: str, problems: int
) -> None:
    error = refused(kind, tmp_path, text)
    assert len(error.problems) == problems
    assert len(error.message) < 10_000
    assert error.message.endswith(f"\n  and {problems - 50} more")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "name",
    ["x" * 5_000, "x" * 5_000 + ".yaml", "a/" * 3_000, "x\0y", "x\0y.yaml", "~nobody-here/x"],
    ids=["long", "long file", "deep", "zero", "zero file", "nobody's"],
)
def test_a_name_no_file_can_have_names_none(tmp_path: Path, kind: str, name: str) -> None:
    with pytest.raises(UsageError) as caught:
        KINDS[kind].find(name, tmp_path)
    assert (caught.value.exit_code, caught.value.code) == (2, KINDS[kind].unknown)
    assert len(caught.value.message) < 200
