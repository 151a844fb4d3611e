"""Alert rules and their runbook: an entry each, whose commands are such as there are."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest

from fraudctl import cli
from fraudctl.monitoring.alerts import ALERTS, Alert
from tests import runbook
from tests.runbook import ENTRIES

COMMANDS = sorted(set(runbook.commands(runbook.TEXT)))


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
    name, *words = shlex.split(line)
    command = cli.build().whole(name)
    context = command.context_class(command)
    while words and (found := _below(command, context, words[0])) is not None:
        command, context = found, found.context_class(found, parent=context)
        words.pop(0)
    command.make_parser(context).parse_args(words)


def _below(command: Any, context: Any, word: str) -> Any:
    """The command of that name within a group; None where there is none."""
    return command.get_command(context, word) if hasattr(command, "get_command") else None
