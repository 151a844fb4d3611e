"""How the broker is reached, and what its errors mean: each becomes a `FraudctlError` with a hint."""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator
from contextlib import contextmanager

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from fraudctl.errors import Failed, FraudctlError, Unhealthy

UNREACHABLE = frozenset(
    {
        KafkaError._TRANSPORT,
        KafkaError._ALL_BROKERS_DOWN,
        KafkaError._TIMED_OUT,
        KafkaError._RESOLVE,
        KafkaError.REQUEST_TIMED_OUT,
        KafkaError.BROKER_NOT_AVAILABLE,
    }
)
"""What a client says while it has no broker."""

log = logging.getLogger("fraudctl.kafka")
log.addHandler(logging.NullHandler())
log.propagate = False


@functools.lru_cache(maxsize=4)
def client(bootstrap: str) -> AdminClient:
    """One per broker: whoever watches a lag asks several times a second."""
    return AdminClient(
        {"bootstrap.servers": bootstrap, "socket.connection.setup.timeout.ms": 5000}, logger=log
    )


@contextmanager
def translated(bootstrap: str) -> Iterator[None]:
    """Raises Unhealthy where the broker cannot be reached, Failed where it refuses."""
    try:
        yield
    except KafkaException as error:
        client.cache_clear()
        raise failure(bootstrap, error.args[0]) from error
    except TimeoutError as error:
        # an admin client that was there when the broker was killed may never answer again
        client.cache_clear()
        raise unreachable(bootstrap, "no answer in time") from error


def failure(bootstrap: str, error: KafkaError) -> FraudctlError:
    """The error for what the broker or its client said."""
    if error.code() in UNREACHABLE:
        return unreachable(bootstrap, error.str())
    return Failed(
        f"Kafka refused: {error.str()} ({error.name()})",
        hint="look at: fraudctl logs kafka",
        code="kafka_refused",
    )


def unreachable(bootstrap: str, detail: str) -> FraudctlError:
    """The error for a broker that does not answer as it should."""
    return Unhealthy(
        f"Kafka at {bootstrap} cannot be reached: {detail}",
        hint="see which server is down with: fraudctl status; then: fraudctl restart kafka",
        code="kafka_unreachable",
    )
