"""A broker that allows only what ACLs say: what `grants` prints is enough, and `doctor` says what is not."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from fraudctl.binaries import artifacts
from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check
from fraudctl.errors import Failed
from fraudctl.kafka import admin, rights, tail, wanted
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.rights import Acl
from fraudctl.kafka.sender import Sender
from fraudctl.observe import broker_clock, connections
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile
from pipeline.connections import tls
from pipeline.connections.kafka import librdkafka
from pipeline.connections.kafka.description import Kafka
from pipeline.process.decisions_log import DecisionsLog, Membership
from pipeline.records.decision_record import Delivery
from pipeline.records.names import JOB_GROUP, dead_letters, writer_group
from tests.certificates import Authority
from tests.kafka_cluster import Cluster, running
from tests.tls_end import TlsEnd
from tests.waiting import await_that

USER = "risk"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kafka")


@pytest.fixture(scope="module")
def authority(folder: Path) -> Authority:
    return Authority(folder)


@pytest.fixture(scope="module")
def cluster(folder: Path, authority: Authority) -> Iterator[Cluster]:
    closed = {"allow.everyone.if.no.acl.found": "false"}
    with running(Cluster(folder, authority, closed)) as made:
        made.user(USER, "xyzzy-xyzzy")
        yield made


@pytest.fixture(scope="module")
def profile(cluster: Cluster, folder: Path, authority: Authority) -> Profile:
    """Of a team with this broker."""
    (folder / "password").write_text("xyzzy-xyzzy\n")
    (folder / "team.yaml").write_text(
        "servers:\n  kafka:\n    external:\n"
        f"      bootstrap: {cluster.at('SASL')}\n      security: scram\n      username: {USER}\n"
        f"      password_file: password\n      ca_file: {authority.cert}\n"
    )
    return reading.load(folder / "team.yaml")


@pytest.fixture(autouse=True)
def granted(cluster: Cluster, profile: Profile) -> None:
    """The user has what `grants` prints and nothing else, whatever a test before has changed."""
    cluster.forbid_all(USER)
    cluster.allow(USER, rights.needed(profile))


@pytest.fixture
def no_topics(cluster: Cluster) -> None:
    """As before the first up."""
    admin.delete(cluster.inner, admin.names(cluster.inner))


@pytest.fixture
def topics(cluster: Cluster, profile: Profile) -> None:
    """As after the first up."""
    as_wanted(cluster, *wanted.specs(profile))


def as_wanted(cluster: Cluster, *specs: TopicSpec) -> None:
    """These topics are there, with these settings."""
    owner = replace(cluster.inner, alter_topics=True)
    admin.create(owner, specs)
    await_that(lambda: not admin.differing_settings(owner, specs), "the settings")


def kafka_of(profile: Profile) -> Kafka:
    external = profile.server("kafka").external
    assert isinstance(external, Kafka)
    return external


def told(profile: Profile, kafka: Kafka) -> Profile:
    """The same with this said of its Kafka."""
    server = replace(profile.server("kafka"), external=kafka)
    return replace(profile, servers={**profile.servers, "kafka": server})


def findings(profile: Profile) -> list[Check]:
    return list(connections.examine(profile))


def broken(profile: Profile) -> list[Check]:
    return [one for one in findings(profile) if one.state == BROKEN]


def well(what: str, finding: str) -> Check:
    return Check(f"kafka: {what}", WELL, finding)


def way_in(cluster: Cluster, authority: Authority) -> list[Check]:
    """What is found of this broker up to its version, where all is well."""
    [server] = [jar for jar in artifacts.jars("kafka") if jar.name.startswith("kafka-server-common-")]
    release = ".".join(server.stem.rpartition("-")[2].split(".")[:2])
    [until] = [f"{one.ends:%Y-%m-%d}" for one in tls.validity(cluster.folder / "broker.pem")]
    return [
        well("name", "127.0.0.1 is 127.0.0.1"),
        well("certificate", f"broker, signed by test CA, until {until} (30 days)"),
        well("login", f"let in by a cluster with 1 broker(s): {cluster.at('SASL')}"),
        well("version", f"Kafka {release}"),
    ]


@pytest.mark.usefixtures("no_topics")
def test_all_is_well_before_the_first_up_and_nothing_is_made_by_asking(
    cluster: Cluster, profile: Profile, authority: Authority
) -> None:
    to_come = ", ".join(one.name for one in wanted.specs(profile))
    for _ in range(2):
        assert findings(profile) == [
            *way_in(cluster, authority),
            well("rights", "15 topics and groups: all that is needed"),
            well("topics", f"to be made by up: {to_come}"),
        ]
    assert admin.names(cluster.inner) == ()


@pytest.mark.usefixtures("no_topics")
def test_copies_that_the_cluster_cannot_keep_are_told_before_up_fails_for_them(profile: Profile) -> None:
    found = broken(told(profile, replace(kafka_of(profile), replication=3)))
    assert {one.name for one in found} == {"kafka: topics"}
    assert all("cannot be made: risk." in one.finding for one in found)
    assert len(found) == len(wanted.specs(profile))


@dataclass(frozen=True)
class Refused:
    """What a store would not take."""

    delivery: Delivery
    reason: str = "too large"


def written_by(kafka: Kafka, profile: Profile, sink: str) -> list[bytes]:
    """What the writer of a sink reads, commits, and puts among its dead letters."""
    topic, group = profile.topics.decisions, writer_group(sink)
    log = DecisionsLog(Membership(kafka, group, topic, dead_letters(topic, sink)))
    try:
        got: list[Delivery] = []
        await_that(lambda: got.extend(log.read(100, 0.2)) or got, "the record")
        log.dead_letter([Refused(one) for one in got])
        log.commit({got[-1].partition: got[-1].offset + 1})
        return [one.value for one in got]
    finally:
        log.close()


@pytest.mark.usefixtures("no_topics")
def test_what_grants_prints_is_enough_for_what_commands_and_writers_do(profile: Profile) -> None:
    kafka, names = kafka_of(profile), profile.topics
    replay = f"{names.decisions}.replay-1"
    specs = (*wanted.specs(profile), wanted.spec(profile, replay, 1))
    admin.create(kafka, specs)
    assert admin.create(kafka, specs) == ()
    sender = Sender(kafka)
    for spec in specs:
        sender.send(spec.name, b"1", b"key")
    assert (sender.flush(60), sender.failed) == (0, 0)
    assert [one.value for one in tail.records(kafka, replay, {0: 0})] == [b"1"]
    admin.delete(kafka, [replay])
    for sink in profile.sinks:
        assert written_by(kafka, profile, sink) == [b"1"]
        assert sum(admin.end_offsets(kafka, dead_letters(names.decisions, sink)).values()) == 2
        assert sum(admin.lag(kafka, writer_group(sink), names.decisions).values()) == 0
        admin.reset(kafka, writer_group(sink), names.decisions, {0: 0})
    admin.reset(kafka, JOB_GROUP, names.transactions, {0: 0})
    assert admin.committed(kafka, JOB_GROUP, names.transactions) == {0: 0}
    altering = replace(kafka, alter_topics=True)
    with pytest.raises(Failed, match="authorization failed"):
        admin.create(altering, [replace(wanted.specs(profile)[0], config={"retention.ms": "1000"})])


@pytest.mark.usefixtures("topics")
def test_what_grants_prints_with_alter_topics_is_enough_to_alter_them(
    cluster: Cluster, profile: Profile
) -> None:
    altering = replace(kafka_of(profile), alter_topics=True)
    cluster.allow(USER, rights.needed(told(profile, altering)))
    spec = replace(wanted.specs(profile)[0], config={"retention.ms": "1000"})
    admin.create(altering, [spec])
    assert admin.describe(altering, [spec.name])[spec.name].config["retention.ms"] == "1000"
    assert [one.finding for one in findings(told(profile, altering)) if "up changes it" in one.finding]


def test_settings_of_a_topic_that_is_there_are_left_unless_somebody_asks_for_their_change(
    cluster: Cluster, profile: Profile
) -> None:
    """What `up` does with the topics of a broker that is not ours."""
    theirs = TopicSpec("theirs", 4, {"message.timestamp.type": "LogAppendTime", "retention.ms": "123456"})
    admin.create(cluster.inner, [theirs])
    ours = replace(wanted.specs(profile)[0], name="theirs")
    assert admin.create(cluster.inner, [ours]) == ()
    assert admin.describe(cluster.inner, ["theirs"])["theirs"].config["retention.ms"] == "123456"
    said = f"topic theirs has retention.ms=123456, the profile says {profile.retention_ms}"
    assert said in admin.differing(cluster.inner, [ours])
    assert admin.create(replace(cluster.inner, alter_topics=True), [ours]) == ()

    def is_changed() -> bool:
        return admin.describe(cluster.inner, ["theirs"])["theirs"].config["retention.ms"] == str(
            profile.retention_ms
        )

    await_that(is_changed, "the change")
    admin.delete(cluster.inner, ["theirs"])


@pytest.mark.usefixtures("topics")
def test_topics_that_differ_are_told_with_what_can_still_be_used(
    cluster: Cluster, profile: Profile, authority: Authority
) -> None:
    change = "change it there, or say alter_topics in servers.kafka.external"
    more = replace(profile, partitions=8)
    found = [one for one in findings(more) if one.name == "kafka: topics" and "decisions " in one.finding]
    said = "topic risk.decisions has 4 partitions, the profile says 8"
    mend = "set partitions: 4 in the profile, or name another topic there"
    assert found == [Check("kafka: topics", BROKEN, said, mend)]
    spec = replace(wanted.specs(profile)[0], config={"retention.ms": "1000"})
    as_wanted(cluster, spec)
    said = f"topic risk.transactions has retention.ms=1000, the profile says {profile.retention_ms}"
    assert findings(profile) == [
        *way_in(cluster, authority),
        well("rights", "15 topics and groups: all that is needed"),
        Check("kafka: topics", WARNING, said, change),
        well("clock", "no append lies ahead of this machine's clock"),
    ]


@pytest.mark.usefixtures("topics")
@pytest.mark.parametrize(
    ("acl", "said"),
    [
        (Acl("topic", "risk.transactions", ("Read",)), "Read on topic risk.transactions"),
        (Acl("topic", "risk.decisions", ("Write",)), "Write on topic risk.decisions"),
        (Acl("topic", "risk.rules", ("DescribeConfigs",)), "DescribeConfigs on topic risk.rules"),
        (
            Acl("topic", "risk.decisions.replay-", ("Create",), is_prefix=True),
            "Create on topic risk.decisions.replay-*",
        ),
        (Acl("group", "fraudctl-sink-redis", ("Read",)), "Read on group fraudctl-sink-redis"),
        (Acl("group", "fraudctl-job", ("Describe", "Read")), "Describe, Read on group fraudctl-job"),
        (
            Acl("topic", "risk.labels", ("Create", "Describe", "DescribeConfigs", "Read", "Write")),
            "Create, Describe, DescribeConfigs, Read, Write on topic risk.labels",
        ),
    ],
)
def test_a_right_that_is_taken_away_is_named(cluster: Cluster, profile: Profile, acl: Acl, said: str) -> None:
    cluster.forbid(USER, acl)
    mend = "give them: fraudctl grants kafka"
    assert broken(profile) == [Check("kafka: rights", BROKEN, f"lacking: {said}", mend)]


def wrong(profile: Profile, folder: Path, authority: Authority, cluster: Cluster, what: str) -> Kafka:
    """What people get wrong."""
    kafka = kafka_of(profile)
    if what == "password":
        (folder / "wrong").write_text("plugh-plugh\n")
        return replace(kafka, password_file=folder / "wrong")
    if what == "own certificate":
        pair = authority.issue("ended", timedelta(days=-2))
        return Kafka(bootstrap=cluster.at("MTLS"), security="mtls", cert_file=pair.cert, key_file=pair.key)
    return {
        "ca": replace(kafka, ca_file=Authority(folder / "other", "another CA").cert),
        "name": replace(kafka, bootstrap="no-such-host.invalid:9093"),
        "nobody": replace(kafka, bootstrap="127.0.0.1:1"),
        "no tls": replace(kafka, bootstrap=cluster.at("OPEN")),
    }[what]


@pytest.mark.parametrize(
    ("what", "step", "said"),
    [
        ("ca", "certificate", "the broker's certificate is not one of a CA that is trusted here"),
        ("password", "login", "the broker does not accept 'risk' with what is in its file"),
        ("own certificate", "own files", r"ended.pem: expired at [-0-9 :]+Z"),
        ("name", "name", "the name no-such-host.invalid cannot be resolved"),
        ("nobody", "connection", "nothing listens there"),
        ("no tls", "tls", "the broker does not speak TLS there"),
    ],
)
def test_what_is_wrong_on_the_way_is_told_at_its_step_with_a_mend(
    profile: Profile, folder: Path, authority: Authority, cluster: Cluster, what: str, step: str, said: str
) -> None:
    [found] = broken(told(profile, wrong(profile, folder, authority, cluster, what)))
    assert (found.name, bool(found.mend)) == (f"kafka: {step}", True)
    assert re.search(f"{said}$", found.finding), found.finding
    assert "plugh" not in found.finding + found.mend


@pytest.mark.parametrize(
    ("lasts", "host", "said"),
    [
        (
            timedelta(hours=-1),
            "127.0.0.1",
            "a certificate of the broker, or the one shown to it, is not valid now",
        ),
        (
            timedelta(days=1),
            "broker.example.org",
            "the broker's certificate is for another name than the one it is reached by",
        ),
    ],
)
def test_a_certificate_of_the_broker_that_has_ended_or_is_anothers_is_told_from_an_unknown_ca(
    profile: Profile, authority: Authority, cluster: Cluster, lasts: timedelta, host: str, said: str
) -> None:
    inner = ("127.0.0.1", cluster.brokers[0].ports["INNER"])
    end = TlsEnd(inner, authority.issue("badly-known", lasts, hosts=(host,)))
    at = f"127.0.0.1:{end.port}"
    try:
        [found] = broken(told(profile, replace(kafka_of(profile), bootstrap=at)))
    finally:
        end.close()
    assert (found.name, found.finding, bool(found.mend)) == ("kafka: certificate", f"{at}: {said}", True)


def test_a_clock_that_is_behind_shows_in_what_is_appended_meanwhile(cluster: Cluster) -> None:
    """A topic whose times are the sender's stands for a broker with that clock."""
    admin.create(cluster.inner, [TopicSpec("clocked", 2, {"message.timestamp.type": "CreateTime"})])
    sender, over = librdkafka.producer(cluster.inner, {"linger.ms": 0, "log_level": 0}), Event()

    def send(behind_s: float) -> None:
        sender.produce("clocked", b"1", partition=1, timestamp=int((time.time() - behind_s) * 1000))
        assert sender.flush(30) == 0

    def go_on(behind_s: float) -> None:
        while not over.wait(0.05):
            send(behind_s)

    def shows(behind_s: float) -> bool:
        found_ms = broker_clock.behind_ms(cluster.inner, "clocked")
        return behind_s * 1000 - 60_000 < found_ms <= behind_s * 1000 + 60_000

    assert broker_clock.behind_ms(cluster.inner, "clocked") == 0
    for behind_s in (3_600, 0):
        send(behind_s)
        assert broker_clock.behind_ms(cluster.inner, "clocked") == 0, "nothing has come meanwhile"
        traffic = Thread(target=go_on, args=(behind_s,))
        traffic.start()
        try:
            # on a machine that is busy nothing may come while it looks
            await_that(partial(shows, behind_s), f"{behind_s} s do not show")
        finally:
            over.set()
            traffic.join()
            over.clear()
    admin.delete(cluster.inner, ["clocked"])
