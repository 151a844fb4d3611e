"""Each server of a profile tried as its processes will use it: found by name, believed, let in, and allowed.

Nothing is made or changed by it, and no stack need run.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.errors import NotReady
from fraudctl.observe import flink_elsewhere, kafka_elsewhere, registry_elsewhere
from fraudctl.observe.rights import address
from fraudctl.servers import prometheus
from fraudctl.settings.profile import Elsewhere, External, address_of
from fraudctl.states import rights as states
from pipeline import sinks
from pipeline.connections.flink import FlinkRest
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.way import Finding
from pipeline.sinks import rights

if TYPE_CHECKING:
    from pathlib import Path

    from fraudctl.settings.profile import Profile


def examine(profile: Profile) -> Iterator[Check]:
    """Of each server that is not ours to start, every step up to the first that fails. Kafka comes first."""
    for server, findings in _tried(profile):
        yield from (_check(server, finding) for finding in findings)


def _tried(profile: Profile) -> Iterator[tuple[str, Iterator[Finding]]]:
    """What is found of each server, by what it is called. Nobody is asked before that is read."""
    if (external := profile.server("kafka").external) is not None:
        yield "kafka", kafka_elsewhere.examine(_kafka(external), profile)
    if isinstance(flink := profile.server("flink").external, FlinkRest):
        yield "flink", flink_elsewhere.examine(flink, profile.pipeline.parallelism)
    if profile.checkpoints is not None:
        yield "checkpoints", states.examine(profile.checkpoints)
    if profile.schema_registry is not None:
        yield "schema registry", registry_elsewhere.examine(profile.schema_registry)
    if isinstance(watching := profile.server("prometheus").external, External):
        yield "prometheus", _of_prometheus(watching.address)
    yield from ((sink, _of_store(profile, sink)) for sink in rights.known() if is_elsewhere(profile, sink))


def _of_store(profile: Profile, sink: str) -> Iterator[Finding]:
    at, secret, tells = address(profile, sink), _secret(profile, sink), bool(profile.notify.channels)
    return rights.examine(sink, at, secret, profile.sinks[sink], tells)


def _of_prometheus(address: str) -> Iterator[Finding]:
    try:
        prometheus.ask_ready(address)
    except (NotReady, ValueError) as error:
        yield Finding("connection", f"{address}: {error}", "see servers.prometheus.external.address", True)
    else:
        yield Finding("connection", f"{address}: ready")


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
