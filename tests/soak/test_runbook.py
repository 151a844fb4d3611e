"""Every command that the runbook prints, one after the other as printed, on a stack that works.

What each is to mend is tried by `tests/soak/test_alerts.py` as far as it can be made to happen.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fraudctl.home.stack import Stack
from tests import runbook
from tests.soak.running import run
from tests.stack.cli import data_of
from tests.stack.flow import all_tasks_run, await_sinks, await_that
from tests.waiting import LONG_S

pytestmark = pytest.mark.timeout(1_200)

ROOT = Path(__file__).resolve().parents[2]
ELSEWHERE = ("bench --capacity", "down", "up")
"""Commands that have tests of their own, and take minutes or the stack away."""
OTHERWISE = {"sinks pause": 2, "notify status": 2, "job submit --from none": 2}
"""A mention of a command that wants more, one for a stack that notifies somebody, and one for a job that is
down: how they end here."""


def test_every_command_of_the_runbook_can_be_run_as_it_is_printed(stack: Stack, tmp_path: Path) -> None:
    data_of(stack, "simulate", "--attack", "ip-burst", "--rate", "100", "--duration", "10s")
    await_sinks(stack, LONG_S)
    newest = data_of(stack, "alerts")["alerts"][0]
    mended = tmp_path / "mended.yaml"
    default = (ROOT / "profiles" / "rules" / "default.yaml").read_text()
    mended.write_text(re.sub(r"^version: .*", "version: mended", default, flags=re.MULTILINE))
    filled = {"EVENT_ID": newest["event_id"], "FILE": str(mended), "PROGRAM": "exporter", "RULE": "ip_burst"}
    ended = {}
    for printed in dict.fromkeys(runbook.commands(runbook.TEXT)):
        if printed not in ELSEWHERE:
            words = " ".join(filled.get(word, word) for word in printed.split())
            ended[printed] = run(stack, words)
    assert {printed: code for printed, code in ended.items() if code != OTHERWISE.get(printed, 0)} == {}
    await_that(lambda: all_tasks_run(stack), LONG_S, lambda: "the job runs again")
