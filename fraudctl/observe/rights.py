"""The rights that a profile needs of each of its servers, in the servers' own languages."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.errors import UsageError
from fraudctl.kafka import rights as kafka
from fraudctl.observe import registry_rights
from fraudctl.servers import HOST, server_class
from fraudctl.settings.profile import address_of
from fraudctl.states import rights as states
from pipeline import sinks
from pipeline.sinks import rights
from pipeline.sinks.rights import Rights

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

WHO: Final = "fraudctl"
"""who rights are for where no address names a user"""
_CALLED: Final = {"parquet": "s3"}
"""sinks whose store is called by another name"""
KINDS: Final = {
    "kafka": "ACLs, for the broker's operator",
    "postgres": "SQL, for the owner of the database",
    "redis": "a line of ACL; set the user's password beside it",
    "elasticsearch": "a role, for PUT /_security/role/NAME",
    "dynamodb": "a policy of IAM",
    "s3": "a policy of IAM",
    "gcs": "a role at the bucket, for its owner",
    "registry": "roles at its subjects, in the words of Confluent's command line",
}


@dataclass(frozen=True, slots=True)
class Needed:
    """The rights at one server."""

    server: str
    kind: str
    rights: Rights


def of(profile: Profile, server: str | None = None, who: str = WHO) -> list[Needed]:
    """At every server of the profile, or at one. UsageError for one that the profile does not have."""
    found = [one for one in _with_states(profile, who) if server in (None, one.server)]
    if not found:
        known = ", ".join(one.server for one in _with_states(profile, who))
        raise UsageError(f"profile {profile.name} has no {server}", hint=f"it has: {known}", code="no_server")
    return found


def address(profile: Profile, sink: str) -> str:
    """Where a sink's store is by the profile alone, without a stack."""
    data = Path("/") / "data" / sink
    return sinks.address(sink, sinks.Site(_server(profile, sink), data, profile.sinks[sink]))


def _with_states(profile: Profile, who: str) -> Iterator[Needed]:
    """Also those at the bucket of checkpoints, in one policy with those of a sink that is in S3."""
    place = profile.checkpoints
    if place is not None and place.scheme == "gs":
        yield Needed("gcs", KINDS["gcs"], states.role(place, who))
    ours = states.policy(place) if place is not None and place.scheme == "s3" else None
    for one in _all(profile, who):
        if ours is not None and one.server == "s3" and isinstance(one.rights.document, dict):
            ours["Statement"] = [*one.rights.document["Statement"], *ours["Statement"]]
        else:
            yield one
    if ours is not None:
        yield Needed("s3", KINDS["s3"], Rights(json.dumps(ours, indent=2), ours))


def _all(profile: Profile, who: str) -> Iterator[Needed]:
    bootstrap, acls = _server(profile, "kafka"), kafka.needed(profile)
    lines = "\n".join(acl.line(bootstrap, who) for acl in acls)
    yield Needed("kafka", KINDS["kafka"], Rights(lines, [acl.document(who) for acl in acls]))
    for sink in rights.known():
        if sink in profile.sinks:
            needs = rights.needed(
                sink, address(profile, sink), profile.sinks[sink], who, bool(profile.notify.channels)
            )
            name = _CALLED.get(sink, sink)
            if needs.text:
                yield Needed(name, KINDS.get(name, ""), needs)
    if profile.schema_registry is not None:
        yield Needed("registry", KINDS["registry"], registry_rights.of(profile, who))


def _server(profile: Profile, name: str) -> str:
    """The address of a server: elsewhere, or the one that `up` would take."""
    if not (name == "kafka" or sinks.needs_server(name)):
        return ""
    settings = profile.server(name)
    if settings.external is not None:
        return address_of(settings.external)
    return f"{HOST}:{settings.port or next(iter(server_class(name).port_roles.values()))}"
