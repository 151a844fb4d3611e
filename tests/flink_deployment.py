"""What is wrong with a FlinkDeployment: by what we know of one, and by the operator's where it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema
import kubernetes_validate
import yaml

KUBERNETES: Final = "1.36"
CRD: Final = Path(__file__).parents[2] / "shared" / "kubernetes" / "flinkdeployments.yml"
"""of operator 1.15.0; data beside the checkout, where there is any"""
_OURS: Final = Path(__file__).with_suffix(".yaml")
_WORDS: Final = frozenset({"type", "enum", "items", "additionalProperties", "pod"})
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def problems(it: Mapping[str, Any]) -> list[str]:
    """By both; a name that nobody knows is one."""
    found = [*against(known(), it), *_of_pods(it)]
    return sorted({*found, *(against(defined(), it) if CRD.is_file() else ())})


@cache
def known() -> dict[str, Any]:
    """What we know of one, as a JSON Schema."""
    return schema(yaml.safe_load(_OURS.read_text()))


@cache
def defined() -> dict[str, Any]:
    """The operator's definition as a JSON Schema that refuses unknown names. FileNotFoundError without it."""
    document = yaml.load(CRD.read_text(), Loader=_LOADER)
    [version] = document["spec"]["versions"]
    return _whole(_closed(version["schema"]["openAPIV3Schema"]))


def disagreements(ours: Mapping[str, Any], theirs: Mapping[str, Any], place: str = "") -> Iterator[str]:
    """Where what we know is not what the definition says: an unknown name, another type or choice."""
    for name, inner in ours.get("properties", {}).items():
        there = theirs.get("properties", {}).get(name)
        if there is None:
            yield f"{place}.{name}: unknown"
        elif not inner.get("pod"):
            yield from disagreements(inner, there, f"{place}.{name}")
    if more := set(ours.get("enum", ())) - set(theirs.get("enum", ours.get("enum", ()))):
        yield f"{place}: {sorted(more)}"
    if "type" in ours and ours["type"] != theirs.get("type"):
        yield f"{place}: {theirs.get('type')}, not {ours['type']}"
    if "items" in ours:
        yield from disagreements(ours["items"], theirs["items"], f"{place}[]")


def schema(told: Mapping[str, Any]) -> dict[str, Any]:
    """What is told of a kind in our words, as a JSON Schema that refuses unknown names."""
    return _whole(_shape(told))


def against(schema: Mapping[str, Any], it: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with an object by a JSON Schema."""
    for error in jsonschema.Draft202012Validator(schema).iter_errors(it):
        yield f"{'.'.join(map(str, error.path))}: {error.message}"


def _whole(schema: dict[str, Any]) -> dict[str, Any]:
    schema["properties"] |= {name: {} for name in ("apiVersion", "kind", "metadata")}
    return schema


def _shape(told: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping of names is an object of these and no others; one of a schema's words is a schema."""
    if told.keys() <= _WORDS:
        made = dict(told)
        if "items" in made:
            made["items"] = _shape(made["items"])
        return made
    inner = {name: _shape(one) for name, one in told.items()}
    return {"type": "object", "properties": inner, "additionalProperties": False}


def _of_pods(it: Mapping[str, Any]) -> Iterator[str]:
    """A template is a pod, without an image where the operator puts it in."""
    spec = it["spec"]
    for owner in (spec, spec["jobManager"], spec["taskManager"]):
        try:
            kubernetes_validate.validate(dict(owner["podTemplate"]), KUBERNETES, strict=True)
        except kubernetes_validate.ValidationError as error:
            yield str(error.message)


def _closed(shape: Any) -> Any:
    if not isinstance(shape, dict):
        return shape
    made = {name: _closed_member(name, value) for name, value in shape.items()}
    if shape.get("x-kubernetes-int-or-string"):
        made = {"type": ["integer", "string"]}
    if "properties" in made and not shape.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def _closed_member(name: str, value: Any) -> Any:
    if name == "properties":
        return {key: _closed(one) for key, one in value.items()}
    return _closed(value) if name in ("items", "additionalProperties") else value
