"""A schema registry, tried step by step as the job will use it. Nothing is made or changed there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from pipeline.connections import trouble, way
from pipeline.connections.registry.client import Registry, Unanswered
from pipeline.connections.registry.description import SchemaRegistry
from pipeline.connections.tls import BadFile
from pipeline.connections.trouble import Trouble
from pipeline.connections.way import Finding, Place

_IN_PROFILE: Final = "in schema_registry of the profile"
_MENDS: Final = {
    Trouble.NAME: f"see that the host of url {_IN_PROFILE} is right, and that DNS knows it here",
    Trouble.UNREACHABLE: "see that the registry runs there, and port and firewalls on the way to it",
    Trouble.UNTRUSTED: f"name the authority that signed its certificate: ca_file {_IN_PROFILE}",
    Trouble.EXPIRED: "have its certificate renewed, and compare the clocks",
    Trouble.WRONG_NAME: "address it by a name that its certificate is for",
    Trouble.NO_TLS: f"see whether url {_IN_PROFILE} must begin with http:// or https://",
    Trouble.OUR_CERTIFICATE: f"it wants another certificate of us: cert_file and key_file {_IN_PROFILE}",
}
_SEE: Final = f"see url, username and password_file {_IN_PROFILE}"


def examine(registry: SchemaRegistry) -> Iterator[Finding]:
    """Name, certificates, and whether we are let in; up to the first that fails."""
    parts = urlsplit(registry.base)
    files = registry.tls_files if registry.is_encrypted else None
    port = parts.port or (443 if registry.is_encrypted else 80)
    try:
        yield from way.to(Place(parts.hostname or "", port, files))
        kinds = Registry(registry).kinds()
        yield Finding("login", f"let in by a registry of {', '.join(sorted(kinds))}")
    except (OSError, BadFile) as error:
        yield _broken(way.step_of(trouble.of(error)), error)
    except Unanswered as error:
        yield _broken("login", error)


def _broken(step: str, error: BaseException) -> Finding:
    found = trouble.of(error)
    mend = error.hint if isinstance(error, BadFile) else _MENDS.get(found, _SEE) if found else _SEE
    return Finding(step, str(error), mend, is_broken=True)
