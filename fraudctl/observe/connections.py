"""Each server of a profile tried as its processes will use it: found by name, believed, let in, and allowed.

Nothing is made or changed by it, and no stack need run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.observe import kafka_elsewhere, registry_elsewhere
from fraudctl.observe.rights import address
from fraudctl.settings.profile import Elsewhere, External, address_of
from pipeline import sinks
from pipeline.connections.kafka.description import Kafka
from pipeline.sinks import rights

if TYPE_CHECKING:
    from pathlib import Path

    from fraudctl.settings.profile import Profile
    from pipeline.connections.way import Finding


def examine(profile: Profile) -> Iterator[Check]:
    """Of each server that is not ours to start, every step up to the first that fails. Kafka comes first."""
    if (external := profile.server("kafka").external) is not None:
        for finding in kafka_elsewhere.examine(_kafka(external), profile):
            yield _check("kafka", finding)
    if profile.schema_registry is not None:
        for finding in registry_elsewhere.examine(profile.schema_registry):
            yield _check("schema registry", finding)
    for sink in rights.known():
        if is_elsewhere(profile, sink):
            told = profile.sinks[sink]
            for finding in rights.examine(sink, address(profile, sink), _secret(profile, sink), told):
                yield _check(sink, finding)


def is_elsewhere(profile: Profile, sink: str) -> bool:
    """Whether the profile has the sink, and its store is there before `up`."""
    if sink not in profile.sinks:
        return False
    if sinks.needs_server(sink):
        return profile.server(sink).external is not None
    return not address(profile, sink).startswith("file:")


def _kafka(external: Elsewhere) -> Kafka:
    return external if isinstance(external, Kafka) else Kafka(bootstrap=address_of(external))


def _secret(profile: Profile, sink: str) -> Path | None:
    external = profile.server(sink).external if sinks.needs_server(sink) else None
    named = sinks.secret_file(profile.sinks[sink])
    return named or (external.credentials_file if isinstance(external, External) else None)


def _check(server: str, finding: Finding) -> Check:
    state = BROKEN if finding.is_broken else WARNING if finding.mend else WELL
    return Check(f"{server}: {finding.what}", state, finding.said, finding.mend)
