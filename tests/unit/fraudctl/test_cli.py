"""The command line as a whole: help, exit codes, envelopes, and what is imported to print help."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fraudctl import cli, schemas
from fraudctl.commands import _table
from fraudctl.console import options
from fraudctl.errors import Difference, FraudctlError, NotRunning, Unhealthy
from fraudctl.home import folder
from tests.examples import quick_and_slow


@pytest.fixture(autouse=True)
def _fresh_options() -> Iterator[None]:
    yield
    options.reset()


def leaves(command: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    for name, child in getattr(command, "commands", {}).items():
        here = f"{path} {name}".strip()
        if hasattr(child, "commands"):
            yield from leaves(child, here)
        else:
            yield here, child


COMMANDS = dict(
    leaf
    for name in _table.COMMANDS
    for leaf in leaves(SimpleNamespace(commands={name: cli.build().whole(name)}))
)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_json_home_and_debug_and_help_with_an_example(name: str) -> None:
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert {"--json", "--home", "--debug"} <= options
    assert f"Example: fraudctl {name}" in (COMMANDS[name].help or "")


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from fraudctl import cli; cli.main(['--help']); "
        "heavy = {'confluent_kafka', 'httpx', 'psycopg', 'redis', 'yaml', 'pyflink', 'psutil', 'pyarrow'}; "
        "print(sorted((heavy | {'pydantic'}) & set(sys.modules)), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
    assert "Usage: fraudctl" in done.stdout


def test_what_does_not_talk_to_flink_imports_no_http_client() -> None:
    code = (
        "import sys; from fraudctl.decisions import alerts, explain, search; "
        "from fraudctl import verify; from fraudctl.home import jobs; from fraudctl.observe import doctor; "
        "from fraudctl.jobs import pruning; from fraudctl.traffic import simulate; "
        "from fraudctl.engines import workers, writers; "
        "from fraudctl.engines.local import engine, logs; "
        "print(sorted({'httpx', 'fraudctl.flink.rest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_command_without_a_stack_exits_4(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--home", str(tmp_path)]) == 4
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        captured.err
        == f"error: no stack has been started in {tmp_path}\nhint:  start one with: fraudctl up\n"
    )


def test_the_exit_code_does_not_depend_on_the_format(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--home", str(tmp_path), "--json"]) == 4
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "command": "status",
        "ok": False,
        "exit_code": 4,
        "summary": f"no stack has been started in {tmp_path}",
        "data": {},
        "error": {
            "code": "not_running",
            "message": f"no stack has been started in {tmp_path}",
            "hint": "start one with: fraudctl up",
        },
    }


def test_the_home_may_stand_before_or_behind_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["--home", str(tmp_path), "status"]) == 4
    before = capsys.readouterr().err
    assert cli.main(["status", "--home", str(tmp_path)]) == 4
    assert capsys.readouterr().err == before


@pytest.mark.parametrize(
    "arguments", [["nonsense"], ["up", "--nonsense"], ["up", "--wait", "soon"], ["restart"]]
)
def test_a_wrong_command_line_exits_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert "--help" in captured.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("label e1 maybe", "Invalid value for 'verdict': 'maybe' is not one of 'fraud', 'legit'."),
        ("audit sometimes", "Invalid value for 'view': 'sometimes' is not one of 'show', 'verify'."),
    ],
)
def test_a_value_that_is_none_of_those_there_are_is_refused_with_them_on_one_line(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments.split()) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: {said}"


REQUIRED = {"ingest --rate": ("a.csv",), "chaos run --rate": ("kill-kafka",)}
"""what such a command wants besides"""


def numbers() -> Iterator[tuple[str, str, str]]:
    """Every option and argument that takes a number: the words before it, how it is called, its kind."""
    for name, command in COMMANDS.items():
        for parameter in command.params:
            kind = str(parameter.type_descriptor.annotation)
            if found := re.search(r"\b(int|float)\b", kind):
                is_option = parameter.opts[0].startswith("-")
                words = f"{name} {max(parameter.opts, key=len)}" if is_option else name
                yield words, parameter.get_error_hint(), found[1]


NUMBERS = tuple(numbers())


@pytest.mark.parametrize(("words", "hint", "kind"), NUMBERS, ids=lambda one: str(one))
def test_what_is_no_number_is_named_with_its_option(
    words: str, hint: str, kind: str, capsys: pytest.CaptureFixture[str]
) -> None:
    what = {"int": "a whole number", "float": "a number"}[kind]
    assert cli.main([*words.split(), "x9"]) == 2
    said = f"error: Invalid value for {hint}: 'x9' is not {what}"
    assert capsys.readouterr().err.splitlines()[0] == said


@pytest.mark.parametrize(
    "words", [words for words, _, kind in NUMBERS if kind == "float"], ids=lambda one: str(one)
)
def test_no_command_begins_with_a_number_that_is_none(
    words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home = tmp_path / "home"
    assert cli.main([*words.split(), "nan", "--home", str(home), *REQUIRED.get(words, ())]) == 2
    assert "nan" in capsys.readouterr().err.splitlines()[0]
    assert not home.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("simulate --workers 99", "'--workers': '99' is more than 64"),
        ("simulate --workers 0", "'--workers': '0' is not 1 or more"),
        ("up --wait inf", "'--wait': 'inf' is more than 604,800"),
        ("restart redis --wait nan", "'--wait': 'nan' is not a number"),
        (f"topics grow {'9' * 5_000}", f"'partitions': '{'9' * 80}…' is too large a number"),
    ],
)
def test_a_number_beyond_its_limits_is_named_with_them(
    arguments: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(arguments.split()) == 2
    assert capsys.readouterr().err.splitlines()[0] == f"error: Invalid value for {said}"


def test_a_value_that_is_missing_is_asked_for_on_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "show"]) == 2
    kinds = "transaction, decision, profile, ruleset, scenario, fault, mapping"
    said = f"error: Missing argument 'what'. Choose from: {kinds}"
    assert capsys.readouterr().err.splitlines()[0] == said


def test_a_wrong_command_line_is_an_envelope_under_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["up", "--nonsense", "--json"]) == 2
    found = json.loads(capsys.readouterr().out)
    assert (found["command"], found["ok"], found["exit_code"], found["error"]["code"]) == (
        "up",
        False,
        2,
        "usage",
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (NotRunning("x"), 4),
        (Unhealthy("x"), 3),
        (Difference("x"), 5),
        (FraudctlError("x"), 1),
        (RuntimeError("x"), 1),
    ],
)
def test_every_error_has_its_exit_code(
    error: Exception, code: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("fraudctl.engines.current", fail)
    assert cli.main(["status"]) == code
    assert "Traceback" not in capsys.readouterr().err


def test_debug_shows_the_trace_of_an_unexpected_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr("fraudctl.engines.current", fail)
    assert cli.main(["status", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_an_interrupted_command_exits_130_and_tells_machines_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("fraudctl.engines.current", interrupt)
    assert (cli.main(["status"]), capsys.readouterr().out) == (130, "")
    assert cli.main(["status", "--json"]) == 130
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "command": "status",
        "ok": False,
        "exit_code": 130,
        "summary": "interrupted",
        "data": {},
        "error": {"code": "interrupted", "message": "interrupted", "hint": ""},
    }


def test_a_home_that_cannot_be_made_is_told_without_a_word_of_a_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert cli.main(["up", "--any-port", "--home", str(tmp_path / "file" / "home"), "--json"]) == 1
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], error["message"]) == ("file", f"{tmp_path}/file/home: Not a directory")


@pytest.mark.parametrize(
    "arguments",
    [
        ["profile", "show"],
        ["scenario", "show"],
        ["simulate", "--attack"],
        ["chaos", "run"],
        ["rules", "lint"],
        ["rules", "test"],
        ["rules", "show"],
        ["backtest"],
        ["ingest"],
        ["up", "--profile"],
        ["up", "--rules"],
    ],
    ids=" ".join,
)
def test_a_name_too_long_for_a_file_is_a_wrong_use_and_not_a_fault(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main([*arguments, "n" * 5_000, "--home", str(tmp_path), "--json"]) == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert ("fault of fraudctl" in error["hint"], len(error["message"]) < 1_500) == (False, True)


@pytest.mark.parametrize("kind", ["profile", "ruleset", "scenario", "fault"])
def test_the_schema_of_a_file_is_shown(kind: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "show", kind, "--json"]) == 0
    data = json.loads(capsys.readouterr().out)["data"]
    assert data == {"name": kind, "schema": schemas.document(kind)}


def test_the_schema_of_decisions_is_shown_as_a_registry_has_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "show", "decision", "--as", "avro", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["data"]["schema"]["name"] == "Decision"
    assert cli.main(["schema", "show", "decision", "--as", "protobuf"]) == 0
    assert capsys.readouterr().out.startswith('syntax = "proto3";\n\npackage fraudctl;\n')
    assert cli.main(["schema", "show", "transaction", "--as", "avro", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["message"] == "there is no avro of a transaction"


def test_purge_does_not_delete_unasked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder.claim(tmp_path)
    (tmp_path / "run").mkdir()
    assert cli.main(["purge", "--home", str(tmp_path), "--json"]) == 2
    assert (tmp_path / "run").is_dir()
    assert json.loads(capsys.readouterr().out)["error"]["hint"] == "say so with: fraudctl purge --yes"


def test_purge_refuses_a_folder_that_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("dear")
    assert cli.main(["purge", "--yes", "--home", str(tmp_path)]) == 2
    assert (tmp_path / "thesis.txt").read_text() == "dear"


def test_no_color_is_respected(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "fraudctl", "status", "--home", str(tmp_path)]
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={"NO_COLOR": "1", "PATH": ""}
    )
    assert "\x1b" not in done.stderr + done.stdout


def test_the_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("fraudctl 0.")


def test_profiles_are_shown_with_the_source_of_each_value(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FRAUDCTL_PARTITIONS", "8")
    assert cli.main(["profile", "show", "payments-raw", "--json"]) == 0
    settings = {one["path"]: one for one in json.loads(capsys.readouterr().out)["data"]["settings"]}
    assert settings["partitions"] == {
        "path": "partitions",
        "value": 8,
        "source": "environment FRAUDCTL_PARTITIONS",
    }
    assert settings["topics.transactions"]["source"] == "file"
    assert settings["servers.kafka.port"] == {
        "path": "servers.kafka.port",
        "value": 19092,
        "source": "default",
    }


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_what_the_terminals_encoding_does_not_know_is_spelt_out(
    tmp_path: Path, form: tuple[str, ...]
) -> None:
    argv = [sys.executable, "-m", "fraudctl", "status", "--home", str(tmp_path / "ł😀"), *form]
    environ = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(argv, env=environ, capture_output=True, encoding="latin-1", check=False)
    assert done.returncode == 4, done.stderr
    if form:
        assert "ł😀" in json.loads(done.stdout)["error"]["message"]
    else:
        assert r"\u0142\U0001f600" in done.stderr


@pytest.mark.parametrize("closed", [">&-", ">&- 2>&-"])
@pytest.mark.parametrize(
    ("command", "code"),
    quick_and_slow(
        [("scenario list", 0), ("nonsense --json", 2), ("scenario list --json", 0), ("nonsense", 2)], 2
    ),
)
def test_who_closed_the_output_is_told_how_it_ended_by_the_exit_code(
    closed: str, command: str, code: int
) -> None:
    line = f"{sys.executable} -m fraudctl {command} {closed}"
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (code, "", False), done.stderr


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_an_answer_for_which_there_is_no_room_is_a_failure_in_one_line(form: tuple[str, ...]) -> None:
    argv = [sys.executable, "-m", "fraudctl", "scenario", "list", *form]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "error: the answer cannot be written: No space left on device\nhint:  make room there\n",
    )


def test_a_report_for_which_there_is_no_room_is_no_fault_of_ours(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    payment = {"event_id": "e", "user_id": "u", "event_time": "2026-01-01T00:00:00Z", "amount": "1"}
    file = tmp_path / "one.jsonl"
    file.write_text(json.dumps(payment))
    code = cli.main(["backtest", str(file), "--rules", "default", "--report", "/dev/full", "--json"])
    error = json.loads(capsys.readouterr().out)["error"]
    assert (code, error["code"], error["hint"]) == (1, "file", "make room there")
