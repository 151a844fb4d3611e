"""The forms of an address: one server, several watched over by sentinels, or a cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote, urlsplit

FORMS: Final = (
    "redis://HOST:PORT/DB, redis+sentinel://HOST:PORT,HOST:PORT/MASTER/DB, redis+cluster://HOST:PORT,HOST:PORT;"
    " with TLS rediss://, rediss+sentinel://, rediss+cluster://"
)
_PORTS: Final = {"": 6379, "sentinel": 26379, "cluster": 6379}


@dataclass(frozen=True, slots=True)
class Address:
    """Where to ask; `way` is empty, `sentinel` or `cluster`. A socket in the file system has no hosts."""

    way: str
    has_tls: bool
    hosts: tuple[tuple[str, int], ...]
    user: str | None = None
    password: str | None = None
    database: int = 0
    master: str = ""

    @property
    def is_cluster(self) -> bool:
        return self.way == "cluster"


def parse(url: str) -> Address:
    """Raises ValueError for a URL of another form."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return Address("", False, ())
    scheme, _, way = parts.scheme.partition("+")
    user, _, places = parts.netloc.rpartition("@")
    if scheme not in ("redis", "rediss") or way not in _PORTS or not places:
        raise ValueError(f"the address is none of {FORMS}")
    hosts = tuple(_host(place, _PORTS[way]) for place in places.split(","))
    name, _, password = user.partition(":")
    segments = [unquote(one) for one in parts.path.split("/") if one]
    master = segments.pop(0) if way == "sentinel" and segments else ""
    if len(segments) > 1 or (way == "sentinel") != bool(master) or (way == "" and len(hosts) > 1):
        raise ValueError(f"the address is none of {FORMS}")
    return Address(
        way,
        scheme == "rediss",
        hosts,
        unquote(name) or None,
        unquote(password) or None,
        _database(segments),
        master,
    )


def _host(place: str, port: int) -> tuple[str, int]:
    """`host`, `host:port` or `[address]:port`."""
    parts = urlsplit(f"//{place}")
    if not parts.hostname:
        raise ValueError(f"the address is none of {FORMS}")
    return parts.hostname, parts.port or port


def _database(segments: list[str]) -> int:
    if segments and not segments[0].isdecimal():
        raise ValueError(f"a database is a number, not {segments[0]!r}")
    return int(segments[0]) if segments else 0
