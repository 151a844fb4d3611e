"""What a process tells of itself in a file."""

from __future__ import annotations

import json
from pathlib import Path

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
