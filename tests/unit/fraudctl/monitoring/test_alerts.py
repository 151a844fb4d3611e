"""Alert rules and their runbook: an entry each, whose commands are such as there are."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from fraudctl import cli
from fraudctl.monitoring import alerts
from fraudctl.monitoring.alerts import ALERTS, Alert

TEXT = (Path(__file__).parents[4] / alerts.RUNBOOK).read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^## (.+)\n\n((?:(?!^## ).*\n?)*)", TEXT, re.MULTILINE))
COMMANDS = sorted(
    set(re.findall(r"`(fraudctl [^`]+)`", TEXT)) | set(re.findall(r"^fraudctl .+$", TEXT, re.M))
)


def test_the_runbook_has_an_entry_for_each_alert_in_their_order_and_no_other() -> None:
    assert list(ENTRIES) == [alert.heading for alert in ALERTS]


@pytest.mark.parametrize("alert", ALERTS, ids=lambda one: one.name)
def test_an_entry_says_how_urgent_it_is_what_to_look_at_and_what_to_do(alert: Alert) -> None:
    entry = ENTRIES[alert.heading]
    assert entry.startswith(f"{alert.severity}. ")
    assert re.search(r"^- Look( and do)?( as for)?", entry, re.MULTILINE)
    assert re.search(r"^- Do: |^- Look and do as for", entry, re.MULTILINE)
    assert alert.document("URL")["annotations"]["runbook_url"] == f"URL#{alert.anchor}"


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_of_the_runbook_can_be_run_as_it_is_printed(line: str) -> None:
    name, *words = shlex.split(line)[1:]
    command = cli.build().whole(name)
    context = command.context_class(command)
    while words and (found := _below(command, context, words[0])) is not None:
        command, context = found, found.context_class(found, parent=context)
        words.pop(0)
    command.make_parser(context).parse_args(words)


def _below(command: Any, context: Any, word: str) -> Any:
    """The command of that name within a group; None where there is none."""
    return command.get_command(context, word) if hasattr(command, "get_command") else None
