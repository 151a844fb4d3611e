"""What is wrong with an object for another operator than Flink's, by what we know of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml

from tests import flink_deployment

_OURS: Final = Path(__file__).with_suffix(".yaml")


@cache
def kinds() -> dict[str, dict[str, Any]]:
    """Of each its `apiVersion`, and its specification in our words."""
    told: dict[str, dict[str, Any]] = yaml.safe_load(_OURS.read_text())
    return told


@cache
def known(kind: str) -> dict[str, Any]:
    """What we know of one, as a JSON Schema."""
    return flink_deployment.schema({"spec": kinds()[kind]["spec"]})


def problems(it: Mapping[str, Any]) -> list[str]:
    """A name that nobody knows is one, and another version of the kind."""
    version = kinds()[it["kind"]]["apiVersion"]
    other = [] if it["apiVersion"] == version else [f"apiVersion: {it['apiVersion']} is not {version}"]
    return [*other, *flink_deployment.against(known(it["kind"]), it)]
