"""How a profile says that servers elsewhere are reached: each description whole, with every problem."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from fraudctl.settings import shipped
from fraudctl.settings.profile import External
from fraudctl.settings.sections import Sections
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.description import problems as kafka_problems
from pipeline.connections.registry.description import SchemaRegistry
from pipeline.connections.registry.description import problems as registry_problems
from pipeline.settings.reading import Problem, names, read

OPEN_SERVERS: Final = frozenset({"flink"})
"""servers that every part of a stack speaks to without authentication"""

_T = TypeVar("_T")


def external(reading: Sections, name: str) -> External | Kafka | None:
    """A server that is not ours, None where it is."""
    path = f"servers.{name}.external"
    if name == "kafka":
        return _kafka(reading, path)
    reading.refuse_unknown(path, names(External))
    given = reading.layers.values(path, names(External))
    if not given and reading.layers.section(f"servers.{name}").get("external") is None:
        return None
    found, problems = read(External, given, path)
    reading.layers.problems += problems
    if found is None or found.credentials_file is None:
        return found
    where = f"{path}.credentials_file"
    if name in OPEN_SERVERS:
        reading.problem(where, "this server is reached without a password")
    file = reading.there(where, shipped.beside(reading.path.parent, given["credentials_file"]))
    return External(found.address, file)


def _kafka(reading: Sections, path: str) -> Kafka | None:
    """How a Kafka is reached that is not ours: all of it, or by its address alone."""
    known = (*names(Kafka), "address")
    reading.refuse_unknown(path, known)
    found = reading.layers.values(path, known)
    if not found and reading.layers.section("servers.kafka").get("external") is None:
        return None
    if "address" in found:
        found.setdefault("bootstrap", found.pop("address"))
    return _connection(reading, path, Kafka, found, kafka_problems)


def schema_registry(reading: Sections) -> SchemaRegistry | None:
    """Where schemas of transactions are, None where they have none."""
    path = "schema_registry"
    reading.refuse_unknown(path, names(SchemaRegistry))
    found = reading.layers.values(path, names(SchemaRegistry))
    if not found and reading.layers.section("").get(path) is None:
        return None
    return _connection(reading, path, SchemaRegistry, found, registry_problems)


def _connection(
    reading: Sections,
    path: str,
    kind: type[_T],
    found: dict[str, Any],
    problems: Callable[[_T, str], Iterable[Problem]],
) -> _T | None:
    """The description of a connection, whose files lie beside the profile."""
    reading.beside(path, kind, found)
    made, wrong = read(kind, found, path)
    reading.layers.problems += wrong
    if made is not None and not wrong:
        reading.layers.problems += problems(made, path)
    return made
