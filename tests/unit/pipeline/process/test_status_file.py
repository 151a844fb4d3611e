"""What a process tells of itself in a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.metrics import SinkStatus
from pipeline.process.status_file import StatusFile


def test_the_status_file_is_replaced_whole_and_not_too_often(tmp_path: Path) -> None:
    path = tmp_path / "sink-memory.status.json"
    file, status = StatusFile(path, every_s=3_600), SinkStatus("memory", written=1)
    file.offer(status)
    status.written = 2
    file.offer(status)
    assert json.loads(path.read_text())["written"] == 1
    file.write(status)
    assert json.loads(path.read_text())["written"] == 2
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_file_that_cannot_be_written_is_counted_each_time_and_said_once_in_a_row(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "run"
    folder.write_text("no folder")
    file, status = StatusFile(folder / "sink.json"), SinkStatus("memory")
    for count in (1, 2):
        file.write(status)
        assert (status.failed_writes, len(caplog.messages)) == (count, 1)
    folder.unlink()
    file.write(status)
    assert json.loads((folder / "sink.json").read_text())["failed_writes"] == 2
    (folder / "sink.json").unlink()
    folder.rmdir()
    folder.write_text("no folder")
    file.write(status)
    assert (status.failed_writes, len(caplog.messages)) == (3, 2)
