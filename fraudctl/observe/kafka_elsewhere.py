"""A Kafka that is not ours to start, tried step by step as our processes will use it. Nothing is made there.

What is wrong is said in the words of `pipeline.connections.kafka.words`, as at run time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from fraudctl.engines.contract import BROKEN, WELL
from fraudctl.errors import Difference, FraudctlError
from fraudctl.kafka import admin, allowed, broker, rights, version, wanted
from fraudctl.kafka.version import Understood
from fraudctl.observe import broker_clock
from pipeline.connections import way
from pipeline.connections.kafka import jvm, words
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.tls import BadFile
from pipeline.connections.way import Finding, Place
from pipeline.records.clock import now_ms
from pipeline.sinks.rights import missing

if TYPE_CHECKING:
    from fraudctl.kafka.admin import TopicSpec
    from fraudctl.kafka.allowed import Allowed
    from fraudctl.settings.profile import Profile

_STEPS: Final = {
    "kafka_name": "name",
    "kafka_ca": "certificate",
    "kafka_certificate_ended": "certificate",
    "kafka_host_name": "certificate",
    "kafka_own_certificate": "own certificate",
    "kafka_no_tls": "tls",
    "kafka_mechanism": "login",
    "kafka_password": "login",
    "kafka_token": "login",
    "kafka_permission": "rights",
    "kafka_file": "own files",
}
"""at which step it is met, by the code of what is wrong; the others at the connection"""


def examine(kafka: Kafka, profile: Profile) -> Iterator[Finding]:
    """Every step: our files, the way to each broker, the login, rights, topics, clock; up to what ends it."""
    try:
        jvm.properties(kafka)  # checks whatever a client in Python needs as well
    except BadFile as error:
        yield Finding("own files", str(error), error.hint, is_broken=True)
        return
    yield from way.own_files(kafka.tls_files)
    first = _places(kafka, kafka.bootstrap.split(","))
    ways = [list(_way(kafka, place)) for place in first]
    yield from (one for found in ways for one in found)
    if any(not any(one.is_broken for one in found) for found in ways):
        yield from _inside(kafka, profile, first)


def _places(kafka: Kafka, addresses: Sequence[str]) -> list[Place]:
    pairs = (one.rpartition(":") for one in addresses)
    files = kafka.tls_files if kafka.is_encrypted else None
    return [Place(host.strip("[]"), int(port), files) for host, _, port in pairs]


def _way(kafka: Kafka, place: Place) -> Iterator[Finding]:
    """Name and certificate of one broker. What says nothing clear here, the login will say."""
    try:
        yield from (one for one in way.to(place) if one.what != "own files")
    except OSError as error:
        said = words.explain(kafka, _text(error, place))
        if said is not None:
            at = f"{place.host}:{place.port}: {said.message}"
            yield Finding(_STEPS.get(said.code, "connection"), at, said.hint, is_broken=True)


def _text(error: OSError, place: Place) -> str:
    """What Python says, so that `words` knows it; of a name it does not say which."""
    return f"failed to resolve '{place.host}'" if way.is_about_name(error) else str(error)


def _inside(kafka: Kafka, profile: Profile, known: Sequence[Place]) -> Iterator[Finding]:
    """From the login on."""
    try:
        with broker.translated(kafka):
            cluster = broker.metadata(kafka, admin.ANSWER_S)
        shown = [f"{one.host}:{one.port}" for one in cluster.brokers.values()]
        yield Finding("login", f"let in by a cluster with {len(shown)} broker(s): {', '.join(sorted(shown))}")
        places = _places(kafka, shown)
        for place in places:
            if (place.host, place.port) not in {(one.host, one.port) for one in known}:
                yield from _way(kafka, place)
        yield from _versions(places)
        yield from _ours(kafka, profile)
    except FraudctlError as error:
        yield Finding(_STEPS.get(error.code, "connection"), error.message, error.hint, is_broken=True)


def _versions(places: Sequence[Place]) -> Iterator[Finding]:
    """Which Kafka the brokers are. One that does not answer has been told of on the way to it."""
    found: dict[str, Understood] = {}
    for place in places:
        with suppress(OSError, BadFile, version.NotKafka):
            found[f"{place.host}:{place.port}"] = version.ask(place)
    releases = sorted({one.release for one in found.values()})
    if old := [where for where, one in found.items() if not one.is_supported]:
        yield Finding(
            "version", f"Kafka {', '.join(releases)}: {', '.join(old)}", "take it to 3.0 or later", True
        )
    elif found:
        mend = "take all brokers to one version" if len(releases) > 1 else ""
        yield Finding("version", f"Kafka {', '.join(releases)}", mend)


def _ours(kafka: Kafka, profile: Profile) -> Iterator[Finding]:
    """What is allowed to us, our topics as they are, and the clock of the log."""
    specs, acls = wanted.specs(profile), rights.needed(profile)
    found = allowed.ask(kafka, acls, specs)
    yield missing(f"{len(acls)} topics and groups", found.lacking, "kafka")
    yield from _topics(kafka, [one for one in specs if one.name in found.there], found)
    if profile.topics.transactions in found.there:
        yield _clock(kafka, profile)


def _clock(kafka: Kafka, profile: Profile) -> Finding:
    """Ahead shows in what was appended last, behind only in what is appended now."""
    check = broker_clock.look(kafka, profile, now_ms()).check()
    behind_ms = broker_clock.behind_ms(kafka, profile.topics.transactions)
    if check.state == WELL and behind_ms > broker_clock.NOTED_MS:
        said = f"a broker's clock stands {behind_ms / 1000:.0f} s or more behind this machine's"
        return Finding(
            "clock", said, "set the clocks right: delays and the times of decisions are by the broker's"
        )
    return Finding("clock", check.finding, check.mend, check.state == BROKEN)


def _topics(kafka: Kafka, specs: Sequence[TopicSpec], found: Allowed) -> Iterator[Finding]:
    for reason in found.unmakeable:
        yield Finding(
            "topics", f"cannot be made: {reason}", "see replication in servers.kafka.external", True
        )
    if found.absent and not found.unmakeable:
        yield Finding("topics", f"to be made by up: {', '.join(found.absent)}")
    there = admin.describe(kafka, [one.name for one in specs])
    for spec in specs:
        try:
            admin.agree(spec, there[spec.name])
        except Difference as error:
            yield Finding("topics", error.message, error.hint, is_broken=True)
    for line in admin.differing_settings(kafka, specs):
        mend = "" if kafka.alter_topics else "change it there, or say alter_topics in servers.kafka.external"
        yield Finding("topics", f"{line}; up changes it" if kafka.alter_topics else line, mend)
    for line in admin.differing_copies(kafka, specs):
        yield Finding("topics", line, "change it there: kafka-reassign-partitions.sh")
