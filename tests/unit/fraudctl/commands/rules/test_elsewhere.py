"""Changing the rules of a stack in a cluster, from here: handed over with what it names, for who asks."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fraudctl.cli import main
from fraudctl.home import rulesets, signing
from fraudctl.home.audit import entries
from pipeline.scoring import keys, signature
from pipeline.scoring.signature import Trust
from tests.kubectl_script import There
from tests.rule_sets import ONE_RULE

ANSWER = {"summary": "mine-1 (0a1b) is in force", "data": {"version": "mine-1"}, "error": None}


@pytest.fixture
def there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> There:
    found = There(tmp_path, monkeypatch)
    found.answers(ANSWER)
    return found


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump({**ONE_RULE, "version": "mine-1"}))
    return file


def rules(there: There, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, Any]]:
    code = main(["rules", *words, "--home", str(there.home), "--json"])
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return code, answer


def files(there: There) -> dict[str, str]:
    """Those that the last command was given."""
    *_, found = [it for it in there.made() if it["kind"] == "ConfigMap"]
    data: dict[str, str] = found["data"]
    return data


def test_a_file_of_this_machine_is_applied_there_for_who_asks(
    there: There, mine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, answer = rules(there, capsys, "apply", str(mine), "--reason", "less noise", "--wait", "30")
    assert (code, answer["summary"], answer["data"]) == (0, ANSWER["summary"], ANSWER["data"])
    content = rulesets.read(mine).content
    file = f"{rulesets.read(mine).hash}.json"
    said = ["rules", "apply", "--reason=less noise", "--wait=30.0", "--json", f"/etc/fraudctl/given/{file}"]
    assert [sorted(words) for words in there.commands()] == [sorted(said)]
    assert json.loads(files(there)[file]) == content
    asker = {"author": signing.user(), "host": socket.gethostname()}
    assert json.loads(files(there)["asked-by.json"]) == asker


def test_what_it_says_in_words_is_said_here_and_its_exit_code_is_this_ones(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    there.answers({"error": "in words"}, code=5)
    assert main(["rules", "promote", "--home", str(there.home)]) == 5
    assert "in words" in capsys.readouterr().out
    assert there.commands() == [["rules", "promote", "--wait=60.0"]]


def test_what_is_refused_there_is_refused_here_in_the_same_words(
    there: There, capsys: pytest.CaptureFixture[str]
) -> None:
    error = {"code": "no_former", "message": "there is no rule set to go back to", "hint": "see"}
    there.answers({"summary": "", "data": None, "error": error}, code=2)
    code, answer = rules(there, capsys, "rollback")
    assert (code, answer["error"]) == (2, error)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["pause", "ip_burst"], ["pause", "--wait=60.0", "ip_burst"]),
        (["rollback", "--reason", "-1"], ["rollback", "--reason=-1", "--wait=60.0"]),
        (["apply", "of-last-week", "--restart"], ["apply", "--restart", "--wait=60.0", "of-last-week"]),
        (["shadow", "--stop"], ["shadow", "--stop", "--wait=60.0"]),
        (["approve", "12"], ["approve", "--wait=60.0", "12"]),
        (["approve"], ["approve"]),
        (["adopt", "--reason", "lost"], ["adopt", "--reason=lost"]),
        (["compare"], ["compare"]),
        (["history"], ["history"]),
        (["show"], ["show"]),
    ],
)
def test_every_verb_that_needs_the_topic_of_rules_is_run_there(
    there: There, capsys: pytest.CaptureFixture[str], given: list[str], said: list[str]
) -> None:
    assert rules(there, capsys, *given)[0] == 0
    [words] = there.commands()
    assert sorted(words) == sorted(["rules", *said, "--json"])


def test_the_limits_of_a_promotion_come_along(
    there: There, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = tmp_path / "limits.yaml"
    gate.write_text("max_flips: 0.01\n")
    rules(there, capsys, "promote", "--gate", str(gate))
    [words] = there.commands()
    assert words[words.index("--gate") + 1] == "/etc/fraudctl/given/gate.yaml"
    assert files(there)["gate.yaml"] == "max_flips: 0.01\n"


def test_what_is_wrong_here_is_said_before_the_cluster_is_asked_for_anything(
    there: There, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.yaml").write_text("version: bad\n")
    (tmp_path / "limits.yaml").write_text("most_flips: 1\n")
    key = str(tmp_path / "key")
    given = [
        ("ruleset", ["apply", str(tmp_path / "bad.yaml")]),
        ("gate", ["promote", "--gate", str(tmp_path / "limits.yaml")]),
        ("usage", ["apply", "default", "--effective-from", "soon"]),
        ("usage", ["rollback", "--reason", "x" * 1001]),
        ("key_stays", ["promote", "--key", key]),
        ("signing_key", ["rollback", "--key", key]),
        ("signing_key", ["adopt", "--reason", "lost", "--key", key]),
    ]
    assert [(rules(there, capsys, *words)[1]["error"]["code"], words) for _, words in given] == given
    assert there.made() == []


def test_a_rule_set_too_large_for_a_configmap_is_refused_with_what_to_do(
    there: There, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lists = {"known": [f"198.51.100.{number}" for number in range(60_000)]}
    (tmp_path / "large.json").write_text(json.dumps({**ONE_RULE, "lists": lists}))
    code, answer = rules(there, capsys, "apply", str(tmp_path / "large.json"))
    assert (code, answer["error"]["code"], "toolbox" in answer["error"]["hint"]) == (2, "too_large", True)
    assert there.made() == []


def test_with_a_key_of_this_machine_only_what_it_signed_travels(
    there: There, mine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    key = signing.new_key()
    (tmp_path / "alice").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    there.up(trusted=f"alice {public}")
    there.answers({"records": [], "written": None, "hops": None})
    code, answer = rules(there, capsys, "apply", str(mine), "--key", str(tmp_path / "alice"))
    assert (code, answer["error"]["message"]) == (1, "the record was not written")
    assert there.commands() == [[], []]
    read, written = [it for it in there.made() if it["kind"] == "ConfigMap"]
    assert (read["data"], list(written["data"])) == ({}, ["record"])
    signed = written["data"]["record"].encode()
    assert keys.problem(signed, Trust("fraudctl", "risk.rules", (keys.public(key),))) is None
    found = json.loads(signature.apart(signed).payload)
    assert (found["author"], found["version"], found["ruleset"]["version"]) == ("alice", "mine-1", "mine-1")
    mounted = [it["spec"]["template"]["spec"]["volumes"] for it in there.made() if it["kind"] == "Job"]
    secrets = {one["secret"]["secretName"] for volumes in mounted for one in volumes if "secret" in one}
    assert "risk-signing" not in secrets


def test_it_stands_in_the_audit_log_of_who_asks(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    rules(there, capsys, "pause", "ip_burst", "--reason", "false alarms")
    begun, ended = entries(there.home)
    assert (begun["command"], begun["author"], ended["exit_code"]) == ("rules pause", signing.user(), 0)


def test_a_list_of_rule_sets_waits_for_no_cluster(there: There, capsys: pytest.CaptureFixture[str]) -> None:
    code, answer = rules(there, capsys, "list")
    assert code == 0
    assert "default" in [it["name"] for it in answer["data"]["rule_sets"]]
    assert there.made() == []
