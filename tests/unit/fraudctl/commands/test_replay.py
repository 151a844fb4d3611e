"""Replays in a cluster, under way and killed: shown, asked about, ended, cleaned up. A script is kubectl."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.cli import main
from tests.kubectl_script import There

LEFT = ["risk.decisions.replay-0a1b", "risk.decisions.replay-0a1b.dlq"]


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> There:
    return There(tmp_path, monkeypatch)


def clean(there: There, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["replay", "--clean", *words, "--home", str(there.home), "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, answer


LOOK = ["replay", "--clean", "--dry-run", "--json"]
DELETE = ["replay", "--clean", "--yes", "--json"]


def test_what_is_left_is_deleted_there_by_who_says_yes(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.says(LEFT)
    code, answer = clean(there, capsys, "--yes")
    assert (code, answer["data"]) == (0, {"topics": LEFT, "dry_run": False})
    assert there.commands() == [LOOK, DELETE]


def test_without_a_yes_it_is_shown_and_stays(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    there.says(LEFT)
    code, _ = clean(there, capsys)
    assert (code != 0, there.commands()) == (True, [LOOK])
    code, answer = clean(there, capsys, "--dry-run")
    assert (code, answer["data"]) == (0, {"topics": LEFT, "dry_run": True})
    assert there.commands() == [LOOK, LOOK]


def test_where_nothing_is_left_nothing_is_asked(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = clean(there, capsys)
    assert (code, answer["summary"]) == (0, "no replay has left anything")
    assert there.commands() == [LOOK]


def test_topics_of_a_replay_that_goes_on_are_not_touched(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.runs(["fraud-replay-0a1b"])
    code, answer = clean(there, capsys, "--yes")
    assert (code, answer["error"]["code"]) == (1, "replay_under_way")
    assert "fraud-replay-0a1b" in answer["error"]["message"]
    assert there.commands() == []


def test_a_replay_that_goes_on_is_in_the_status(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    there.runs(["fraud-replay-0a1b"])
    main(["status", "--home", str(there.home), "--json"])
    servers = json.loads(capsys.readouterr().out)["data"]["servers"]
    assert [(it["name"], it["healthy"]) for it in servers] == [
        ("flink", True),
        ("ticker", False),
        ("fraud-replay-0a1b", True),
    ]


def test_one_that_was_killed_is_in_the_status_until_somebody_cleans_up(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    def shown() -> dict[str, str]:
        main(["status", "--home", str(there.home), "--json"])
        servers = json.loads(capsys.readouterr().out)["data"]["servers"]
        return {it["name"]: it["reason"] for it in servers if it["title"] == "Replay"}

    there.runs(["fraud-replay-0a1b"])
    there.notes(["fraud-replay-0a1b", "fraud-replay-dead"])
    assert shown().keys() == {"fraud-replay-0a1b", "fraud-replay-dead"}
    assert "fraudctl replay --clean" in shown()["fraud-replay-dead"]
    there.runs([])
    clean(there, capsys, "--dry-run")
    assert shown().keys() == {"fraud-replay-0a1b", "fraud-replay-dead"}
    clean(there, capsys, "--yes")
    assert shown() == {}


def down(there: There, *words: str) -> int:
    return main(["down", *words, "--home", str(there.home), "--json"])


def changes(there: There) -> list[list[str]]:
    return [words for words, _ in there.asked() if not {"get", "auth"} & set(words)]


def test_down_names_a_replay_that_goes_on_and_stops_nothing_without_a_yes(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.runs(["fraud-replay-0a1b"])
    assert down(there) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], "fraud-replay-0a1b" in error["message"]) == ("replay_under_way", True)
    assert changes(there) == []


def test_down_ends_it_with_a_yes_and_says_which_may_have_left_something(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.runs(["fraud-replay-0a1b"])
    there.notes(["fraud-replay-0a1b", "fraud-replay-dead"])
    assert down(there, "--yes") == 0
    first, *_, last = changes(there)
    kinds = "jobs,configmaps,flinkdeployments.flink.apache.org"
    assert first[first.index("delete") + 1] == kinds
    assert first[first.index("-l") + 1].endswith("component in (replay,replay-flink)")
    assert "scale" in last
    said = capsys.readouterr().err
    assert "fraud-replay-0a1b is asked to end" in said
    assert "fraud-replay-dead did not come to its end" in said
    assert "fraud-replay-0a1b did not" not in said


def test_down_asks_nothing_where_no_replay_goes_on(there: There) -> None:
    assert down(there) == 0
    assert "delete" not in changes(there)[0]


def test_a_rule_set_beside_it_is_refused(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = clean(there, capsys, "--rules", "default")
    assert (code, answer["error"]["message"]) == (2, "--clean replays nothing")
