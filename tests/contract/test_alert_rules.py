"""The rules as Prometheus itself reads and evaluates them, and every alert firing and silent."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl.monitoring import rules_file
from fraudctl.monitoring.alerts import ALERTS
from tests.contract.rule_cases import CASES, Case
from tests.prometheus import tool


@pytest.fixture(scope="module")
def promtool() -> Path:
    return tool("promtool")


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return written(tmp_path)


def written(folder: Path, faster: int = 1) -> Path:
    file = folder / "rules.json"
    file.write_text(rules_file.text(faster=faster))
    return file


def told(promtool: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run([promtool, *arguments], capture_output=True, text=True, timeout=300, check=False)
    return done.returncode, done.stdout + done.stderr


def test_every_alert_has_a_history_in_which_it_fires_and_one_in_which_it_is_silent() -> None:
    assert CASES.keys() == {alert.name for alert in ALERTS}
    assert [name for name, (fires, silent) in CASES.items() if not fires.firing or silent.firing] == []


@pytest.mark.parametrize("faster", [1, 12])
def test_the_rules_are_such_as_prometheus_reads(promtool: Path, tmp_path: Path, faster: int) -> None:
    code, said = told(promtool, "check", "rules", str(written(tmp_path, faster)))
    assert code == 0, said


@pytest.mark.parametrize("interval", ["10s", "5m"])
def test_every_alert_fires_when_it_should_and_only_then(
    promtool: Path, rules: Path, tmp_path: Path, interval: str
) -> None:
    tests = [as_test(name, case) for name, case in cases(interval)]
    document = {"rule_files": [rules.name], "evaluation_interval": interval, "tests": tests}
    file = tmp_path / "test.json"
    file.write_text(json.dumps(document))
    code, said = told(promtool, "test", "rules", str(file))
    assert code == 0, said


def cases(interval: str) -> Iterator[tuple[str, Case]]:
    for name, both in CASES.items():
        yield from ((name, case) for case in both if case.interval == interval)


def as_test(name: str, case: Case) -> dict[str, Any]:
    query = f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    expected = [{"labels": "{}", "value": case.firing}] if case.firing else []
    return {
        "name": f"{name}, {'firing' if case.firing else 'silent'}",
        "interval": case.interval,
        "input_series": [{"series": name, "values": values} for name, values in case.series.items()],
        "promql_expr_test": [{"expr": query, "eval_time": case.at, "exp_samples": expected}],
    }
