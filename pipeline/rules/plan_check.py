"""Whether a plan is one of a rule set: what the kernel would otherwise find out while it computes.

Knows what `plan` writes and what the kernel relies on. Numbers are the plan's own, since they follow from
all plans before it; what they stand for must be what the rule set says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pipeline.records.clock import DAY_MS
from pipeline.records.members import Malformed, Members
from pipeline.rules.derived import Derived
from pipeline.rules.derived_document import read_derived
from pipeline.rules.expression.postfix import is_program
from pipeline.rules.feature import in_order
from pipeline.rules.plan import MAX_WHERES
from pipeline.rules.planned_feature import MEMORIES
from pipeline.rules.planning import Needs, next_plan

MAX_EPOCH: Final = 1_000_000
MAX_HELD_MS: Final = 10 * 366 * DAY_MS

Document = Mapping[str, Any]
"""A plan, or a part of one, as JSON."""

_BY_ARRIVAL: Final = " by arrival"
_NUMBERED: Final = ("wheres", "columns", *MEMORIES)
_NO_HOP: Final[Document] = {"retention_ms": 0, "shadow_retention_ms": 0, "features": [], "shadow": []}


class NotThePlan(Exception):
    """The text says where in the plan, and what is wrong."""


def check(plan: Document, live: Needs, shadow: Needs | None) -> None:
    """Raises NotThePlan unless the kernel can compute these rule sets by it, and nothing else."""
    epoch = plan.get("epoch")
    if not is_whole(epoch, MAX_EPOCH):
        raise NotThePlan(f"epoch is {epoch!r}, not a number from 0 to {MAX_EPOCH}")
    plan_of_ours = next_plan(None, 0, live, shadow)
    fresh = plan_of_ours.as_document()
    for inputs in ("inputs", "shadow_inputs", "built_in", "shadow_built_in"):
        _same(inputs, plan.get(inputs), fresh.get(inputs))
    _check_derived(plan.get("derived", []), plan_of_ours.derived)
    wanted = {hop.name: hop.as_document() for hop in plan_of_ours.hops}
    hops = _hops(plan, wanted)
    for name, hop in hops.items():
        _check_hop(f"the hop by {name}", hop, int(str(epoch)), wanted.get(name, _NO_HOP), shadow is not None)


def is_whole(value: object, most: int) -> bool:
    """Whether it is a whole number from 0 on, and no truth value."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most


def _hops(plan: Document, wanted: Iterable[str]) -> dict[str, Document]:
    hops = plan.get("hops")
    if not isinstance(hops, list) or not all(isinstance(hop, dict) for hop in hops):
        raise NotThePlan("hops is not a list of objects")
    names = [_name(hop) for hop in hops]
    keys = in_order(str(hop.get("key")) for hop in hops)
    ordered = [name for key in keys for name in (key, f"{key} by arrival") if name in names]
    if names != ordered or "user_id" not in names:
        raise NotThePlan(f"its hops are by {names}, not by user_id first and others in their order")
    if missing := [name for name in wanted if name not in names]:
        raise NotThePlan(f"it has no hop by {', '.join(missing)}")
    arrivals = [str(name) for name in names if str(name).endswith(_BY_ARRIVAL)]
    if alone := [name for name in arrivals if name.removesuffix(_BY_ARRIVAL) not in names]:
        raise NotThePlan(f"it has a hop by {alone[0]} without one by event times")
    return dict(zip(map(str, names), hops, strict=True))


def _check_derived(said: object, wanted: Iterable[Derived]) -> None:
    """Each is a definition, and those of these rule sets are among them."""
    try:
        found = [read_derived(Members(one)) for one in said] if isinstance(said, list) else None
    except Malformed as error:
        raise NotThePlan(f"derived: {error}") from None
    if found is None or len({one.name for one in found}) < len(found):
        raise NotThePlan("derived is not a list of definitions by different names")
    if missing := [one.name for one in wanted if one not in found]:
        raise NotThePlan(f"derived: {missing[0]} is not what the rule set asks for")


def _name(hop: Document) -> object:
    """As `Hop.name`."""
    return hop.get("key") if "clock" not in hop else f"{hop.get('key')} by {hop['clock']}"


def _check_hop(place: str, hop: Document, epoch: int, fresh: Document, has_shadow: bool) -> None:
    _check_numbers(place, hop, epoch)
    _same(f"{place}: retention_ms", hop.get("retention_ms"), fresh["retention_ms"])
    least = fresh["retention_ms"]
    if has_shadow:
        _same(f"{place}: shadow_retention_ms", hop.get("shadow_retention_ms"), fresh["shadow_retention_ms"])
        least = max(least, fresh["shadow_retention_ms"])
    held_ms = hop.get("held_ms")
    if not is_whole(held_ms, MAX_HELD_MS) or int(str(held_ms)) < least:
        raise NotThePlan(f"{place}: held_ms is {held_ms!r}")
    for part in ("features", *(("shadow",) if has_shadow else ())):
        _same(f"{place}: {part}", _meanings(place, hop, hop.get(part)), _meanings("", fresh, fresh[part]))
    _check_kept(place, hop, hop.get("kept", []))


def _check_numbers(place: str, hop: Document, epoch: int) -> None:
    since = hop.get("since")
    if not isinstance(since, dict) or not isinstance(hop.get("records"), dict):
        raise NotThePlan(f"{place}: since or records is not an object")
    for what in _NUMBERED:
        numbered, starts = _numbered(hop, what), since.get(what)
        if not isinstance(numbered, list) or not isinstance(starts, list) or len(numbered) != len(starts):
            raise NotThePlan(f"{place}: {what} and since are not lists of one length")
        if not all(is_whole(start, epoch) for start in starts):
            raise NotThePlan(f"{place}: since of {what} is {starts}, not numbers up to {epoch}")
    if len(hop["wheres"]) > MAX_WHERES or not all(one is None or is_program(one) for one in hop["wheres"]):
        raise NotThePlan(f"{place}: wheres are not up to {MAX_WHERES} programs")
    if not all(column is None or isinstance(column, str) for column in hop["columns"]):
        raise NotThePlan(f"{place}: columns are not names")


def _numbered(hop: Document, what: str) -> Any:
    return hop["records"].get(what) if what in MEMORIES else hop.get(what)


def _same(place: str, said: object, wanted: object) -> None:
    if said != wanted:
        raise NotThePlan(f"{place}: not what the rule set asks for")


def _meanings(place: str, hop: Document, features: object) -> list[dict[str, object]]:
    if not isinstance(features, list) or not all(isinstance(one, dict) for one in features):
        raise NotThePlan(f"{place}: features are not a list of objects")
    return [_meaning(place, hop, feature) for feature in features]


def _meaning(place: str, hop: Document, feature: Document) -> dict[str, object]:
    """A feature with what its numbers stand for in their places."""
    said = dict(feature)
    if "where" in feature and feature["where"] != -1:
        said["where"] = _at(place, hop, "wheres", feature["where"])
    if "steps" in feature:
        steps = feature["steps"] if isinstance(feature["steps"], list) else []
        said["steps"] = [_at(place, hop, "wheres", step) for step in steps]
    if "record" in feature and feature.get("agg") in MEMORIES:
        said["record"] = _at(place, hop, feature["agg"], feature["record"])
    reads_column = "of_kind" in feature and feature.get("agg") not in MEMORIES
    if (feature.get("agg") == "distinct" or reads_column) and feature.get("of") not in hop["columns"]:
        raise NotThePlan(f"{place}: there is no column {feature.get('of')!r}")
    return said


def _at(place: str, hop: Document, what: str, number: object) -> Any:
    numbered = _numbered(hop, what)
    if not isinstance(number, int) or not is_whole(number, len(numbered) - 1) or numbered[number] is None:
        raise NotThePlan(f"{place}: there is no number {number!r} among its {what}")
    return numbered[number]


def _check_kept(place: str, hop: Document, kept: object) -> None:
    """What is only kept up for a former rule set; nobody looks at its values."""
    for one in _meanings(place, hop, kept):
        is_sound = isinstance(one.get("name"), str) and isinstance(one.get("of"), str)
        is_sound &= one.get("agg") in MEMORIES and {"record", "where"} <= one.keys()
        if not is_sound or not is_whole(one.get("ttl_ms"), MAX_HELD_MS):
            raise NotThePlan(f"{place}: kept is not what a former rule set needs")
