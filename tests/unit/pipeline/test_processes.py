"""A sink's writer as a process, and what all processes say of their configuration."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.projector import Config
from tests.mock_kafka import MockKafka
from tests.waiting import await_that

DECISION = (
    b'{"event_id":"e1","user_id":"ada","event_time":"2026-01-01T00:00:00.000Z","amount":12.50,'
    b'"source":{"topic":"t","partition":3,"offset":7},"features":{},"late":false,"saturated":false,'
    b'"score":60,"decision":"review","reasons":[{"rule":"r","points":60,"text":"much"}],'
    b'"ruleset_version":"v","ruleset_hash":"h"}'
)


def document(kafka: MockKafka, folder: Path) -> dict[str, Any]:
    """Of a writer whose store is away."""
    return {
        "sink": "redis",
        "kafka": {"bootstrap": kafka.address},
        "decisions_topic": "decisions",
        "dead_letter_topic": "dead",
        "group": "g",
        "settings": {},
        "address": "redis://127.0.0.1:1/0",
        "secret_file": None,
        "status_file": str(folder / "status.json"),
    }


def written(folder: Path, config: dict[str, Any]) -> Path:
    path = folder / "writer.json"
    path.write_text(json.dumps(config))
    return path


@contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    with process:
        try:
            yield process
        finally:
            process.kill()


def test_a_writer_goes_on_while_the_disk_of_its_status_file_is_full(kafka: MockKafka, tmp_path: Path) -> None:
    kafka.append("decisions", *[DECISION] * 7)
    status = tmp_path / "status.json"
    argv = ["-m", "pipeline.projector", "--config", str(written(tmp_path, document(kafka, tmp_path)))]
    full = ["import os, resource, sys", "resource.setrlimit(resource.RLIMIT_FSIZE, (0, -1))"]
    start = [
        sys.executable,
        "-c",
        "; ".join([*full, "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"]),
    ]

    def told() -> dict[str, Any]:
        return dict(json.loads(status.read_text())) if status.exists() else {}

    with killed_at_the_end(subprocess.Popen([*start, *argv], stderr=subprocess.PIPE, text=True)) as writer:
        assert writer.stderr is not None
        said = writer.stderr.readline()
        assert "the status cannot be written" in said, said
        assert told() == {}
        psutil.Process(writer.pid).rlimit(psutil.RLIMIT_FSIZE, (-1, -1))
        await_that(lambda: told().get("lag") == 7 and told()["paused"], "a pause at a lag of 7")
        assert (told()["failed_writes"] > 0, told()["written"]) == (True, 0)
        assert "Connection refused" in told()["last_error"]
        writer.send_signal(signal.SIGTERM)
        writer.communicate(timeout=30)
    assert writer.returncode == 0
    assert sorted(one.name for one in tmp_path.iterdir()) == ["status.json", "writer.json"]


PROGRAMS = ("projector", "notifier", "ticker")
MEND = "; have it written anew with: fraudctl down && fraudctl up\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_process_without_its_configuration_says_so_and_ends(program: str, tmp_path: Path) -> None:
    path = tmp_path / "process.json"
    argv = [sys.executable, "-m", f"pipeline.{program}", "--config", str(path)]
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == os.EX_CONFIG
    assert ended.stderr == f"pipeline.{program}: {path}: No such file or directory{MEND}"


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "Invalid JSON: EOF while parsing an object at line 1 column 1"),
        ('{"colour": 1}', "colour is not known"),
        ("{}", " is missing, "),
    ],
)
def test_a_process_says_what_is_wrong_with_its_configuration_and_ends(
    program: str,
    text: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "process.json"
    path.write_text(text)
    monkeypatch.setattr(sys, "argv", [program, "--config", str(path)])
    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"pipeline.{program}").main()
    assert ended.value.code == os.EX_CONFIG
    told = capsys.readouterr().err
    assert told.startswith(f"pipeline.{program}: {path}: ")
    assert said in told
    assert told.endswith(MEND)


def test_everything_wrong_is_said_at_once_without_the_values(kafka: MockKafka, tmp_path: Path) -> None:
    wrong = document(kafka, tmp_path) | {"settings": "secret", "group": 5, "colour": "secret"}
    del wrong["address"]
    path = written(tmp_path, wrong)
    with pytest.raises(ValueError, match="writer") as refused:
        Config.read(path)
    assert str(refused.value) == (
        f"{path}: group: Input should be a valid string, settings: Input should be an object,"
        " address is missing, colour is not known; have it written anew with: fraudctl down && fraudctl up"
    )
