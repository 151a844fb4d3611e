"""Commands that change something are on the audit log, and no others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fraudctl import cli
from fraudctl.commands import _audited, _tree
from fraudctl.commands._table import COMMANDS
from fraudctl.console import options
from fraudctl.errors import UsageError
from fraudctl.home import audit, folder
from tests.full_disk import full_disk

LOOKS = {
    *("status", "logs", "top", "console", "alerts", "search", "explain", "inspect", "backtest"),
    *(
        "backup verify",
        "grants",
        "doctor",
        "audit",
        "job status",
        "scenario list",
        "scenario show",
        "sinks list",
    ),
    *("sinks status", "chaos list", "export labels", "rules lint", "rules test", "rules diff"),
    *("rules list", "rules show", "rules history", "rules compare", "dlq list", "dlq show"),
    *("schema show", "notify status", "dashboards export", "profile list", "profile show"),
    *("rules new", "secrets list", "aws plan", "aws status", "aws logs", "hotkeys"),
    *("aws package", "aws function", "aws template", "aws cost", "deploy render", "deploy plan"),
}
"""commands that change nothing of a stack"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FRAUDCTL_HOME", str(tmp_path / "home"))
    folder.mark(tmp_path / "home")
    options.reset()
    return tmp_path / "home"


def leaves(name: str, command: Any) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield name, command
        return
    for verb, child in children.items():
        yield from leaves(f"{name} {verb}", child)


def test_every_command_either_looks_or_is_on_the_audit_log() -> None:
    tree = cli.build()
    every = [one for name in COMMANDS for one in leaves(name, tree.whole(name))]
    assert {name for name, command in every if command.recorded is None} == LOOKS


def test_the_table_names_only_verbs_and_options_that_there_are() -> None:
    for name, entry in COMMANDS.items():
        command = _tree.read(entry.module)[name]
        for verb, option in entry.changes.items():
            leaf: Any = getattr(command, "commands", {name: command})[verb]
            assert not option or option in {one.name for one in leaf.params}


def asked(home: Path) -> list[dict[str, Any]]:
    return [dict(one) for one in audit.entries(home)]


def test_a_command_is_written_before_it_begins_and_when_it_has_failed(home: Path) -> None:
    assert cli.main(["rules", "pause", "ip_burst", "--reason", "too many", "--home", str(home)]) == 4
    begun, ended = asked(home)
    assert begun["command"] == "rules pause"
    assert begun["arguments"] == {"rule": "ip_burst", "reason": "too many", "wait": 60.0}
    assert (ended["ended"], ended["exit_code"], ended["error"]) == (1, 4, "not_running")
    assert audit.verify(home).broken is None


def test_a_command_that_only_looks_is_not_written(home: Path) -> None:
    cli.main(["rules", "history", "--home", str(home)])
    cli.main(["verify", "sinks", "--home", str(home)])
    assert asked(home) == []
    cli.main(["verify", "sinks", "--repair", "--home", str(home)])
    assert [one["command"] for one in asked(home)] == ["verify sinks"] * 2


def test_nothing_is_written_where_there_is_no_home(tmp_path: Path) -> None:
    cli.main(["rules", "pause", "ip_burst", "--home", str(tmp_path / "none")])
    assert not (tmp_path / "none").exists()


def test_a_purge_takes_the_log_with_it_and_leaves_nothing(home: Path) -> None:
    assert cli.main(["purge", "--yes", "--home", str(home)]) == 0
    assert not home.exists()


def test_a_password_in_an_address_is_not_written_and_an_error_is(home: Path) -> None:
    def fails() -> None:
        raise UsageError("no", code="odd")

    with pytest.raises(UsageError):
        _audited.recorded("sinks rewind", {"to": "redis://me:secret@host", "yes": False}, fails)
    begun, ended = asked(home)
    assert begun["arguments"] == {"to": "redis://me:…@host"}
    assert (ended["error"], ended["exit_code"]) == ("odd", 2)


def test_a_log_that_cannot_be_written_is_said_and_the_command_goes_on(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / audit.LOG).mkdir()
    assert _audited.recorded("down", {}, lambda: "done") == "done"
    assert "not in the audit log" in capsys.readouterr().err


def test_the_command_shows_and_verifies(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    audit.write(home, {"command": "rules apply", "arguments": {"name": "mine.yaml"}})
    audit.write(home, {"command": "rules apply", "ended": 1, "exit_code": 0})
    assert cli.main(["audit", "--json", "--home", str(home)]) == 0
    shown = json.loads(capsys.readouterr().out)["data"]["entries"]
    assert [one["line"] for one in shown] == [1, 2]
    assert cli.main(["audit", "verify", "--json", "--home", str(home)]) == 0
    found = json.loads(capsys.readouterr().out)["data"]
    assert (found["lines"], found["broken"], found["rules_topic_read"]) == (2, None, False)
    lines = (home / audit.LOG).read_text().splitlines(keepends=True)
    (home / audit.LOG).write_text(lines[0].replace("mine", "fine") + lines[1])
    assert cli.main(["audit", "verify", "--json", "--home", str(home)]) == 5
    broken = json.loads(capsys.readouterr().out)["data"]["broken"]
    assert broken == {
        "line": 2,
        "problem": "it does not follow the line before it, one of the two was changed",
    }


def test_on_a_full_disk_it_is_said_which_file_takes_no_more(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _audited.recorded("down", {}, lambda: "done")
    with full_disk():
        assert _audited.recorded("down", {}, lambda: "done") == "done"
    assert f"not in the audit log: {home / audit.LOG}: File too large" in capsys.readouterr().err
