"""What a profile says of servers that are not ours, by the type that describes each; files lie beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from fraudctl.settings.profile import Elsewhere, External
from fraudctl.settings.sections import Sections
from pipeline.connections import flink
from pipeline.connections.flink import FlinkRest
from pipeline.connections.kafka import description as kafka
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.registry import description as registry
from pipeline.connections.registry.description import SchemaRegistry
from pipeline.settings.reading import Problem, names, read

_T = TypeVar("_T")
_Check = Callable[[Any, str], Iterable[Problem]]


def of(reading: Sections, name: str) -> Elsewhere | None:
    """How a server is reached; None for one that is ours, or with a problem, which `reading` has then."""
    path = f"servers.{name}.external"
    if name == "kafka":
        return _described(reading, path, Kafka, kafka.problems, {"address": "bootstrap"})
    if name == "flink":
        return _described(reading, path, FlinkRest, flink.problems)
    return _described(reading, path, External)


def schema_registry(reading: Sections) -> SchemaRegistry | None:
    """Where schemas of transactions are, None where they have none."""
    return _described(reading, "schema_registry", SchemaRegistry, registry.problems)


def _described(
    reading: Sections,
    path: str,
    kind: type[_T],
    check: _Check | None = None,
    other_names: Mapping[str, str] | None = None,
) -> _T | None:
    others = other_names or {}
    known = (*names(kind), *others)
    reading.refuse_unknown(path, known)
    found = reading.layers.values(path, known)
    section, _, last = path.rpartition(".")
    if not found and reading.layers.section(section).get(last) is None:
        return None
    for other, name in others.items():
        if other in found:
            found.setdefault(name, found.pop(other))
    reading.beside(path, kind, found)
    made, wrong = read(kind, found, path)
    problems = [*wrong, *(check(made, path) if check and made is not None and not wrong else ())]
    reading.layers.problems += problems
    return None if problems else made
