"""The shipped JSON Schemas of files: as the types are, named by the shipped files, of one mind with us."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fraudctl import schemas
from fraudctl.chaos import reading as faults
from fraudctl.errors import FileProblems
from fraudctl.settings import reading
from fraudctl.traffic import scenario
from pipeline.rules import ruleset
from pipeline.rules.ruleset import RuleSetError
from pipeline.settings.document import read, read_file

ROOT = Path(__file__).resolve().parents[3]
FOLDERS = {"profile": "profiles", "ruleset": "profiles/rules", "scenario": "scenarios", "fault": "faults"}
FILES = [(kind, file) for kind, folder in FOLDERS.items() for file in sorted((ROOT / folder).glob("*.yaml"))]
READERS = {"profile": reading.load, "ruleset": ruleset.load, "scenario": scenario.load, "fault": faults.load}


@cache
def validator(kind: str) -> Draft202012Validator:
    schema = json.loads((ROOT / "schemas" / f"{kind}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_shipped_schema_is_what_the_types_say(kind: str) -> None:
    shipped = (ROOT / "schemas" / f"{kind}.schema.json").read_text()
    assert shipped == schemas.text(schemas.document(kind)), "run: make schemas"


@pytest.mark.parametrize(("kind", "file"), FILES, ids=[f"{kind}-{file.stem}" for kind, file in FILES])
def test_a_shipped_file_names_its_schema_and_follows_it(kind: str, file: Path) -> None:
    start, _, named = file.read_text().splitlines()[0].partition("=")
    assert start == "# yaml-language-server: $schema"
    assert (file.parent / named).resolve() == ROOT / "schemas" / f"{kind}.schema.json"
    assert [error.message for error in validator(kind).iter_errors(read_file(file).content)] == []


DESCRIBED = "description: x\n"
POPULATION = "population: {countries: {DE: 1, FR: 2}, currency: EUR, merchants: 3}\n"
BACKGROUND = "background: {pause: 1s, amount: {median: 30, spread: 0.5, lo: 1.01, hi: 400.5}}\n"
CALM = f"{DESCRIBED}{POPULATION}{BACKGROUND}attacks: []\n"
RULES = "version: 1\nrules: {r: {when: amount > 1, points: 5}}\nthresholds: {review: 50, block: 80}\n"


@pytest.mark.parametrize(
    ("kind", "text", "is_good"),
    [
        ("profile", "partitions: 8\n", True),
        ("profile", "sinks: {redis: {flag_ttl: 5m}}\n", True),
        ("profile", "sinks: {redis: {flag_ttll: 5m}}\n", False),
        ("profile", "sinks: {redis: {mark_ttl: banana}}\n", False),
        ("profile", "pipeline: {out_of_orderness_ms: 20}\n", True),
        ("profile", "pipeline: {out_of_orderness_ms: 1.5s}\n", False),
        ("profile", "servers: {kafka: {settings: {num.io.threads: 3}, ports: {controller: 5}}}\n", True),
        ("profile", "servers: {redis: {settings: {maxmemory: 3}}}\n", False),
        ("profile", "servers: {postgres: {external: {}}}\n", False),
        ("profile", "topics: {labels: ..}\n", False),
        ("profile", "sinks: {dynamodb: {}}\nnotify: {channels: {email: {host: h, from: a, to: b}}}\n", True),
        ("profile", "sinks: {dynamodb: {}}\nnotify: {channels: {email: {host: h, to: b}}}\n", False),
        ("scenario", CALM, True),
        ("scenario", CALM.replace("merchants: 3", "merchants: many"), False),
        ("scenario", CALM.replace("pause: 1s", "pause: 1"), False),
        ("scenario", CALM.replace(", FR: 2", ""), False),
        ("scenario", CALM + "colour: red\n", False),
        ("fault", DESCRIBED + "means: stop\ntarget: redis\nlasts: 1.5s\n", True),
        ("fault", DESCRIBED + "means: stop\ntarget: redis\n", False),
        ("fault", DESCRIBED + "means: refuse\ntarget: kafka\nlasts: 3s\n", False),
        ("fault", DESCRIBED + "means: delay\nshare: 0\nby: 3s\n", False),
        ("fault", DESCRIBED + "means: burn\n", False),
        ("ruleset", RULES, True),
        ("ruleset", RULES + "features: {f: {by: ip, agg: count, window: 5m}}\n", True),
        (
            "ruleset",
            RULES + "fields: {town: text}\nfeatures: {f: {by: town, agg: count, window: 1w}}\n",
            True,
        ),
        ("ruleset", RULES + "features: {f: {by: [ip, card_id], agg: count, window: 5m}}\n", True),
        ("ruleset", RULES + "features: {f: {by: country, agg: count, window: 5m}}\n", False),
        ("ruleset", RULES + "features: {f: {by: [], agg: count, window: 5m}}\n", False),
        ("ruleset", RULES + "fields: {town: place}\n", False),
        ("ruleset", RULES + "settings: {currency: EUR}\nrates: {JPY: '0.006'}\n", True),
        ("ruleset", RULES + "settings: {currency: EUR}\nrates: {yen: '0.006'}\n", False),
        ("ruleset", RULES + "features: {f: {by: ip, agg: count, window: soon}}\n", False),
        ("ruleset", RULES.replace("points: 5", "points: 500"), False),
        ("ruleset", RULES + "colour: red\n", False),
    ],
)
def test_an_editor_and_we_are_of_one_mind(kind: str, text: str, is_good: bool, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    assert (validator(kind).is_valid(read(text).content), _is_read(kind, file)) == (is_good, is_good)


def _is_read(kind: str, file: Path) -> bool:
    read_it: Any = READERS[kind]
    try:
        read_it(file)
    except (FileProblems, RuleSetError):
        return False
    return True
