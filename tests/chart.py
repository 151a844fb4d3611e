"""The chart, rendered for tests, and what is wrong with an object by the schemas at hand."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import kubernetes_validate
import yaml
from helm_python import Chart
from kubernetes_validate import utils

from fraudctl.engines.kubernetes import chart
from tests import custom_kinds, flink_deployment
from tests.flink_deployment import KUBERNETES

EXAMPLES = ("eks", "gke", "kind")
OTHERS_KINDS = custom_kinds.kinds().keys()
"""of operators whose definitions no API server of ours has"""
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

utils.schema_contents = cache(utils.schema_contents)  # else it reads megabytes of definitions for each object


def example(name: str, **changes: Any) -> dict[str, Any]:
    """The values of an example, with others in place of some; nested ones are merged."""
    values: dict[str, Any] = yaml.load((chart.folder() / f"values-{name}.yaml").read_text(), _LOADER)
    return _merged(values, changes)


def render(values: Mapping[str, Any], name: str = "fraud") -> list[dict[str, Any]]:
    """Every object, with the library; the caller's own."""
    objects: list[dict[str, Any]] = pickle.loads(_rendered(pickle.dumps(dict(values)), name))
    return objects


@cache
def _rendered(values: bytes, name: str) -> bytes:
    """Once for the same values, which takes a twentieth of a second."""
    with Chart.load(chart.folder()) as loaded:
        made = loaded.render(pickle.loads(values), name=name, namespace="risk")
    texts = (text for path, text in sorted(made.items()) if path.endswith(".yaml"))
    return pickle.dumps([one for text in texts for one in yaml.load_all(text, Loader=_LOADER) if one])


def one(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    [found] = [it for it in objects if (it["kind"], it["metadata"]["name"]) == (kind, name)]
    return found


def pods(objects: list[dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The specification of every pod, by the name of what makes it; Flink's as the operator merges it."""
    for it in objects:
        if it["kind"] in ("Deployment", "Job"):
            yield it["metadata"]["name"], it["spec"]["template"]["spec"]
        elif it["kind"] == "FlinkDeployment":
            for role in ("jobManager", "taskManager"):
                yield f"{it['metadata']['name']}-{role}", _flink_pod(it["spec"], role)


def problems(it: Mapping[str, Any]) -> list[str]:
    """What is wrong with an object; unknown names are."""
    if it["kind"] == "FlinkDeployment":
        return flink_deployment.problems(it)
    if it["kind"] in OTHERS_KINDS:
        return custom_kinds.problems(it)
    try:
        kubernetes_validate.validate(dict(it), KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error.message)]
    return []


def _flink_pod(spec: Mapping[str, Any], role: str) -> dict[str, Any]:
    made = _merged(copy.deepcopy(spec["podTemplate"]["spec"]), spec[role]["podTemplate"]["spec"])
    [main] = spec["podTemplate"]["spec"]["containers"]
    [own] = spec[role]["podTemplate"]["spec"]["containers"]
    resource = {"cpu": spec[role]["resource"]["cpu"], "memory": spec[role]["resource"]["memory"]}
    sizes = {"requests": resource, "limits": resource}
    return made | {"containers": [main | own | {"image": spec["image"], "resources": sizes}]}


def _merged(base: dict[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    for name, value in more.items():
        inner = base.get(name)
        is_inner = isinstance(inner, dict) and isinstance(value, Mapping) and value
        base[name] = _merged(inner, value) if is_inner and isinstance(inner, dict) else value
    return base
