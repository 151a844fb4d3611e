"""Flink's REST interface, ours and another's: who is let in, what others are told, and a job handed over."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from fraudctl.binaries import artifacts
from fraudctl.engines.contract import BROKEN, WELL, Check, Wish
from fraudctl.engines.local.engine import Engine
from fraudctl.errors import Failed, FraudctlError, Unhealthy
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs import submission
from fraudctl.observe import connections
from fraudctl.servers import flink, names
from fraudctl.settings import reading
from fraudctl.settings.profile import ServerSettings
from pipeline.connections.flink import FlinkRest
from pipeline.connections.peek import context
from tests.bearer_end import BearerEnd
from tests.certificates import Authority
from tests.waiting import LONG_S

TOKEN = "t0ken-of-the-proxy"


@pytest.fixture(scope="module")
def ours() -> Iterator[Stack]:
    """A stack of Flink alone."""
    others = tuple(one for one in names() if one != "flink")
    with tempfile.TemporaryDirectory(
        prefix="fraudctl-flink-", dir="/tmp", ignore_cleanup_errors=True
    ) as name:
        Path(name).chmod(0o755)
        home = Path(name) / "home"
        try:
            yield Engine().up(Wish(home, reading.load("default"), others, any_port=True, wait_s=LONG_S))
        finally:
            Engine().purge(home)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("other"))


@pytest.fixture
def proxied(ours: Stack, authority: Authority) -> Iterator[FlinkRest]:
    """The same cluster behind a proxy that wants a token."""
    rest = ours.flink
    known = context(rest.tls_files)
    known.check_hostname = False
    end = BearerEnd((rest.host, rest.port), known, authority.issue("proxy"), TOKEN)
    token = authority.folder / "token"
    token.write_text(TOKEN + "\n")
    yield FlinkRest(address=f"https://127.0.0.1:{end.port}", ca_file=authority.cert, token_file=token)
    end.close()


@pytest.fixture
def shared_home(ours: Stack) -> Path:
    """A folder that the other stack's Flink may write to, as two stacks with one Flink need."""
    return ours.paths.checkpoints / "elsewhere"


def elsewhere(home: Path, rest: FlinkRest) -> Stack:
    """A stack whose Flink is another's. Its Kafka is not there, which a job does not mind until it runs."""
    artifacts.fetch([one for one in artifacts.lock() if one.use in ("connector", "compiler")])
    cache = artifacts.cache_dir()
    flink.build_kernel(cache)
    kernel, *others = flink.job_jars(cache)
    profile = reading.load("default")
    servers = {**profile.servers, "flink": ServerSettings(external=rest)}
    jars = {"kernel": str(kernel), **{jar.stem: str(jar) for jar in others}}
    addresses = {"flink": rest.address, "kafka": "127.0.0.1:1"}
    return Stack(home, replace(profile, servers=servers), addresses, jars=jars)


def refusal(rest: FlinkRest) -> FraudctlError:
    with pytest.raises(FraudctlError) as refused:
        Flink(rest).overview()
    return refused.value


def test_it_answers_who_has_the_certificate_of_the_home(ours: Stack) -> None:
    assert Flink(ours.flink).overview().taskmanagers == 1


def test_who_has_none_or_one_of_another_home_is_told_what_is_wrong(ours: Stack, authority: Authority) -> None:
    another = authority.issue("fraudctl")
    stranger = replace(ours.flink, cert_file=None, key_file=None)
    forger = replace(ours.flink, cert_file=another.cert, key_file=another.key)
    deceived = replace(ours.flink, ca_file=authority.cert)
    for rest, mend in (
        (stranger, "the server wants another certificate of us"),
        (forger, "the server wants another certificate of us"),
        (deceived, "name the authority that signed the server's certificate: servers.flink.external.ca_file"),
    ):
        refused = refusal(rest)
        assert isinstance(refused, Unhealthy)
        assert mend in refused.hint


def test_what_was_connected_with_certificates_that_are_replaced_is_closed(
    ours: Stack, tmp_path: Path
) -> None:
    """Else their sockets would be left to the collector, which complains of each."""
    assert ours.flink.cert_file is not None
    for number in range(12):
        cert = tmp_path / f"{number}.pem"
        cert.write_bytes(ours.flink.cert_file.read_bytes())
        assert Flink(replace(ours.flink, cert_file=cert)).overview().taskmanagers == 1
    gc.collect()
    connections = psutil.Process().net_connections("tcp")
    assert len([one for one in connections if one.raddr and one.raddr.port == ours.flink.port]) <= 8


def test_a_job_is_handed_to_a_cluster_that_wants_a_certificate(ours: Stack, shared_home: Path) -> None:
    handed_over(elsewhere(shared_home, ours.flink))


def test_a_job_is_handed_over_through_a_proxy_that_wants_a_token(
    proxied: FlinkRest, shared_home: Path
) -> None:
    handed_over(elsewhere(shared_home, proxied))


def handed_over(stack: Stack) -> None:
    job = submission.submit(stack, submission.job_config(stack, 1))
    found = Flink(stack.flink)
    assert job in [one.job_id for one in found.jobs()]
    found.cancel(job)


def test_a_wrong_token_is_named_and_the_right_one_is_taken_up_by_itself(proxied: FlinkRest) -> None:
    assert proxied.token_file is not None
    asked = Flink(proxied)
    proxied.token_file.write_text("another\n")
    with pytest.raises(Failed, match="does not let us in: HTTP 401") as refused:
        asked.overview()
    assert (refused.value.code, "token_file" in refused.value.hint) == ("flink_login", True)
    proxied.token_file.write_text(TOKEN + "\n")
    assert asked.overview().taskmanagers == 1


def doctor(rest: FlinkRest, parallelism: int = 1) -> list[Check]:
    """What is found of a profile with this Flink."""
    profile = reading.load("default")
    servers = {**profile.servers, "flink": ServerSettings(external=rest)}
    return list(
        connections.examine(
            replace(profile, servers=servers, pipeline=replace(profile.pipeline, parallelism=parallelism))
        )
    )


def broken(rest: FlinkRest, parallelism: int = 1) -> list[Check]:
    return [one for one in doctor(rest, parallelism) if one.state == BROKEN]


def test_doctor_tries_a_flink_elsewhere_step_by_step_and_hands_nothing_over(
    ours: Stack, proxied: FlinkRest
) -> None:
    before = Flink(ours.flink).jobs()
    steps = ["name", "certificate", "own files", "login", "version", "slots"]
    assert [one.name for one in doctor(ours.flink)] == [f"flink: {step}" for step in steps]
    steps.remove("own files")
    assert [one.name for one in doctor(proxied)] == [f"flink: {step}" for step in steps]
    assert {one.state for one in (*doctor(ours.flink), *doctor(proxied))} == {WELL}
    slots = Flink(ours.flink).overview().slots
    [found] = broken(ours.flink, slots + 1)
    assert (found.name, found.mend) == (
        "flink: slots",
        "give it more TaskManagers, or say less pipeline.parallelism",
    )
    assert Flink(ours.flink).jobs() == before


def test_doctor_names_what_is_wrong_with_a_flink_elsewhere_at_its_step_with_a_mend(
    ours: Stack, proxied: FlinkRest, authority: Authority, tmp_path: Path
) -> None:
    wrong = tmp_path / "token"
    wrong.write_text("another\n")
    another = authority.issue("forger")
    ended = BearerEnd(
        (ours.flink.host, ours.flink.port),
        context(ours.flink.tls_files),
        authority.issue("ended", timedelta(hours=-1)),
        TOKEN,
    )
    expected = {
        "name": (replace(proxied, address="https://nowhere.invalid"), "servers.flink.external.address"),
        "connection": (replace(proxied, address="https://127.0.0.1:1"), "JobManager runs there"),
        "certificate": (replace(ours.flink, ca_file=authority.cert), "servers.flink.external.ca_file"),
        "own certificate": (
            replace(ours.flink, cert_file=another.cert, key_file=another.key),
            "servers.flink.external.cert_file",
        ),
        "login": (replace(proxied, token_file=wrong), "token_file"),
    }
    for step, (rest, mend) in expected.items():
        [found] = broken(rest)
        assert (found.name, mend in found.mend) == (f"flink: {step}", True), found
        assert "another" not in found.finding
    [found] = broken(replace(proxied, address=f"https://127.0.0.1:{ended.port}"))
    ended.close()
    assert (found.name, "renewed" in found.mend) == ("flink: certificate", True), found
