"""Files of settings that are as long as they may be and made to take as long as they can: each is read, and
refused or taken, in a few times of what a long list takes, which is two seconds at most."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fraudctl.chaos import reading as faults
from fraudctl.compare import shadow_gate
from fraudctl.errors import FileProblems
from fraudctl.files import mapping
from fraudctl.settings import reading as profiles
from fraudctl.traffic import scenario
from pipeline.rules import lint, ruleset
from pipeline.settings import document

PLAIN = f"l: [{','.join(f'u{n}' for n in range(100_000))}]\n"
AT_MOST = 10
"""The times that it takes to read a long list, which is 0.2 s of processor time on a core of its own."""

TRAFFIC = (
    "description: d\npopulation: {countries: {DE: 1, FR: 1}, currency: EUR, merchants: 10}\n"
    "background: {pause: 1s, amount: {median: 5, spread: 1, lo: 1, hi: 9}}\n"
)
STEP = "{events: 1, spacing: [1s, 2s], amount: [1, 2]}"
ATTACK = "{name: a, every: 1s, expect: {rules: [r], flagged_from: 1}, steps: [%s]}"
FAULT = "description: d\nmeans: kill\n"
SLACK = "sinks: {dynamodb: {}}\nnotify: {channels: {slack: %s}}"
MAIL = "sinks: {dynamodb: {}}\nnotify: {channels: {email: {host: h, from: a@b, to: %s}}}"
RULES = "version: v\nthresholds: {review: 50, block: 60}\nrules: {r: {when: amount > 1, points: 1}}\n"
LONG = 900_000


def keys(stem: str, many: int, value: str = "1") -> str:
    return f"{{{','.join(f'{stem}{n}: {value}' for n in range(many))}}}"


def lines(stem: str, many: int) -> str:
    return "".join(f"{stem}{n}: 1\n" for n in range(many))


def items(value: str, many: int) -> str:
    return f"[{','.join([value] * many)}]"


PROFILES = {
    "unknown": lines("settin", 60_000),
    "of a section": f"topics: {keys('decision', 50_000)}",
    "sinks": f"sinks: {keys('redi', 70_000)}",
    "of a sink": f"sinks: {{redis: {keys('batc', 70_000)}}}",
    "of a broker": f"servers: {{kafka: {{settings: {keys('log.d', 60_000)}}}}}",
    "of a broker, wrong": f"servers: {{kafka: {{settings: {keys('log.d', 60_000, '[]')}}}}}",
    "ports": f"servers: {{kafka: {{ports: {keys('broke', 60_000)}}}}}",
    "elsewhere": f"servers: {{kafka: {{external: {keys('usernam', 50_000)}}}}}",
    "channels": f"notify: {{channels: {keys('slac', 65_000)}}}",
    "of a channel": SLACK % keys("webhoo", 60_000),
    "readers": MAIL % items("a@b", 200_000),
    "readers, wrong": MAIL % items("1", 240_000),
    "fields": f"fields: {keys('f', 999, '{mask: true}')}",
    "fields, wrong": f"fields: {keys('f', 900, keys('mas', 80))}",
    "a number": f"partitions: {'9' * LONG}",
    "a number as text": f"partitions: '{'9' * LONG}'",
    "a duration": f"retention_ms: '{'9' * LONG}d'",
    "an address": f"servers: {{kafka: {{external: {{bootstrap: '{'a:@' * (LONG // 3)}'}}}}}}",
}
SCENARIOS = {
    "unknown": TRAFFIC + lines("descriptio", 50_000),
    "countries": TRAFFIC.replace("{DE: 1, FR: 1}", keys("DE", 80_000)),
    "attacks, wrong": f"{TRAFFIC}attacks: {items('1', 240_000)}",
    "an attack, wrong": f"{TRAFFIC}attacks: [{keys('nam', 80_000)}]",
    "attacks": f"{TRAFFIC}attacks: {items(ATTACK % STEP, 7_000)}",
    "steps": f"{TRAFFIC}attacks: [{ATTACK % ','.join([STEP] * 15_000)}]",
    "steps, wrong": f"{TRAFFIC}attacks: [{ATTACK % ','.join(['{x: 1}'] * 60_000)}]",
    "rules": f"{TRAFFIC}attacks: [{(ATTACK % STEP).replace('[r]', items('r', 240_000))}]",
    "an amount": TRAFFIC.replace("median: 5", f"median: {'9' * LONG}"),
}
FAULTS = {
    "unknown": FAULT + lines("targe", 60_000),
    "unknown, unlike any": FAULT + lines("z", 60_000),
    "a target": f"{FAULT}target: '{'x' * LONG}'",
}
MAPPINGS = {
    "unknown": lines("labe", 60_000),
    "columns": f"map: {keys('user_i', 60_000, 'c')}",
    "columns, wrong": f"map: {keys('user_i', 60_000, '[]')}",
    "left out": f"drop: {items('a', 240_000)}",
    "left out, wrong": f"drop: {items('1', 240_000)}",
    "kinds, wrong": f"kind: {keys('c', 80_000, 'x')}",
    "zones": f"zone_name: {keys('C', 60_000, 'UTC')}",
    "formats": "time_format: " + items("'%Y'", 150_000),
}
CASES = {
    "kinds": f"{RULES}tests: {{cases: {keys('r', 80_000, '{}')}}}",
    "events": f"{RULES}tests: {{cases: {{r: {{positive: {items('{amount: 5}', 70_000)}}}}}}}",
    "defaults": f"{RULES}tests: {{defaults: {keys('f', 80_000)}, cases: {{r: {{positive: [{{}}]}}}}}}",
    "lists": f"{RULES}lists: {{l: [a]}}\ntests: {{lists: {{l: {items('a', 240_000)}}}}}",
    "fields, wrong": f"{RULES}fields: {keys('f', 50_000, '{kind: x}')}",
}
KINDS: dict[str, tuple[Callable[[Path], object], dict[str, str]]] = {
    "profile": (profiles.load, PROFILES),
    "scenario": (scenario.load, SCENARIOS),
    "fault": (faults.load, FAULTS),
    "mapping": (mapping.load, MAPPINGS),
    "gate": (shadow_gate.read_gate, {"unknown": lines("max_flip", 55_000)}),
    "cases": (lambda file: lint.lint(ruleset.load(file)), CASES),
}
EVERY = [(read, text) for read, texts in KINDS.values() for text in texts.values()]
NAMES = [f"{kind}: {name}" for kind, (_, texts) in KINDS.items() for name in texts]


def taken(act: Callable[[], Any]) -> float:
    """Processor seconds. On a busy machine all of them are longer alike."""
    began = time.process_time()
    act()
    return time.process_time() - began


def refusal(read: Callable[[Path], object], file: Path) -> str:
    """Why it is refused; empty where it is taken."""
    try:
        read(file)
    except (FileProblems, ruleset.RuleSetError) as error:
        return str(error)
    return ""


@pytest.mark.slow
@pytest.mark.parametrize(("read", "text"), EVERY, ids=NAMES)
def test_a_file_of_whatever_shape_is_read_or_refused_in_seconds(
    tmp_path: Path, read: Callable[[Path], object], text: str
) -> None:
    file = tmp_path / "slow.yaml"
    file.write_text(text, encoding="utf-8")
    assert len(text) <= 1_000_000
    said = ""

    def tried() -> None:
        nonlocal said
        said = refusal(read, file)

    plain = taken(lambda: document.read(PLAIN))
    assert taken(tried) < AT_MOST * max(plain, taken(lambda: document.read(PLAIN)))
    assert len(said) < 20_000


def test_of_very_many_problems_so_many_are_told_as_can_be_read(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yaml"
    file.write_text(f"drop: {items('1', 6_000)}", encoding="utf-8")
    with pytest.raises(mapping.MappingError) as caught:
        mapping.load(file)
    *told, last = map(str, caught.value.problems)
    assert (len(told), last) == (5_000, "file: 1,000 problems more, of which none is told")
