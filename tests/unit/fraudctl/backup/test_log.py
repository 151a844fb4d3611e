"""Which files of a broker are copied, and in which order."""

from __future__ import annotations

from pathlib import Path

from fraudctl.backup import log
from fraudctl.settings.profile import Topics


def test_what_refers_to_records_is_copied_before_them_and_what_a_broker_makes_anew_is_not(
    tmp_path: Path,
) -> None:
    folders = ("risk.transactions-0", "risk.decisions-10", "risk.decisions-9", "risk.decisions.dlq.redis-0")
    for folder in (*folders, "risk.rules-0", "__cluster_metadata-0", "__consumer_offsets-0", "risk.shadow-0"):
        (tmp_path / folder).mkdir()
        for name in (
            "0.log",
            "0.index",
            "0.timeindex",
            "0.snapshot",
            "0.log.deleted",
            "leader-epoch-checkpoint",
        ):
            (tmp_path / folder / name).write_bytes(b"12345")
    for name in ("meta.properties", "bootstrap.checkpoint", "log-start-offset-checkpoint", ".lock"):
        (tmp_path / name).write_bytes(b"")
    for name in (".kafka_cleanshutdown", "recovery-point-offset-checkpoint", "replication-offset-checkpoint"):
        (tmp_path / name).write_bytes(b"")
    names = [[name for _, name in files] for files in log.partitions(tmp_path, Topics())]
    assert [files[0].split("/")[1] for files in names[:-1]] == [
        "risk.decisions.dlq.redis-0",
        "risk.decisions-10",
        "risk.decisions-9",
        "risk.shadow-0",
        "risk.transactions-0",
        "risk.rules-0",
        "__cluster_metadata-0",
    ]
    assert names[0] == [
        f"log/risk.decisions.dlq.redis-0/{name}" for name in ("0.log", "leader-epoch-checkpoint")
    ]
    assert sorted(names[-1]) == [
        f"log/{name}" for name in ("bootstrap.checkpoint", "log-start-offset-checkpoint", "meta.properties")
    ]
    assert log.size(tmp_path) == 8 * 10
