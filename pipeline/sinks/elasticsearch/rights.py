"""What Elasticsearch must let the sink do (see `pipeline.sinks.rights`)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pipeline.connections.secrets import Secret
from pipeline.connections.way import Finding, Place
from pipeline.sinks import Unavailable
from pipeline.sinks.elasticsearch import Settings
from pipeline.sinks.elasticsearch.refusals import BadRequest, Failure, Missing
from pipeline.sinks.elasticsearch.server import Server
from pipeline.sinks.rights import Asked, Rights, missing, too_old

_CLUSTER: Final = ("monitor", "manage_index_templates")
_INDEX: Final = ("manage", "read", "write")
LEAST: Final = "7.17"


def needed(asked: Asked) -> Rights:
    """The body of a role, for `PUT /_security/role/fraudctl`, or of an API key's `role_descriptors`."""
    role = {
        "cluster": list(_CLUSTER),
        "indices": [{"names": _names(asked.settings), "privileges": list(_INDEX)}],
    }
    return Rights(json.dumps(role, indent=2), role)


def places(address: str, settings: Settings) -> Sequence[Place]:
    parts = urlsplit(address if "://" in address else f"http://{address}")
    is_https = parts.scheme == "https"
    tls = settings.tls_files if is_https else None
    return [Place(parts.hostname or "", parts.port or (443 if is_https else 9200), tls)]


def ask(address: str, secret: Secret, settings: Settings) -> Iterator[Finding]:
    """Raises Unavailable."""
    server = Server(address, secret, settings)
    try:
        about = server.ask("GET", "/")
        number = str(about["version"]["number"])
        yield Finding("login", f"Elasticsearch {number}, {about.get('cluster_name')}")
        yield from too_old("Elasticsearch", number, LEAST)
        yield missing(f"cluster and {settings.index}", _lacking(server, settings), "elasticsearch")
    except (BadRequest, Missing):
        yield Finding("rights", "this server has no security: it lets everybody do everything")
    except Failure as error:
        raise Unavailable(str(error), error.trouble) from error
    finally:
        server.close()


def _lacking(server: Server, settings: Settings) -> list[str]:
    wanted = {"cluster": list(_CLUSTER), "index": [{"names": _names(settings), "privileges": list(_INDEX)}]}
    said: Any = server.ask("POST", "/_security/user/_has_privileges", wanted)
    lacking = [name for name, has in said["cluster"].items() if not has]
    for index, rights in said["index"].items():
        lacking += [f"{name} on {index}" for name, has in rights.items() if not has]
    return lacking


def _names(settings: Settings) -> list[str]:
    return [settings.index, f"{settings.index}-*"]
