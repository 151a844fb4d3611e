"""What a profile says of a server that is not ours, by the type that describes it; files lie beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from fraudctl.settings import shipped
from fraudctl.settings.layers import Layers
from fraudctl.settings.profile import Elsewhere, External
from pipeline.connections import flink
from pipeline.connections.flink import FlinkRest
from pipeline.connections.kafka import description
from pipeline.connections.kafka.description import Kafka
from pipeline.settings.reading import Problem, files, names, read, unknown

_T = TypeVar("_T")


def of(name: str, layers: Layers, folder: Path) -> Elsewhere | None:
    """How the server is reached; None for one that is ours, or with a problem, which `layers` has."""
    path = f"servers.{name}.external"
    if name == "kafka":
        kafka = _read(path, Kafka, layers, folder, {"address": "bootstrap"})
        layers.problems += description.problems(kafka, path) if kafka else ()
        return kafka
    if name == "flink":
        rest = _read(path, FlinkRest, layers, folder, {})
        layers.problems += flink.problems(rest, path) if rest else ()
        return rest
    return _read(path, External, layers, folder, {})


def _read(
    path: str, kind: type[_T], layers: Layers, folder: Path, other_names: Mapping[str, str]
) -> _T | None:
    known = (*names(kind), *other_names)
    layers.problems += [unknown(path, one, known) for one in layers.section(path) if one not in known]
    found = layers.values(path, known)
    if not found and layers.section(path.rpartition(".")[0]).get("external") is None:
        return None
    for other, name in other_names.items():
        if other in found:
            found.setdefault(name, found.pop(other))
    for name in files(kind):
        if isinstance(found.get(name), str):
            file = shipped.beside(folder, found[name])
            found[name] = str(file)
            if not shipped.is_file(file):
                layers.problems.append(Problem(f"{path}.{name}", f"there is no file {file}"))
    made, wrong = read(kind, found, path)
    layers.problems += wrong
    return None if wrong else made
