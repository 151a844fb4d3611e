"""What the kernel computes for a rule set, as one JSON document: hops, features, conditions, inputs.

Knows which entries a hop must keep and what each condition is as a program; computes nothing itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from pipeline.feature_declaration import KEYS, Feature, Where
from pipeline.postfix import Program, program

MAX_WHERES: Final = 62
"""Conditions one hop can hold: an entry remembers which it met in the bits of one long."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """What a profile says about the computation, beside the rule set."""

    out_of_orderness_ms: int = 50
    dedup_window_ms: int = 3_600_000
    max_entries: int = 1_000
    max_event_bytes: int = 65_536


def build_plan(features: Iterable[Feature], inputs: Sequence[str], settings: PlanSettings) -> dict[str, Any]:
    """The plan: user_id first, even without features, then the other keys that features use."""
    declared = sorted(features, key=lambda feature: feature.name)
    keys = [key for key in KEYS if key == "user_id" or any(feature.by == key for feature in declared)]
    return {**asdict(settings), "hops": [_hop(key, declared) for key in keys], "inputs": list(inputs)}


def wheres_of(features: Iterable[Feature], key: str) -> list[Program]:
    """The distinct programs of a key's conditions, in order of first use."""
    programs: dict[str, Program] = {}
    for feature in features:
        if feature.by == key:
            for where in feature.wheres:
                written = program(where.condition)
                programs.setdefault(json.dumps(written), written)
    return list(programs.values())


def _hop(key: str, declared: Sequence[Feature]) -> dict[str, Any]:
    features = [feature for feature in declared if feature.by == key]
    wheres = wheres_of(features, key)
    columns = {feature.of for feature in features if feature.agg == "distinct" and feature.of}
    return {
        "key": key,
        "retention_ms": max((feature.retention_ms for feature in features), default=0),
        "columns": sorted(columns),
        "wheres": wheres,
        "features": [_feature(feature, wheres) for feature in features],
    }


def _feature(feature: Feature, wheres: list[Program]) -> dict[str, Any]:
    written: dict[str, Any] = {"name": feature.name, "agg": feature.agg}
    if feature.agg == "sequence":
        steps = [_number(step, wheres) for step in feature.steps]
        return {**written, "steps": steps, "within_ms": feature.within_ms}
    written["of"] = feature.of
    for duration in ("window_ms", "session_gap_ms", "ttl_ms"):
        if (value := getattr(feature, duration)) is not None:
            written[duration] = value
    return {**written, "where": _number(feature.where, wheres)}


def _number(where: Where | None, wheres: list[Program]) -> int:
    return -1 if where is None else wheres.index(program(where.condition))
