"""What is printed, for people and for machines."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import redirect_stdout

import pytest

from fraudctl.console import options, progress, result
from fraudctl.console.result import Result, Table
from fraudctl.errors import Failed, NotRunning


@pytest.fixture(autouse=True)
def _fresh_options() -> Iterator[None]:
    options.reset()
    yield
    options.reset()


def test_a_person_gets_the_tables_and_then_the_summary(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("who", ("name", "lag"), [("postgres", 3), ("redis", None)])
    assert result.render(Result("two sinks", {"n": 2}, tables=(table,))) == 0
    shown = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert shown == ["who", " name       lag", " ──────────────", " postgres     3", " redis", "two sinks"]


def test_a_machine_gets_one_envelope(capsys: pytest.CaptureFixture[str]) -> None:
    options.change(json=True, command="job status")
    assert result.render(Result("late", {"n": 2}, exit_code=3, tables=(Table("", ("a",), [(1,)]),))) == 3
    assert json.loads(capsys.readouterr().out) == {
        "schema_version": 1,
        "command": "job status",
        "ok": False,
        "exit_code": 3,
        "summary": "late",
        "data": {"n": 2},
        "error": None,
    }


def test_an_error_goes_to_stderr_with_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert result.render_error(Failed("port 19092 is [taken]", hint="run: fraudctl up --any-port")) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err == "error: port 19092 is [taken]\nhint:  run: fraudctl up --any-port\n"


def test_an_error_is_an_envelope_on_stdout_for_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    options.change(json=True, command="status")
    assert result.render_error(NotRunning("no stack")) == 4
    captured = capsys.readouterr()
    assert captured.err == ""
    assert json.loads(captured.out) == {
        "schema_version": 1,
        "command": "status",
        "ok": False,
        "exit_code": 4,
        "summary": "no stack",
        "data": {},
        "error": {"code": "not_running", "message": "no stack", "hint": "start one with: fraudctl up"},
    }


def test_an_answer_that_is_kept_as_text_has_no_encoding_to_fail_by() -> None:
    options.change(json=True, command="status")
    with redirect_stdout(io.StringIO()) as kept:
        result.render(Result("é", {}))
    assert json.loads(kept.getvalue())["summary"] == "é"
    assert "é" in kept.getvalue()


def test_a_stream_is_one_json_line_per_item(capsys: pytest.CaptureFixture[str]) -> None:
    options.change(json=True, command="alerts")
    result.render(Result("done", iter([{"a": 1}, {"b": "é"}])))
    assert capsys.readouterr().out == '{"a":1}\n{"b":"é"}\n'


def test_a_stream_for_people_uses_its_line_and_ends_with_talk(capsys: pytest.CaptureFixture[str]) -> None:
    result.render(Result("2 alerts", iter([{"a": 1}, {"a": 2}]), line=lambda item: f"a is {item['a']}"))
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("a is 1\na is 2\n", "2 alerts\n")


def test_progress_that_is_quick_says_nothing_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.progress("downloading", 100) as bar:
        bar.update(50)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")


def test_progress_that_takes_long_says_so_on_stderr_without_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "PLAIN_PROGRESS_SECONDS", 0.0)
    with progress.progress("downloading", 200) as bar:
        bar.update(50, "kafka.jar")
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "downloading 25 % kafka.jar\n")
