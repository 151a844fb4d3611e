"""What every server of the local engine owes. The parameters are the files of `fraudctl/servers`."""

from __future__ import annotations

import os
import signal
import stat
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from fraudctl import servers
from fraudctl.console.progress import Progress
from fraudctl.engines import chosen as chosen_servers
from fraudctl.engines import ports, rotation, targets
from fraudctl.engines.contract import Wish
from fraudctl.engines.local.engine import Engine
from fraudctl.engines.local.processes import HOME_VARIABLE
from fraudctl.engines.local.supervision import Supervisor
from fraudctl.engines.rotation import Rotated
from fraudctl.errors import NotReady
from fraudctl.home.stack import Paths, Stack
from fraudctl.servers import BaseServer, Program, Site, start_waves
from fraudctl.settings import profile, reading
from tests import intruder, web_page
from tests.homes import reachable_folder
from tests.prometheus import tool
from tests.waiting import LONG_S, await_death, await_that, family, is_dead


@pytest.fixture
def home() -> Iterator[Path]:
    """A home that another user can reach; whatever runs in it is ended afterwards."""
    with reachable_folder("contract") as folder:
        yield folder / "home"
        Engine().purge(folder / "home")


def alone(home: Path, name: str) -> Stack:
    """A stack of this one server."""
    others = tuple(other for other in servers.names() if other != name)
    added = (name,) if servers.server_class(name).optional else ()
    return Engine().up(Wish(home, reading.load("all-sinks"), others, True, LONG_S, added))


def is_ready(server: BaseServer) -> bool:
    try:
        server.probe()
    except NotReady:
        return False
    return True


def processes(home: Path) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.environ().get(HOME_VARIABLE) == str(home):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


@pytest.mark.parametrize("name", servers.names())
def test_a_server_is_named_as_its_file_and_says_what_it_is(name: str) -> None:
    kind = servers.server_class(name)
    assert kind.name == name
    assert kind.title
    assert kind.hint
    assert kind.port_roles
    assert kind.version()
    assert set(kind.needs) <= set(servers.names())


def test_no_two_servers_want_the_same_port() -> None:
    wanted = ports.wanted(reading.load("default"), servers.discover())
    taken = [port for roles in wanted.values() for port in roles.values()]
    assert len(set(taken)) == len(taken)


@pytest.mark.parametrize("name", servers.names())
def test_a_server_that_was_not_started_is_not_ready(name: str, tmp_path: Path) -> None:
    kind = servers.server_class(name)
    chosen = ports.choose_free({name: dict(kind.port_roles)}, {})[name]
    server = kind(Site(Paths(tmp_path), chosen, profile.ServerSettings(), tmp_path / "cache"))
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / name).write_text("none\n")
    with pytest.raises(NotReady):
        server.probe()


@pytest.mark.parametrize("name", servers.names())
def test_a_server_starts_listens_here_only_survives_a_kill_and_ends(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if servers.server_class(name).optional:
        tool(name)
    # One id in sixty-four begins with a dash, as this one does once it is written as Kafka wants it.
    monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(bytes=b"\xfb" * 16))
    stack = alone(home, name)
    server = chosen_servers.servers(stack)[name]
    assert is_ready(server)
    assert stack.addresses == {name: server.address}

    addresses = {
        connection.laddr.ip.removeprefix("::ffff:")
        for process in processes(home)
        for connection in process.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}

    if not server.optional:
        shown = [int(at.rpartition(":")[2]) for at in targets.of(stack).values()]
        assert intruder.got_from_ports(home, shown) == []
    every = [one.number for one in intruder.ports(home)]
    assert web_page.got(every, every if server.optional else (), reporters(stack)) == []

    secrets = [file.read_text().strip() for file in stack.paths.secrets.iterdir() if file.suffix == ""]
    seen = [text for one in processes(home) for text in [*one.cmdline(), *one.environ().values()]]
    assert [text for text in seen for secret in secrets if secret in text] == []

    if server.has_secret:
        changes_its_secret(server, stack)

    supervisor = Supervisor(stack.paths)
    before = {p.name: supervisor.states()[p.name].pid for p in server.programs()}
    doomed = [one for pid in before.values() for one in family(pid)]
    javas = [pid for pid in before.values() if is_java(pid)]
    for pid in before.values():
        os.kill(pid, signal.SIGSEGV if is_java(pid) else signal.SIGKILL)
    await_death(doomed)
    await_that(
        lambda: all(supervisor.states()[n].pid not in (0, pid) for n, pid in before.items()), "new processes"
    )
    await_that(lambda: is_ready(server), f"{name} works again")
    reports = [path for path in home.rglob("hs_err_pid*") if path.is_file()]
    assert len(reports) == len(javas), "a JVM that crashes leaves its report in the home"
    assert {stat.S_IMODE(path.stat().st_mode) for path in reports} <= {0o600}
    assert [path for path in reports for secret in secrets if secret.encode() in path.read_bytes()] == []

    assert Engine().down(home)
    assert not is_ready(server)
    assert processes(home) == []
    Engine().purge(home)
    assert not home.exists(), sorted(home.iterdir())


def is_java(pid: int) -> bool:
    return Path(psutil.Process(pid).exe()).name == "java"


def reporters(stack: Stack) -> list[int]:
    """The ports of Flink's reporter, which looks at no names (docs/security.md)."""
    return [port for role, port in stack.ports.get("flink", {}).items() if role.endswith("-metrics")]


def changes_its_secret(server: BaseServer, stack: Stack) -> None:
    """Another secret is taken up, and the one before it is none any more."""
    file = stack.paths.secret_file(server.name)
    kept = {path: path.read_bytes() for path in (file, *stack.paths.secrets.glob(f"{server.name}.*pem"))}
    [done] = rotation.rotate(stack, [server.name], LONG_S, Progress())
    assert done == Rotated(server.name, file, server.name in ("flink", "redis"))
    assert is_ready(server)
    renewed = {path: path.read_bytes() for path in kept}
    assert all(renewed[path] != kept[path] for path in kept)
    for content, ready in ((kept, False), (renewed, True)):
        for path, secret in content.items():
            path.write_bytes(secret)
        if server.name not in ("kafka", "elasticsearch", "dynamodb"):  # these read the file themselves
            assert is_ready(server) is ready


def test_a_program_that_is_frozen_is_stopped_with_what_it_has_started(home: Path) -> None:
    (home / "logs").mkdir(parents=True)
    (home / "run").mkdir()
    starts_one = (
        "import subprocess, time; subprocess.Popen(['sleep', '900'], start_new_session=True); time.sleep(900)"
    )
    program = Program("parent", [sys.executable, "-c", starts_one], stop_wait_s=1)
    supervisor = Supervisor(Paths(home))
    supervisor.configure([program], is_root=os.geteuid() == 0)
    supervisor.start(None)
    supervisor.start_program("parent")
    await_that(lambda: len(family(supervisor.states()["parent"].pid)) == 2, "it has started another")
    frozen = family(supervisor.states()["parent"].pid)
    for one in frozen:
        one.suspend()
    supervisor.stop_program("parent")
    assert all(map(is_dead, frozen))


def test_servers_start_in_waves_by_what_they_need() -> None:
    assert start_waves({"c": ["a", "b"], "a": [], "b": ["a", "absent"]}) == [["a"], ["b"], ["c"]]


def test_servers_that_need_each_other_in_a_circle_are_refused() -> None:
    with pytest.raises(ValueError, match="in a circle: a, b"):
        start_waves({"a": ["b"], "b": ["a"], "c": []})
