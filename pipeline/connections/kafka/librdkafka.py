"""Makes every Kafka client in Python from the description of its cluster, and remembers their complaints.

A client is told its secrets when it is made and cannot be told others: where a file has changed, `Files` says
so, and whoever holds the client makes it anew.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from confluent_kafka import Consumer, KafkaError, KafkaException, Producer
from confluent_kafka.admin import AdminClient

from pipeline.connections import aws, tls
from pipeline.connections.kafka import certificate, words
from pipeline.connections.kafka.description import Kafka

Settings = Mapping[str, Any]
"""What a client is told beside its connection, by librdkafka's own names."""
Configuration = dict[str, Any]
"""All that it is told: those names and calls back, as librdkafka's Python client takes them."""

LOOK_EVERY_S = 2.0
RETIRING_S = 3.0
RETIRED = "retired consumer"
"""the name of the thread that closes one"""
HEARD_S = 60.0
"""What a client complained of longer ago says nothing of now."""
_EMPTY_WORDS = frozenset({KafkaError._ALL_BROKERS_DOWN, KafkaError._TIMED_OUT})
"""Errors that only tell that there were others."""

log = logging.getLogger("kafka")


def consumer(kafka: Kafka, settings: Settings, logger: logging.Logger | None = None) -> Consumer:
    """A consumer. Raises BadFile, and KafkaException for what librdkafka refuses.

    It reads what the job reads, which has Kafka's own default: also what lies in a transaction that was not
    ended. With librdkafka's, whoever may write could keep one open, and hold every reader back for as long.
    """
    told = {"isolation.level": "read_uncommitted", **settings}
    return Consumer(_whole(kafka, told, logger), **_logged(logger))


def producer(kafka: Kafka, settings: Settings, logger: logging.Logger | None = None) -> Producer:
    """A producer. Raises what `consumer` does."""
    return Producer(_whole(kafka, settings, logger), **_logged(logger))


def admin(kafka: Kafka, settings: Settings, logger: logging.Logger | None = None) -> AdminClient:
    """An admin client. Raises what `consumer` does."""
    made = AdminClient(_whole(kafka, settings, logger), **_logged(logger))
    _ADMINS[made] = kafka
    return made


def retire(consumer: Consumer) -> None:
    """Close a consumer. One that is refused, or whose broker is away, takes its time: nobody waits with it
    for longer than a few seconds, and it ends in the background. For one that waits for the answer to a
    commit see `abandon`.

    It leaves its group first, and what it has been told by then is heard: an assignment that is heard only
    while it closes may wait without an end, holding every thread of Python.
    """

    def close() -> None:
        _leave(consumer)
        with suppress(KafkaException, RuntimeError):
            consumer.close()

    _beside(close)


def abandon(held: list[Consumer]) -> None:
    """End a consumer whose commit no broker has answered: to close it would be to wait for that answer
    without an end, and to look for the broker twenty times a second meanwhile.

    `held` has the only reference to it. Who gives up the last one waits until the client is gone, for as long
    as a session may last at most; so that is done in the background too.
    """

    def end() -> None:
        _leave(held[0])
        held.clear()

    _beside(end)


def _leave(consumer: Consumer) -> None:
    with suppress(KafkaException, RuntimeError):
        consumer.unsubscribe()
        consumer.poll(0)


def _beside(end: Callable[[], None]) -> None:
    closing = threading.Thread(target=end, name=RETIRED, daemon=True)
    closing.start()
    closing.join(RETIRING_S)


def connection(kafka: Kafka) -> Configuration:
    """What any client is told of the connection, secrets included: keep it nowhere. Raises BadFile."""
    tls.check(kafka.tls_files)
    found: Configuration = {"bootstrap.servers": kafka.bootstrap}
    transport = "ssl" if kafka.is_encrypted else "plaintext"
    found["security.protocol"] = f"sasl_{transport}" if kafka.is_sasl else transport
    if kafka.is_encrypted:
        found |= _tls(kafka)
    if kafka.is_sasl:
        found |= _SASL[kafka.security](kafka)
    return {name: value for name, value in found.items() if value is not None}


def last_error(kafka: Kafka) -> str | None:
    """What a client of this cluster complained of last, within a minute; None where none did.

    What one complained of that was made of files which have changed since says nothing of now.
    """
    for one, its in list(_ADMINS.items()):
        if its == kafka:
            one.poll(0)
    with _LOCK:
        heard = _HEARD.get(kafka)
    if heard is None or time.monotonic() - heard.at_s >= HEARD_S or heard.prints != _prints(kafka):
        return None
    return heard.text


class Files:
    """Tells when a file that the clients of a cluster were made of has changed.

    Looks every two seconds at most, so it may be asked as often as one likes.
    """

    def __init__(self, kafka: Kafka) -> None:
        self._kafka = kafka
        self._seen = self._last = _prints(kafka)
        self._looked = time.monotonic()

    def have_changed(self) -> bool:
        """True until `renewed` is called; a file that is away for a moment has not changed."""
        now = time.monotonic()
        if not self._seen or now - self._looked < LOOK_EVERY_S:
            return False
        self._looked = now
        self._last = _prints(self._kafka)
        return None not in self._last and self._last != self._seen

    def renewed(self) -> None:
        """The clients have been made since the last look: a file that changed later has changed again."""
        self._seen = self._last


Print = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class _Heard:
    """A complaint, and how the files were that its client was made of."""

    at_s: float
    text: str
    prints: tuple[Print | None, ...]


_LOCK = threading.Lock()
_HEARD: dict[Kafka, _Heard] = {}
_ADMINS: WeakKeyDictionary[AdminClient, Kafka] = WeakKeyDictionary()


def _whole(kafka: Kafka, settings: Settings, logger: logging.Logger | None) -> Configuration:
    # how the files are is noted first: a client may have read a later one, never an earlier one
    heard = _complaints(kafka, logger or log)
    return {**settings, **connection(kafka), "error_cb": heard}


def _logged(logger: logging.Logger | None) -> Configuration:
    return {} if logger is None else {"logger": logger}


def _complaints(kafka: Kafka, logger: logging.Logger) -> Callable[[KafkaError], None]:
    prints = _prints(kafka)

    def heard(error: KafkaError) -> None:
        if error.code() in _EMPTY_WORDS:
            return
        text = f"{error.name()}: {error.str()}"
        text += f": {why}" if (why := certificate.reason(kafka, text)) else ""
        with _LOCK:
            before = _HEARD.get(kafka)
            _HEARD[kafka] = _Heard(time.monotonic(), text, prints)
        said = words.explain(kafka, text)
        if said is not None and (before is None or said != words.explain(kafka, before.text)):
            logger.warning("Kafka at %s: %s; %s", kafka, said.message, said.hint)

    return heard


def _tls(kafka: Kafka) -> Configuration:
    return {
        "ssl.ca.location": _text(kafka.ca_file),
        "ssl.certificate.location": _text(kafka.cert_file),
        "ssl.key.location": _text(kafka.key_file),
        "ssl.key.password": _secret(kafka.key_password_file),
    }


def _password(kafka: Kafka) -> Configuration:
    scram = kafka.mechanism or "SCRAM-SHA-512"
    return {
        "sasl.mechanisms": "PLAIN" if kafka.security == "plain" else scram,
        "sasl.username": kafka.username,
        "sasl.password": _secret(kafka.password_file),
    }


def _oauth(kafka: Kafka) -> Configuration:
    return {
        "sasl.mechanisms": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": kafka.token_url,
        "sasl.oauthbearer.client.id": kafka.client_id,
        "sasl.oauthbearer.client.secret": _secret(kafka.client_secret_file),
        "sasl.oauthbearer.scope": kafka.scope,
        "https.ca.location": _text(kafka.token_ca_file),
    }


def _aws(kafka: Kafka) -> Configuration:
    from aws_msk_iam_sasl_signer import MSKAuthTokenProvider as Signer

    def token(_: str) -> tuple[str, float]:
        if kafka.role_arn:
            # its own way to a role knows no region but the one that the environment names
            role = aws.of_role(kafka.role_arn, kafka.region or "")
            made, ends_ms = Signer.generate_auth_token_from_credentials_provider(kafka.region, role)
        else:
            made, ends_ms = Signer.generate_auth_token(kafka.region)
        return made, ends_ms / 1_000

    return {"sasl.mechanisms": "OAUTHBEARER", "oauth_cb": token}


_SASL: Mapping[str, Callable[[Kafka], Configuration]] = {
    "scram": _password,
    "plain": _password,
    "oauth": _oauth,
    "aws_iam": _aws,
}


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _secret(path: Path | None) -> str | None:
    return None if path is None else tls.secret(path)


def _prints(kafka: Kafka) -> tuple[Print | None, ...]:
    return tuple(_print(path) for path in kafka.files)


def _print(path: Path) -> Print | None:
    """Changes with each replacement of the file, also by a link to another, as Kubernetes does it."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size
