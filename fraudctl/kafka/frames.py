"""The JSON of transactions as they lie in their topic: maybe in the frames of a schema registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

from fraudctl.errors import Unhealthy
from pipeline.records.framed import Framed, Schema

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile


def subject(topic: str) -> str:
    """Under which name a registry keeps the schemas of a topic's values, if whoever sends has it so."""
    return f"{topic}-value"


def decision_schema(profile: Profile) -> int | None:
    """The number of the decisions' JSON Schema, registered if it is not yet; None where they have no frame.

    Raises Unhealthy where the registry cannot be asked.
    """
    told = profile.schema_registry
    if told is None or told.decisions == "json":
        return None
    from pipeline.connections.registry.client import Registry

    text = (files("pipeline") / "schemas" / "decision.schema.json").read_text(encoding="utf-8")
    with _answered():
        return Registry(told).register(subject(profile.topics.decisions), Schema("JSON", text))


@contextmanager
def _answered() -> Iterator[None]:
    from pipeline.connections.registry.client import Unanswered  # urllib: most commands ask nobody

    try:
        yield
    except Unanswered as error:
        raise Unhealthy(str(error), hint="see schema_registry in the profile", code="registry") from error


def reader(profile: Profile) -> Callable[[bytes], bytes]:
    """What takes a value out of its frame, if it is in one. It raises `Refusal`, and Unhealthy where the
    registry cannot be asked."""
    if profile.schema_registry is None:
        return lambda value: value
    from pipeline.connections.registry.client import Registry

    framed = Framed(Registry(profile.schema_registry).schema)

    def json_of(value: bytes) -> bytes:
        with _answered():
            return framed.json_of(value)

    return json_of
