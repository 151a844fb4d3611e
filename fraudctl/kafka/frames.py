"""The JSON of transactions as they lie in their topic, maybe in frames, and the schemas of decisions.

The frames are those of a schema registry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING, Final, NamedTuple

from fraudctl.errors import Unhealthy
from pipeline.records.framed import Framed, Schema

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile
    from pipeline.scoring.job_config import Form


class Written(NamedTuple):
    """How decisions are written in a frame: the registry's kind of schema, its file, what content is."""

    kind: str
    file: str
    form: Form


WRITTEN: Final[Mapping[str, Written]] = {
    "json_schema": Written("JSON", "decision.schema.json", "json"),
    "avro": Written("AVRO", "decision.avsc", "avro"),
    "protobuf": Written("PROTOBUF", "decision.proto", "protobuf"),
}
"""By what a profile says in `schema_registry.decisions`; without a frame they are JSON."""


def subject(topic: str) -> str:
    """Under which name a registry keeps the schemas of a topic's values, if whoever sends has it so."""
    return f"{topic}-value"


def decision_schema(profile: Profile) -> int | None:
    """The number of the decisions' schema, registered if it is not yet; None where they have no frame.

    Raises Unhealthy where the registry cannot be asked.
    """
    told = profile.schema_registry
    if told is None or told.decisions not in WRITTEN:
        return None
    from pipeline.connections.registry.client import Registry

    written = WRITTEN[told.decisions]
    with _answered():
        schema = Schema(written.kind, schema_text(written))
        return Registry(told).register(subject(profile.topics.decisions), schema)


def decision_form(profile: Profile) -> Form:
    """What decisions are written as, in a frame or without one."""
    told = profile.schema_registry
    return "json" if told is None or told.decisions not in WRITTEN else WRITTEN[told.decisions].form


def schema_text(written: Written) -> str:
    """The schema as its file has it."""
    return (files("pipeline") / "schemas" / written.file).read_text(encoding="utf-8")


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
