"""How the broker is reached, and what its errors mean: each becomes a `FraudctlError` with a hint."""

from __future__ import annotations

import functools
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Generic, TypeVar

from confluent_kafka import Consumer, KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, ClusterMetadata

from fraudctl.errors import Failed, FraudctlError, Unhealthy
from fraudctl.waiting import until
from pipeline.connections.kafka import librdkafka, words
from pipeline.connections.kafka.description import Kafka
from pipeline.connections.kafka.librdkafka import Files, Settings
from pipeline.connections.tls import BadFile

UNREACHABLE = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        KafkaError._SSL,
        KafkaError._AUTHENTICATION,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.BROKER_NOT_AVAILABLE,
    }
)
"""What a client says while it has no broker."""
_SETTLING = frozenset(
    {
        KafkaError.NOT_LEADER_FOR_PARTITION,
        KafkaError.LEADER_NOT_AVAILABLE,
        KafkaError.UNKNOWN_LEADER_EPOCH,
        KafkaError.FENCED_LEADER_EPOCH,
    }
)
"""What a partition answers that was made a moment ago, or whose leader was chosen a moment ago."""
_GLANCE_S = 1.0
_Client = TypeVar("_Client")
_Answer = TypeVar("_Answer")

log = logging.getLogger("fraudctl.kafka")
log.addHandler(logging.NullHandler())
log.propagate = False


class _Held(Generic[_Client]):
    """A client of a cluster, made anew where the files of its connection have changed."""

    def __init__(self, kafka: Kafka, make: Callable[[Settings], _Client]) -> None:
        self._kafka, self._files, self._make = kafka, Files(kafka), make
        self._client = self._made()

    def client(self) -> _Client:
        """One that knows the files as they are, as far as they can be used. Raises Failed."""
        if self._files.have_changed():
            with suppress(FraudctlError):  # half of them has changed: the next look sees the rest
                self._client = self._made()
                self._files.renewed()
        return self._client

    def _made(self) -> _Client:
        with buildable(self._kafka):
            return self._make({"socket.connection.setup.timeout.ms": 5000})


@functools.lru_cache(maxsize=4)
def _admin(kafka: Kafka) -> _Held[AdminClient]:
    return _Held(kafka, lambda settings: librdkafka.admin(kafka, settings, log))


@functools.lru_cache(maxsize=32)
def _member(kafka: Kafka, group: str) -> _Held[Consumer]:
    own = {"group.id": group, "enable.auto.commit": False}
    return _Held(kafka, lambda settings: librdkafka.consumer(kafka, {**settings, **own}, log))


def client(kafka: Kafka) -> AdminClient:
    """One per cluster: whoever watches a lag asks several times a second. Raises Failed."""
    return _admin(kafka).client()


def member(kafka: Kafka, group: str) -> Consumer:
    """One per cluster and group, which never joins the group: it is for asking. Raises Failed."""
    return _member(kafka, group).client()


def metadata(kafka: Kafka, wait_s: float) -> ClusterMetadata:
    """What the cluster says of itself and its topics; to be called where `translated`.

    What does not pass by waiting, such as a wrong password, is known at once: the client itself goes on
    trying until the time is over.
    """
    deadline, glance_s = time.monotonic() + wait_s, _GLANCE_S
    while True:
        left_s = deadline - time.monotonic()
        try:
            return client(kafka).list_topics(timeout=max(0.1, min(glance_s, left_s)))
        except KafkaException as error:
            if left_s <= glance_s or error.args[0].code() not in UNREACHABLE or _is_final(kafka):
                raise
        glance_s *= 2


def settled(asked: Callable[[], _Answer], wait_s: float) -> _Answer:
    """What is answered once each partition has a leader that the client knows; call it where `translated`.

    `asked` takes the `client` anew each time: one that was told of a leader keeps to it and to its epoch for
    minutes, whatever it is answered, so another is made.
    """
    failures: list[KafkaException] = []

    def answered() -> tuple[_Answer] | None:
        try:
            return (asked(),)
        except KafkaException as error:
            if error.args[0].code() not in _SETTLING:
                raise
            failures.append(error)
            _forget()
            return None

    return until(answered, wait_s, lambda: failures[-1], every_s=0.05)[0]


@contextmanager
def translated(kafka: Kafka) -> Iterator[None]:
    """Raises Unhealthy where the broker cannot be reached, Failed where it refuses."""
    try:
        yield
    except KafkaException as error:
        found = failure(kafka, error.args[0])
        _forget()
        raise found from error
    except TimeoutError as error:
        # an admin client that was there when the broker was killed may never answer again
        _forget()
        raise unreachable(kafka, "no answer in time") from error


@contextmanager
def buildable(kafka: Kafka) -> Iterator[None]:
    """Raises Failed where no client can be made of the description and its files."""
    try:
        yield
    except BadFile as error:
        raise Failed(f"Kafka at {kafka}: {error}", hint=error.hint, code="kafka_file") from error
    except KafkaException as error:
        said = f"Kafka at {kafka}: no client can be made: {error.args[0].str()}"
        raise Failed(said, hint="see what servers.kafka.external says", code="kafka_client") from error


def failure(kafka: Kafka, error: KafkaError) -> FraudctlError:
    """The error for what the broker or its client said."""
    if error.code() in UNREACHABLE:
        return unreachable(kafka, error.str())
    if said := words.explain(kafka, f"{error.name()}: {error.str()}"):
        return Failed(f"Kafka at {kafka} refused: {said.message}", hint=said.hint, code=said.code)
    return Failed(
        f"Kafka refused: {error.str()} ({error.name()})",
        hint="look at: fraudctl logs kafka",
        code="kafka_refused",
    )


def unreachable(kafka: Kafka, detail: str) -> FraudctlError:
    """The error for a broker that does not answer as it should: why, as far as a client has heard it."""
    said = words.explain(kafka, librdkafka.last_error(kafka) or detail)
    if said is not None and said.is_final:
        message = f"Kafka at {kafka} cannot be used: {said.message}"
        return Unhealthy(message, hint=said.hint, code=said.code)
    return Unhealthy(
        f"Kafka at {kafka} cannot be reached: {said.message if said else detail}",
        hint="see which server is down with: fraudctl status; then: fraudctl restart kafka",
        code="kafka_unreachable",
    )


def _forget() -> None:
    _admin.cache_clear()
    _member.cache_clear()


def _is_final(kafka: Kafka) -> bool:
    said = words.explain(kafka, librdkafka.last_error(kafka) or "")
    return said is not None and said.is_final
