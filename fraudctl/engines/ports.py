"""Ports: which ones a stack takes, checked before anything starts."""

from __future__ import annotations

import random
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack

import psutil

from fraudctl.engines import workers
from fraudctl.errors import Failed
from fraudctl.home.stack import METRICS
from fraudctl.servers import HOST, BaseServer
from fraudctl.settings import shipped
from fraudctl.settings.profile import Profile

# Below the range the kernel gives to outgoing connections, so that none of those takes one meanwhile.
FREE_RANGE = range(20_000, 30_000)
METRICS_FROM = 19_400
Ports = dict[str, dict[str, int]]


def wanted(profile: Profile, classes: Mapping[str, type[BaseServer]]) -> Ports:
    """The ports the profile asks for, by server and role; defaults where it says nothing. Last come those of
    the pipeline's programs."""
    found = {name: server.ports_of(profile.server(name)) for name, server in classes.items()}
    return {**found, METRICS: of_programs(profile)}


def of_programs(profile: Profile) -> dict[str, int]:
    """The ports on which the pipeline's programs answer `/metrics`."""
    names = ["keeper", "ticker", workers.EXPORTER, *(["notifier"] if profile.notify.channels else [])]
    found = {name: METRICS_FROM + number for number, name in enumerate(names)}
    sinks = {sink: number for number, sink in enumerate(shipped.sink_names(), METRICS_FROM + 10)}
    return found | {workers.program(sink): sinks[sink] for sink in profile.sinks}


def addresses(ports: Ports, servers: Iterable[str]) -> dict[str, str]:
    """Where the users of these servers find them."""
    return {name: f"{HOST}:{next(iter(ports[name].values()))}" for name in servers}


def check_free(ports: Ports) -> None:
    """Raise Failed for the first port that something else listens on, naming it."""
    for server, role, port in _each(ports):
        if is_free(port):
            continue
        raise Failed(
            f"port {port} ({server} {role}) is taken by {listener(port)}",
            hint="stop it, or run: fraudctl up --any-port",
            code="port_taken",
        )


def choose_free(ports: Ports, previous: Mapping[str, Mapping[str, int]]) -> Ports:
    """Free ports for the same servers and roles, those of an earlier start where they are still free."""
    chosen: Ports = {}
    with ExitStack() as held:
        for server, role, _ in _each(ports):
            earlier = previous.get(server, {}).get(role)
            chosen.setdefault(server, {})[role] = _hold(held, earlier)
    return chosen


def kept(running: Mapping[str, Mapping[str, int]], asked: Ports) -> Ports:
    """The ports of a stack that runs; of roles that its servers have more, those asked for, or free ones."""
    found = {server: dict(roles) for server, roles in running.items()}
    with ExitStack() as held:
        for server in (found.keys() & asked.keys()) - {METRICS}:
            found[server] = {
                role: running[server].get(role) or _hold(held, port) for role, port in asked[server].items()
            }
    return found


def is_free(port: int) -> bool:
    """Whether a server could listen on this port now."""
    with ExitStack() as held:
        return _bind(held, port)


def listener(port: int) -> str:
    """Who listens on a port, for people."""
    for connection in psutil.net_connections("tcp"):
        if connection.status == psutil.CONN_LISTEN and connection.laddr and connection.laddr.port == port:
            if connection.pid is None:
                break
            try:
                name = psutil.Process(connection.pid).name()
            except psutil.Error:
                name = "?"
            return f'another program (pid {connection.pid}, "{name}")'
    return "another program (of another user)"


def _each(ports: Ports) -> Iterator[tuple[str, str, int]]:
    for server, roles in ports.items():
        for role, port in roles.items():
            yield server, role, port


def _hold(held: ExitStack, earlier: int | None) -> int:
    """Bind a free port until the stack closes, so that none is chosen twice."""
    if earlier is not None and _bind(held, earlier):
        return earlier
    for _ in range(1000):
        port = random.choice(FREE_RANGE)
        if _bind(held, port):
            return port
    raise Failed(
        f"no free port from {FREE_RANGE.start} to {FREE_RANGE.stop}",
        hint="end what listens there, or name ports in the profile and leave out --any-port",
    )


def _bind(held: ExitStack, port: int) -> bool:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
    except OSError:
        listening.close()
        return False
    held.enter_context(listening)
    return True
