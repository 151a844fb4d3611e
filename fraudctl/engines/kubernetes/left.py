"""Replays that may have left topics, as notes at the live job's FlinkDeployment, which every machine sees.

A replay is noted before it begins. The note goes when its command has come to its end, or was asked to: the
command drops its topics then. One whose pod was ended at once, or whose caller is gone without a word, stays
noted until somebody cleans up. The operator does nothing for a note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Final

from fraudctl.engines.kubernetes import near
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.deployment import KIND
from fraudctl.engines.kubernetes.programs import COMPONENT
from fraudctl.errors import Failed

_NOTE: Final = "fraudctl/replay-"
"""how the names of such annotations begin"""


@contextmanager
def noted(cluster: Cluster, mark: str, name: str) -> Iterator[None]:
    """The replay of that mark and name is noted within, and after where its pod went away."""
    _tell(cluster, {f"{_NOTE}{mark}": name})
    went_away = False
    try:
        yield
    except near.WentAway:
        went_away = True
        raise
    finally:
        if not went_away:
            _tell(cluster, {f"{_NOTE}{mark}": None})


def of(cluster: Cluster, under_way: Sequence[str]) -> list[str]:
    """Those that are noted and none of these. Raises Failed."""
    return sorted(set(_notes(cluster).values()) - set(under_way))


def forget(cluster: Cluster) -> None:
    """What they left is gone."""
    if notes := _notes(cluster):
        _tell(cluster, dict.fromkeys(notes))


def _notes(cluster: Cluster) -> dict[str, str]:
    found = cluster.get(KIND, f"{cluster.place.selector},{COMPONENT}=flink")
    told = [dict(one["metadata"].get("annotations") or {}) for one in found]
    return {name: text for notes in told for name, text in notes.items() if name.startswith(_NOTE)}


def _tell(cluster: Cluster, notes: Mapping[str, str | None]) -> None:
    """Nothing fails for want of a note: who may start a replay need not have the right to write one."""
    with suppress(Failed):
        cluster.patch(KIND, cluster.place.release, {"metadata": {"annotations": dict(notes)}})
