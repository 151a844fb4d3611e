"""A real broker with every kind of security: each client gets through, and says why where it does not."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import class_path, compiled, java
from fraudctl.errors import Failed, FraudctlError
from fraudctl.flink import security
from fraudctl.kafka import admin, tail
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.rights import Acl
from fraudctl.kafka.sender import Sender
from pipeline.connections.kafka import jvm, librdkafka, words
from pipeline.connections.kafka.description import MODES, Kafka
from pipeline.process.decisions_log import DecisionsLog, Membership
from pipeline.records.decision_record import Delivery
from tests.certificates import Authority
from tests.kafka_cluster import Cluster, running
from tests.kernel_process import classpath
from tests.tls_end import TlsEnd, as_a_proxy_does, place_of
from tests.token_services import TokenServices, token_services
from tests.waiting import await_that

JAVA = Path(__file__).parents[1] / "java"
PASSWORD = 'pa"ss\\w ord'
SECRET = "client-secret"
BY_TLS, BY_ROLE = "oauth by TLS", "aws_iam by a role"
WAYS = (*MODES, BY_TLS, BY_ROLE)
"""every mode, and tokens of a service with a certificate of its own CA, and by way of a role"""
ROLE = "arn:aws:iam::123456789012:role/risk"


def written(path: Path, text: str) -> Path:
    path.write_text(text + "\n")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kafka")


@pytest.fixture(scope="module")
def services() -> Iterator[TokenServices]:
    with token_services(SECRET) as double, pytest.MonkeyPatch.context() as patch:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            patch.delenv(name, raising=False)
        patch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{double.url}/credentials")
        patch.setenv("AWS_ENDPOINT_URL_STS", double.url)
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_CONFIG_FILE", "/dev/null")
        patch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        yield double


@pytest.fixture(scope="module")
def cluster(folder: Path, authority: Authority, services: TokenServices) -> Iterator[Cluster]:
    """One broker, with a topic for all and one for nobody here."""
    artifacts.fetch([one for one in artifacts.lock() if one.use in ("kafka", "compiler", "msk")])
    cache, jars = artifacts.cache_dir(), artifacts.jars("kafka")
    tokens = compiled(JAVA / "IamTokens.java", jars, artifacts.jars("compiler")[0], cache)
    keys = services.jwks(folder / "jwks.json").as_uri()
    bearer = "oauthbearer.sasl.server.callback.handler.class"
    settings = {
        f"listener.name.oauth.{bearer}": (
            "org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler"
        ),
        "listener.name.oauth.sasl.oauthbearer.jwks.endpoint.url": keys,
        "listener.name.oauth.sasl.oauthbearer.expected.audience": "kafka",
        "listener.name.oauth.sasl.oauthbearer.expected.issuer": "test",
        f"listener.name.iam.{bearer}": "fraudctl.tests.IamTokens",
    }
    flags = (f"-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls={keys}",)
    with running(Cluster(folder, authority, settings, flags, (tokens,))) as made:
        made.user("risk", PASSWORD)
        admin.create(made.inner, [TopicSpec("all", 1), TopicSpec("closed", 1)])
        made.close_topic("closed")
        yield made


@pytest.fixture(scope="module")
def described(
    cluster: Cluster, folder: Path, authority: Authority, services: TokenServices
) -> Iterator[dict[str, Kafka]]:
    """This broker, reached in every way."""
    pair = authority.issue("risk", password="key-secret")
    ca = {"ca_file": authority.cert}
    user = {"username": "risk", "password_file": written(folder / "password", PASSWORD)}
    plain = {"username": "risk", "password_file": written(folder / "plain-password", cluster.plain_password)}
    own = {"cert_file": pair.cert, "key_file": pair.key}
    own["key_password_file"] = written(folder / "key-password", "key-secret")
    token = {"token_url": f"{services.url}/token", "client_id": "risk", "scope": "kafka"}
    token["client_secret_file"] = written(folder / "client-secret", SECRET)
    provider = Authority(folder / "provider", "CA of the provider")
    given = TlsEnd(place_of(services.url), provider.issue("provider"))
    by_tls = {"token_url": f"https://127.0.0.1:{given.port}/token", "token_ca_file": provider.cert}
    told = {
        "plaintext": ("INNER", {}),
        "tls": ("TLS", ca),
        "mtls": ("MTLS", ca | own),
        "scram": ("SASL", ca | user),
        "plain": ("OPEN", plain | {"tls": False}),
        "oauth": ("OAUTH", ca | token),
        BY_TLS: ("OAUTH", ca | token | by_tls),
        "aws_iam": ("IAM", ca | {"region": "eu-central-1"}),
        BY_ROLE: ("IAM", ca | {"region": "eu-central-1", "role_arn": ROLE}),
    }
    yield {
        way: Kafka(bootstrap=cluster.at(listener), security=way.split()[0], **settings)
        for way, (listener, settings) in told.items()
    }
    given.close()


@pytest.fixture(scope="module")
def badly_known(cluster: Cluster, authority: Authority) -> Iterator[dict[str, str]]:
    """Where the broker shows certificates that no one should accept, by the code of what is to be said."""
    inner = ("127.0.0.1", cluster.brokers[0].ports["INNER"])
    shown = {
        "kafka_certificate_ended": authority.issue("ended-broker", timedelta(days=-2)),
        "kafka_host_name": authority.issue("elsewhere", hosts=("broker.example.org",)),
    }
    ends = {code: TlsEnd(inner, pair) for code, pair in shown.items()}
    yield {code: f"127.0.0.1:{end.port}" for code, end in ends.items()}
    for end in ends.values():
        end.close()


@pytest.mark.parametrize("way", WAYS)
def test_commands_get_through_in_every_mode(described: dict[str, Kafka], way: str) -> None:
    kafka = described[way]
    assert admin.partitions_of(kafka, "all") == 1
    before = admin.end_offsets(kafka, "all")
    sender = Sender(kafka)
    sender.send("all", way.encode())
    assert (sender.flush(60), sender.failed) == (0, 0)
    assert [one.value for one in tail.records(kafka, "all", before)] == [way.encode()]


def failure_of(kafka: Kafka) -> FraudctlError:
    with pytest.raises(FraudctlError) as raised:
        admin.partitions_of(kafka, "all")
    return raised.value


def wrong_ones(
    described: dict[str, Kafka], badly_known: dict[str, str], folder: Path, authority: Authority
) -> dict[str, Kafka]:
    """What people get wrong, by the code of what they should be told."""
    other = Authority(folder / "other", "another CA")
    stranger = other.issue("stranger")
    scram = described["scram"]
    return {
        "kafka_ca": replace(scram, ca_file=other.cert),
        "kafka_password": replace(scram, password_file=written(folder / "wrong", "xyzzy-xyzzy")),
        "kafka_own_certificate": replace(
            described["mtls"], cert_file=stranger.cert, key_file=stranger.key, key_password_file=None
        ),
        "kafka_name": Kafka(bootstrap="no-such-host.invalid:9092"),
        "kafka_no_tls": replace(described["tls"], bootstrap=described["plain"].bootstrap),
        "kafka_token": replace(
            described["oauth"], client_secret_file=written(folder / "wrong-secret", "xyzzy-xyzzy")
        ),
        "kafka_mechanism": replace(scram, bootstrap=described["oauth"].bootstrap),
        **{code: replace(described["tls"], bootstrap=at) for code, at in badly_known.items()},
    }


@pytest.mark.parametrize(
    "code",
    [
        "kafka_ca",
        "kafka_password",
        "kafka_own_certificate",
        "kafka_name",
        "kafka_no_tls",
        "kafka_token",
        "kafka_mechanism",
        "kafka_certificate_ended",
        "kafka_host_name",
    ],
)
def test_commands_say_what_is_wrong_and_soon(
    described: dict[str, Kafka], badly_known: dict[str, str], folder: Path, authority: Authority, code: str
) -> None:
    begun = time.monotonic()
    found = failure_of(wrong_ones(described, badly_known, folder, authority)[code])
    assert (found.code, bool(found.hint)) == (code, True), found.message
    assert time.monotonic() - begun < admin.ANSWER_S
    assert "xyzzy" not in found.message


def test_an_own_certificate_that_has_ended_is_named_before_anyone_is_asked(
    described: dict[str, Kafka], authority: Authority
) -> None:
    pair = authority.issue("ended", timedelta(days=-2))
    ended = replace(described["mtls"], cert_file=pair.cert, key_file=pair.key, key_password_file=None)
    with pytest.raises(Failed) as raised:
        admin.partitions_of(ended, "all")
    assert f"{pair.cert}: expired at " in raised.value.message
    assert (raised.value.code, raised.value.hint) == ("kafka_file", "renew the certificate")


def test_a_missing_permission_is_named_with_who_lacks_it(described: dict[str, Kafka]) -> None:
    with pytest.raises(FraudctlError) as raised:
        admin.end_offsets(described["scram"], "closed")
    assert raised.value.code in ("kafka_permission", "no_topic"), raised.value.message
    reported: list[str | None] = []
    sender = Sender(described["scram"], lambda sent: reported.append(sent.error), give_up_s=10)
    sender.send("closed", b"x")
    sender.flush(30)
    [error] = reported
    said = words.explain(described["scram"], error or "")
    assert said is not None
    assert (said.code, said.message.startswith("'risk' ")) == ("kafka_permission", True), said


def reached_by_jvm(folder: Path, topic: str, *kafkas: Kafka, told: Sequence[str] = ()) -> list[str]:
    """What Kafka's own client says, with the properties that a job gets, for each; `told` is the JVM."""
    files = []
    for number, kafka in enumerate(kafkas):
        given = {**jvm.properties(kafka), "bootstrap.servers": kafka.bootstrap, "topic": topic}
        lines = (f"{name}={value}".replace("\\", "\\\\") for name, value in given.items())
        files.append(written(folder / f"jvm-{number}.properties", "\n".join(lines)))
    jars = [Path(jar) for jar in classpath().split(os.pathsep)] + list(artifacts.jars("msk"))
    compiler = artifacts.jars("compiler")[0]
    program = compiled(JAVA / "KafkaReach.java", jars, compiler, artifacts.cache_dir())
    options = ["-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dlog4j2.level=OFF"]
    command = [java(), *options, *told, "-cp", class_path([program, *jars]), "fraudctl.kernel.KafkaReach"]
    done = subprocess.run(
        [*command, *map(str, files)], check=True, stdout=subprocess.PIPE, text=True, timeout=240
    )
    return done.stdout.splitlines()


def test_the_job_s_client_gets_through_in_every_mode(described: dict[str, Kafka], folder: Path) -> None:
    ways = (*MODES, BY_TLS)
    said = reached_by_jvm(folder, "all", *(described[way] for way in ways))
    assert dict(zip(ways, said, strict=True)) == dict.fromkeys(ways, "ok")


def test_a_role_is_taken_on_in_the_region_of_the_profile(
    described: dict[str, Kafka], services: TokenServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    services.roles.clear()
    assert "all" in librdkafka.admin(described[BY_ROLE], {}).list_topics(timeout=30).topics
    assert set(services.roles) == {ROLE}


@pytest.fixture
def to_aws(folder: Path, authority: Authority, services: TokenServices) -> Iterator[list[str]]:
    """What a JVM is told, to which the double is AWS's service of roles: its signer asks no other.

    The way there is a proxy, whose other side shows a certificate of that service's name.
    """
    pair = authority.issue("sts", hosts=("sts.eu-central-1.amazonaws.com",))
    end = TlsEnd(place_of(services.url), pair, as_a_proxy_does)
    store = folder / "trusted.p12"
    store.write_bytes(security.trust_store(authority.cert, SECRET))
    told = {
        "http.proxyHost": "127.0.0.1",
        "http.proxyPort": end.port,
        "javax.net.ssl.trustStore": store,
        "javax.net.ssl.trustStorePassword": SECRET,
    }
    yield [f"-D{name}={value}" for name, value in told.items()]
    end.close()


def test_the_job_s_client_takes_on_a_role_and_has_its_rights(
    cluster: Cluster,
    described: dict[str, Kafka],
    services: TokenServices,
    folder: Path,
    to_aws: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    admin.create(cluster.inner, [TopicSpec("of-the-role", 1)])
    cluster.allow("role", [Acl("topic", "of-the-role", ("All",))])
    services.roles.clear()
    ways = described[BY_ROLE], described["aws_iam"]
    by_role, without = reached_by_jvm(folder, "of-the-role", *ways, told=to_aws)
    assert (by_role, set(services.roles)) == ("ok", {ROLE})
    assert "TopicAuthorizationException" in without


def test_what_the_job_s_client_says_is_understood(
    described: dict[str, Kafka], badly_known: dict[str, str], folder: Path, authority: Authority
) -> None:
    wrong = wrong_ones(described, badly_known, folder, authority)
    del wrong["kafka_no_tls"]  # it waits in vain and says nothing
    found = {}
    for code, said in zip(wrong, reached_by_jvm(folder, "all", *wrong.values()), strict=True):
        explained = words.explain(wrong[code], said)
        found[code] = explained.code if explained else said
    assert found == {code: code for code in wrong}


def test_a_writer_goes_on_after_its_password_was_changed_and_loses_nothing(
    cluster: Cluster, described: dict[str, Kafka], folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "projector")
    admin.create(cluster.inner, [TopicSpec("decisions", 1), TopicSpec("dead", 1)])
    cluster.user("writer", "before")
    password = written(folder / "writer-password", "before")
    kafka = replace(described["scram"], username="writer", password_file=password)
    sender = Sender(cluster.inner)
    log = DecisionsLog(Membership(kafka, "writers", "decisions", "dead"))
    got: list[Delivery] = []

    def read(count: int) -> bool:
        batch = log.read(100, 0.2)
        got.extend(batch)
        if batch:
            log.commit({0: batch[-1].offset + 1})
        return len(got) >= count

    def send(*values: bytes) -> None:
        for value in values:
            sender.send("decisions", value)
        assert sender.flush(30) == 0

    try:
        send(b"1", b"2")
        await_that(lambda: read(2), "the first two")
        cluster.user("writer", "after")
        written(password, "after")
        send(b"3", b"4")
        await_that(lambda: read(4), "the next two")
        await_that(lambda: read(9) or "joining the group anew" in caplog.text, "a look at the files")
        send(b"5")
        await_that(lambda: read(5), "the last")
    finally:
        log.close()
    assert [one.value for one in got] == [b"1", b"2", b"3", b"4", b"5"]


def test_what_commands_read_and_send_with_goes_on_where_password_and_connections_have_changed(
    cluster: Cluster, described: dict[str, Kafka], folder: Path
) -> None:
    admin.create(cluster.inner, [TopicSpec("followed", 1)])
    cluster.user("follower", "before")
    password = written(folder / "follower-password", "before")
    kafka = replace(described["scram"], username="follower", password_file=password)
    sender = Sender(kafka)
    got: list[bytes | None] = []

    def sent(value: bytes) -> bool:
        sender.send("followed", value)
        return sender.flush(30) == 0

    with tail.Tail(kafka, "followed", {0: 0}) as reader:
        assert sent(b"1")
        await_that(lambda: got.extend(one.value for one in reader.read()) or got, "the first")
        cluster.user("follower", "after")
        cluster.kill(1)
        cluster.start(1)
        written(password, "after")
        await_that(lambda: sent(b"2"), "the second is sent")
        await_that(lambda: got.extend(one.value for one in reader.read()) or len(got) > 1, "the second")
        assert (got, sender.failed) == ([b"1", b"2"], 0)
    assert admin.end_offsets(kafka, "followed") == {0: 2}
