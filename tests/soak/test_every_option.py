"""Another user of the machine and a stack with all options on, which an ordinary user has started."""

from __future__ import annotations

import json
import signal
import socket
import stat
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest

from fraudctl import engines
from fraudctl.engines import targets
from fraudctl.engines.local.configuration import socket_path
from fraudctl.home.stack import Stack
from fraudctl.settings import shipped
from tests import intruder, web_page
from tests.ordinary_user import NUMBER, OrdinaryUser, ordinary_user
from tests.schema_registry import schema_registry
from tests.waiting import LONG_S

pytestmark = [
    pytest.mark.skipif(not intruder.IS_ANOTHER, reason="only root can be two other users"),
    pytest.mark.timeout(900),
]
PASSWORD = "of-a-registry-and-a-mailbox"
PROFILE = """\
rules: {rules}
sinks: {{postgres: {{}}, redis: {{}}, dynamodb: {{}}, elasticsearch: {{}}, parquet: {{}}}}
schema_registry: {{url: "{registry}", username: risk, password_file: word, decisions: json_schema}}
notify:
  channels:
    email: {{host: 127.0.0.1, port: {mail}, from: a@b.de, to: c@d.de, user: risk, password_file: word}}
"""


@pytest.fixture(scope="module")
def user() -> Iterator[OrdinaryUser]:
    with ordinary_user() as made:
        if why := made.hindrance():
            pytest.skip(why)
        yield made


@pytest.fixture(scope="module")
def stack(user: OrdinaryUser) -> Iterator[Stack]:
    """Five sinks, people to tell, a registry and Prometheus; payments in the log, decisions in the stores."""
    with schema_registry() as registry, socket.create_server(("127.0.0.1", 0)) as nobody_listens:
        registry.password = PASSWORD
        user.put("word", PASSWORD)
        told = {"rules": shipped.data_dir("profiles") / "rules" / "default.yaml", "registry": registry.url}
        text = PROFILE.format(**told, mail=nobody_listens.getsockname()[1])
        profile = user.put("everything.yaml", text)
        with user.started("--profile", str(profile), "--with", "prometheus"):
            user.fraudctl("simulate", "--attack", "ip-burst", "--rate", "50", "--duration", "3s")
            yield engines.current(user.home)


@contextmanager
def console(user: OrdinaryUser) -> Iterator[int]:
    """The port of the page that the user looks at."""
    argv = user.command("console", "--json")
    program = subprocess.Popen(argv, env=user.environment, cwd="/", stdout=subprocess.PIPE, text=True)
    assert program.stdout
    try:
        port = urlsplit(json.loads(program.stdout.readline())["url"]).port
        assert port
        yield port
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=LONG_S)
    finally:
        program.kill()
        program.wait()


def open_ports(stack: Stack) -> list[int]:
    """Those that show figures to everybody."""
    shown = [*targets.of(stack).values(), stack.address("prometheus")]
    return [int(address.rpartition(":")[2]) for address in shown]


def test_all_options_are_on_and_nothing_of_it_runs_as_another_user(stack: Stack) -> None:
    servers = {"kafka", "flink", "postgres", "redis", "dynamodb", "elasticsearch", "prometheus"}
    assert set(stack.addresses) == servers
    every = list(intruder.processes(stack.home))
    started = {word for one in every for word in one.cmdline()}
    assert {"pipeline.notifier", "pipeline.projector", "pipeline.ticker"} <= started
    assert {one.uids().real for one in every} == {NUMBER}
    assert PASSWORD not in " ".join(started)


def test_no_port_answers_who_has_no_secret(stack: Stack, user: OrdinaryUser) -> None:
    assert len(intruder.ports(stack.home)) - len(open_ports(stack)) > 10
    with console(user) as page:
        assert intruder.got_from_ports(stack.home, open_ports(stack), beside=[page]) == []


def test_nothing_is_taken_or_given_by_the_servers(stack: Stack) -> None:
    assert intruder.as_another(lambda: intruder.uploaded_by(stack)) == []
    assert intruder.as_another(lambda: intruder.got_from_kafka(stack)) == []
    assert intruder.as_another(lambda: intruder.got_from_stores(stack)) == []


def test_no_page_of_the_web_reads_or_changes_anything_at_any_port(stack: Stack) -> None:
    """But for the figures of who looks at no names (docs/security.md)."""
    deaf = [port for role, port in stack.ports["flink"].items() if role.endswith("-metrics")]
    deaf.append(int(stack.address("prometheus").rpartition(":")[2]))
    assert web_page.got([one.number for one in intruder.ports(stack.home)], deaf=deaf) == []


def test_no_file_and_no_process_can_be_looked_into(stack: Stack) -> None:
    assert intruder.got_from_files(stack.home) == []


def test_nothing_that_it_has_outside_of_its_home_can_be_opened(stack: Stack) -> None:
    assert intruder.got_from_outside(stack.home) == []
    assert [one for one in intruder.outside(stack.home) if not one.startswith("/dev/shm/PostgreSQL.")] == []


def test_the_supervisor_obeys_its_owner_alone(stack: Stack) -> None:
    found = socket_path(stack.home).stat()
    assert (stat.S_ISSOCK(found.st_mode), stat.S_IMODE(found.st_mode), found.st_uid) == (True, 0o600, NUMBER)


def test_what_everybody_may_read_holds_no_id(stack: Stack, user: OrdinaryUser) -> None:
    shown = [intruder.metrics(port) for port in open_ports(stack)]
    assert all(shown)
    users = {one["user_id"] for one in user.fraudctl("alerts")["alerts"]}
    assert users
    assert [one for one in users for text in shown if one in text] == []
