"""The JSON Schemas of the files people write, made from the types that read them.

`python -m fraudctl.schemas` writes them anew into the folder `schemas`; the shipped files name theirs in
their first line, so that editors complete and check them.
"""

from __future__ import annotations

import ast
import inspect
import json
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import core_schema

from fraudctl.chaos import means
from fraudctl.chaos import reading as faults
from fraudctl.files.mapping import Said
from fraudctl.flink.cluster import TASKMANAGER
from fraudctl.settings import shipped
from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.settings.profile import (
    PORT,
    Approval,
    Digest,
    External,
    Field,
    FlinkSize,
    Ids,
    Log,
    Pipeline,
    ServerSize,
    Signing,
    Topics,
)
from fraudctl.traffic.scenario import ScenarioFile
from pipeline import notify, sinks
from pipeline.connections.flink import FlinkRest
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.registry.description import SchemaRegistry
from pipeline.rules import schema as rule_schema
from pipeline.settings.reading import plain

Schema = dict[str, Any]
"""a JSON Schema, or a part of one"""
_DRAFT = "https://json-schema.org/draft/2020-12/schema"
_FILE = {"type": "string", "minLength": 1, "description": "the path of a file beside the profile"}


def document(name: str) -> Schema:
    """The schema of that kind of file, one of `KINDS`."""
    return {"$schema": _DRAFT, "$id": f"urn:fraudctl:{name}:1"} | KINDS[name]()


def text(schema: Mapping[str, object]) -> str:
    """A schema as its file has it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """Write every schema into a folder."""
    for name in KINDS:
        (folder / f"{name}.schema.json").write_text(text(document(name)), encoding="utf-8")


class _Documented(GenerateJsonSchema):
    """With the text below each field of a type as its description."""

    def dataclass_schema(self, schema: core_schema.DataclassSchema) -> Schema:
        shape = super().dataclass_schema(schema)
        called = schema["cls"].__file_names__
        for field, said in _said_below(schema["cls"]):
            shape["properties"][called.get(field, field)]["description"] = said
        if "description" in shape:
            shape["description"] = " ".join(shape["description"].split())
        return shape


def _of(kind: type[Any]) -> Schema:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)
    found: Schema = plain(adapter.json_schema(mode="serialization", schema_generator=_Documented))
    return found


def _said_below(kind: type[Any]) -> Iterator[tuple[str, str]]:
    """The fields of a type, also inherited ones, with the text that stands below each in the source."""
    for one in reversed(kind.__mro__):
        if not hasattr(one, "__file_names__") or one.__module__ == "types":
            continue
        [written] = ast.parse(textwrap.dedent(inspect.getsource(one))).body
        for field, below in pairwise(written.body if isinstance(written, ast.ClassDef) else ()):
            if isinstance(field, ast.AnnAssign) and isinstance(below, ast.Expr):
                yield ast.unparse(field.target), " ".join(str(ast.literal_eval(below.value)).split())


def _mapping(properties: Mapping[str, object], description: str = "") -> Schema:
    said = {"description": description} if description else {}
    return {"type": "object", "additionalProperties": False, "properties": dict(properties)} | said


def _profile() -> Schema:
    channels = {name: _of(notify.settings_type(name)) for name in shipped.channel_names()}
    digest = _of(Digest)
    digest["properties"]["channels"] = _mapping(channels, "who is told of alerts")
    return _mapping(
        {
            "engine": {"enum": list(shipped.engine_names()), "description": "what runs the stack"},
            "topics": _of(Topics),
            **_of(Log)["properties"],
            "rules": _FILE | {"description": "the rule set, a path beside the profile"},
            "pipeline": _pipeline(),
            "checkpoints": _of(Checkpoints) | {"description": "where they live, if not in the home"},
            "sinks": _mapping({name: _of(sinks.settings_type(name)) for name in shipped.sink_names()}),
            "servers": _mapping({name: _server(name) for name in shipped.server_names()}),
            "schema_registry": _of(SchemaRegistry),
            "notify": digest,
            "signing": _of(Signing),
            "fields": _fields(),
            "approval": _of(Approval),
        },
        "What a stack is built from. Every setting may be left out.",
    )


def _fields() -> Schema:
    said = "what is said of fields of payments, by their name"
    return {"type": "object", "additionalProperties": _of(Field), "description": said}


def _pipeline() -> Schema:
    shape = _of(Pipeline)
    del shape["$defs"]
    shape["properties"]["ids"] = _of(Ids)
    return shape


def _server(name: str) -> Schema:
    module: Any = import_module(f"fraudctl.servers.{name}")
    shape = _of(FlinkSize if name == "flink" else ServerSize)
    size = shape["properties"]
    shape["properties"] = size | {
        "port": size["port"] | {"default": next(iter(module.Server.port_roles.values()))},
        "memory_mb": size["memory_mb"] | {"default": module.Server.memory_mb},
        "ports": _mapping(
            {role: PORT.shape() | {"default": port} for role, port in module.Server.port_roles.items()}
        ),
        "settings": _of(module.Settings),
        "external": _external(name),
    }
    return shape | {"description": module.Server.title}


def _external(name: str) -> Schema:
    if name == "flink":
        return _of(FlinkRest)
    return _kafka() if name == "kafka" else _of(External)


def _kafka() -> Schema:
    shape = _of(Kafka)
    shape["properties"]["address"] = {"type": "string", "description": "the same as bootstrap"}
    return shape


def _fault() -> Schema:
    ways = [_way(name) for name in means.names()]
    return {"description": "Something to break on purpose.", "type": "object", "oneOf": ways}


def _way(name: str) -> Schema:
    shape, head = _of(faults.settings_type(name)), _of(faults.Head)
    properties = head["properties"] | {"means": {"const": name}} | shape["properties"]
    if targets := means.find(name).targets():
        properties["target"] = _target(targets)
    words = " ".join((import_module(f"fraudctl.chaos.means.{name}").__doc__ or "").split("\n\n")[0].split())
    return _mapping(properties, words) | {"required": ["description", "means", *shape.get("required", ())]}


def _target(names: Sequence[str]) -> Schema:
    """One of them, or one of any number of TaskManagers."""
    listed = {"enum": list(names)}
    if TASKMANAGER not in names:
        return listed
    return {"anyOf": [listed, {"type": "string", "pattern": f"^{TASKMANAGER}-[0-9]+$"}]}


KINDS: Mapping[str, Callable[[], Schema]] = {
    "profile": _profile,
    "ruleset": rule_schema.document,
    "scenario": lambda: _of(ScenarioFile),
    "fault": _fault,
    "mapping": lambda: _of(Said),
}
"""What makes the schema of each kind of file."""


if __name__ == "__main__":
    write(shipped.data_dir("schemas"))
