"""What a stack in containers can have beside its servers and programs: `up --with NAME`.

Prometheus is a server like others, so that it is asked how it is. Grafana, a mail server that keeps what it
is sent, and an S3 server are containers alone: a profile says who uses the last two (see docs/compose.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from fraudctl.errors import UsageError

PROMETHEUS, GRAFANA, MAIL, S3 = "prometheus", "grafana", "mail", "s3"
PORTS: Final[Mapping[str, int]] = {GRAFANA: 13000, MAIL: 18025, S3: 17070}
"""The port of this machine at which a person, or a client, finds each."""
NAMES: Final = (PROMETHEUS, *PORTS)
WATCHES: Final = frozenset({PROMETHEUS, GRAFANA})


def of(added: Sequence[str]) -> tuple[str, ...]:
    """All that comes with what was asked for. UsageError where there is none of that name."""
    for name in added:
        if name not in NAMES:
            raise UsageError(f"Compose starts no {name}", hint=f"there are: {', '.join(NAMES)}")
    return tuple(name for name in NAMES if name in added or (name == PROMETHEUS and GRAFANA in added))


def alone(added: Sequence[str]) -> list[str]:
    """Those of them that are no server, by the names of their services."""
    return [name for name in of(added) if name != PROMETHEUS]


def is_watched(added: Sequence[str]) -> bool:
    """Whether somebody asks for what the exporter shows."""
    return not WATCHES.isdisjoint(added)


def variable(name: str) -> str:
    """The variable that gives one another port."""
    return f"FRAUDCTL_PORT_{name.upper()}"


def port(name: str, environ: Mapping[str, str]) -> int:
    """The port that is asked for. UsageError where it is none."""
    given = environ.get(variable(name))
    if not given:
        return PORTS[name]
    if not given.isdecimal() or not 1 <= int(given) <= 65_535:
        raise UsageError(
            f"{variable(name)} must be a port, from 1 to 65535, not {given!r}",
            hint=f"set it to a free one, or unset it for {PORTS[name]}",
        )
    return int(given)
