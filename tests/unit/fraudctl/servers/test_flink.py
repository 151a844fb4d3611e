"""What the TaskManagers are started with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fraudctl.binaries.java import server_command
from fraudctl.flink.answers import Overview
from fraudctl.flink.cluster import is_taskmanager, taskmanagers
from fraudctl.home.stack import Paths
from fraudctl.servers import Site, _flink_security, flink
from fraudctl.settings.profile import ServerSettings


def test_the_python_of_a_taskmanager_finds_no_beam_and_still_finds_pyflink_and_the_pipeline() -> None:
    wanted = ("apache_beam", "pyflink", "pipeline.scoring.scorer")
    code = f"""
import importlib
for name in {wanted}:
    try:
        importlib.import_module(name)
        print(name)
    except ImportError:
        pass
"""
    environment = {**os.environ, "PYTHONPATH": flink.python_path()}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["pyflink", "pipeline.scoring.scorer"]


def several(tmp_path: Path, count: int, **ports: int) -> tuple[flink.Server, dict[str, int]]:
    settings = ServerSettings(taskmanagers=count, ports=ports)
    wanted = flink.Server.ports_of(settings)
    return flink.Server(Site(Paths(tmp_path), wanted, settings, tmp_path)), wanted


def test_each_taskmanager_is_a_program_with_an_id_and_a_port_of_its_own(tmp_path: Path) -> None:
    server, ports = several(tmp_path, 3)
    jobmanager, *workers = server.programs()
    names = ("flink-taskmanager", "flink-taskmanager-2", "flink-taskmanager-3")
    assert (jobmanager.name, tuple(one.name for one in workers)) == ("flink-jobmanager", names)
    assert names == taskmanagers(3)
    assert all(map(is_taskmanager, names))
    assert not is_taskmanager(jobmanager.name)
    ids = [word for one in workers for word in one.argv if "resource-id" in word]
    assert ids == [
        "taskmanager.resource-id=taskmanager-18082-2",
        "taskmanager.resource-id=taskmanager-18082-3",
    ]
    shown = [word.rpartition("=")[2] for one in workers for word in one.argv if "prometheus.port" in word]
    assert shown == ["18084", "18085", "18086"]
    assert [ports[role] for role in ports if role.startswith("taskmanager")] == [18084, 18085, 18086]
    told = [word.rpartition("=")[2] for one in workers for word in one.argv if "data.port" in word]
    assert told == ["18190", "18191", "18192"]
    assert server.settings()["blob.server.port"] == "18180"


def test_of_the_taskmanagers_only_the_first_writes_the_archive_of_classes_that_all_read(
    tmp_path: Path,
) -> None:
    server, _ = several(tmp_path, 2)
    _, first, second = server.programs()
    writes = "-XX:+AutoCreateSharedArchive"
    assert (writes in first.argv, writes in second.argv) == (server.keeps_classes, False)
    of_java = [
        server_command("flink-taskmanager", [], [tmp_path / "a.jar"], tmp_path, keeps)
        for keeps in (True, False)
    ]
    [kept] = [word.rpartition(":")[2] for word in of_java[0] if "SharedArchiveFile" in word]
    assert not any(kept in word for word in of_java[1])
    Path(kept).parent.mkdir()
    Path(kept).touch()
    again = server_command("flink-taskmanager", [], [tmp_path / "a.jar"], tmp_path, keeps=False)
    assert any(word.endswith(kept) for word in again)


def test_the_ports_of_more_taskmanagers_follow_the_one_that_is_set(tmp_path: Path) -> None:
    _, ports = several(tmp_path, 2, **{"taskmanager-metrics": 30_000, "rest": 30_100})
    assert ports == {
        "rest": 30_100,
        "rpc": 18082,
        "jobmanager-metrics": 18083,
        "taskmanager-metrics": 30_000,
        "taskmanager-2-metrics": 30_001,
        "blob": 18180,
        "data": 18190,
        "data-2": 18191,
    }


@pytest.mark.parametrize(
    ("there", "wanted", "said"),
    [
        (0, 1, "no TaskManager has registered yet"),
        (1, 1, ""),
        (2, 3, "2 of 3 TaskManagers are there"),
        (3, 2, ""),
    ],
)
def test_what_is_lacking_of_the_taskmanagers_is_said(there: int, wanted: int, said: str) -> None:
    assert Overview("2.2.1", there, 4 * there, 4 * there).lacking(wanted) == said


def test_stores_of_keys_stay_the_files_they_are_until_the_keys_change(tmp_path: Path) -> None:
    """A Flink that runs may open these files alone: others in their place would lock it out of itself."""

    def stores() -> dict[str, tuple[int, int]]:
        found = sorted(Paths(tmp_path).secrets.glob("*.p12"))
        return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns) for file in found}

    _flink_security.prepare(Paths(tmp_path))
    before = stores()
    _flink_security.prepare(Paths(tmp_path))
    assert before == stores()
    assert before.keys() == {"flink.p12", "flink-trust.p12"}
    _flink_security.renew(Paths(tmp_path))
    _flink_security.prepare(Paths(tmp_path))
    assert not before.items() & stores().items()
