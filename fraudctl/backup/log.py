"""The log of our own Kafka as files: which of them a copy needs, and in which order it stays consistent.

A broker only appends to its segments, so a copy of one that runs is what a broker finds after the power went
with nothing of its memory lost: it looks through every segment and cuts off a record that is there in part.
What refers to records is copied before these: dead letters before decisions, decisions before transactions,
all of them before the rules that they name, and the broker's own knowledge of its topics last.

Left behind is what a broker makes anew: indices, producer states, recovery points, and how far groups have
read. A writer whose group is not known begins at the beginning, which is what a store that is empty needs.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from fraudctl.settings.profile import Topics

FOLDER: Final = "log"
METADATA: Final = "__cluster_metadata"
_PARTITION: Final = re.compile(r"(.+)-\d+")
_OF_GROUPS: Final = "__consumer_offsets"
_MADE_ANEW: Final = (".index", ".timeindex", ".txnindex", ".snapshot", ".deleted", ".swap", ".cleaned")
_OF_THE_PROCESS: Final = frozenset(
    {
        ".lock",
        ".kafka_cleanshutdown",
        "cleaner-offset-checkpoint",
        "recovery-point-offset-checkpoint",
        "replication-offset-checkpoint",
    }
)


def partitions(data: Path, topics: Topics) -> Iterator[Sequence[tuple[Path, str]]]:
    """The files of each partition with their names in a backup, in the order in which they are to be copied.

    Each is listed when its turn comes, the broker's own files at last.
    """
    folders = [path for path in data.iterdir() if path.is_dir() and _PARTITION.fullmatch(path.name)]
    wanted = [path for path in folders if _topic(path) != _OF_GROUPS]
    for folder in sorted(wanted, key=lambda path: (_rank(_topic(path), topics), path.name)):
        yield _files(folder)
    yield [(path, f"{FOLDER}/{path.name}") for path in data.iterdir() if _is_kept(path)]


def size(data: Path) -> int:
    """About how much a copy comes to, in bytes."""
    return sum(path.stat().st_size for path in data.rglob("*") if _is_kept(path))


def _files(folder: Path) -> list[tuple[Path, str]]:
    return [
        (path, f"{FOLDER}/{folder.name}/{path.name}") for path in sorted(folder.iterdir()) if _is_kept(path)
    ]


def _is_kept(path: Path) -> bool:
    return path.is_file() and path.name not in _OF_THE_PROCESS and not path.name.endswith(_MADE_ANEW)


def _topic(folder: Path) -> str:
    found = _PARTITION.fullmatch(folder.name)
    return found[1] if found else ""


def _rank(topic: str, topics: Topics) -> int:
    later = (topics.decisions, topics.shadow, topics.transactions, topics.rules, METADATA)
    return later.index(topic) + 1 if topic in later else 0
