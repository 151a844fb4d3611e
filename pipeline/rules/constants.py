"""Constants that a field never equals: they are spelt otherwise on the wire, or are no such network."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from pipeline.records.networks import NET_BITS, network
from pipeline.records.quantities import Refusal
from pipeline.records.spelling import CODES, spelt
from pipeline.rules.derived import Network
from pipeline.rules.expression.tree import (
    Both,
    Comparison,
    Condition,
    Items,
    Literal,
    Membership,
    Name,
    Negation,
)
from pipeline.settings.document import Path

MAX_NAMED: Final = 20
_NET: Final = Network().name


def never_equalled(path: Path, condition: Condition) -> Iterator[tuple[Path, str]]:
    """Those constants, each with the path it was given and why. Of one list at most `MAX_NAMED` are named."""
    for name, items, is_among in _equalled(condition):
        yield from _no_network(path, name, items, is_among)
        if name.name not in (*CODES, "ip"):
            continue
        wrong = items.once(("spelt", name.name), partial(_wrongly_spelt, name.name))
        for text, right in wrong[:MAX_NAMED]:
            yield path, f"{name.name} is never {text!r}: transactions have {right!r}"
        if len(wrong) > MAX_NAMED:
            yield path, f"and {len(wrong) - MAX_NAMED} more that {name.name} never is"


def _no_network(path: Path, name: Name, items: Items, is_among: bool) -> Iterator[tuple[Path, str]]:
    """Constants written like networks that no address equals or lies in, and no `ip_net` is."""
    if name.name not in ("ip", _NET):
        return
    find = partial(_like_networks, name.name == _NET, is_among)
    found = items.once(("networks", name.name, is_among), find)
    for text, why in found[:MAX_NAMED]:
        yield path, f"{name.name.partition('(')[0]} is never {text!r}: {why}"


def _like_networks(is_net: bool, is_among: bool, items: Items) -> list[tuple[str, str]]:
    """Which they are, and why."""
    found = []
    for text in (item.value for item in items if isinstance(item.value, str) and "/" in item.value):
        known = network(text)
        if known is None:
            found.append((text, "it is no network"))
        elif is_net and (str(known) != text or known.prefixlen != NET_BITS[known.version]):
            found.append((text, "ip_net is a /24 or a /64"))
        elif not is_net and not is_among:
            found.append((text, f'an address lies in a network by ip in ["{text}"]'))
    return found


def _wrongly_spelt(name: str, items: Items) -> list[tuple[str, str | None]]:
    """Texts that are spelt otherwise on the wire, and how."""
    texts = [item.value for item in items if isinstance(item.value, str)]
    return [(text, right) for text in texts if (right := _spelt(name, text)) != text]


def _spelt(name: str, text: str) -> str | None:
    try:
        return spelt(name, text)
    except Refusal:
        return None


def _equalled(node: Condition) -> Iterator[tuple[Name, Items, bool]]:
    """Names and the literals they are compared with for being the same, and whether by `in`."""
    match node:
        case Comparison("eq" | "ne", Name() as name, Literal() as item):
            yield name, Items([item]), False
        case Comparison("eq" | "ne", Literal() as item, Name() as name):
            yield name, Items([item]), False
        case Membership(Name() as name, items):
            yield name, items, True
        case Both(parts=parts):
            for part in parts:
                yield from _equalled(part)
        case Negation(part=part):
            yield from _equalled(part)
