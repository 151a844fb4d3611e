"""How a stack reaches its own servers that ask who comes: by the secrets that `up` makes in the home.

Loopback keeps other machines away, not other users of this one. `folder` is the home's folder of secrets.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pipeline.connections.flink import FlinkRest
from pipeline.connections.kafka.description import Kafka

USER = "fraudctl"
"""as whom everything of a stack comes"""
MECHANISM = "SCRAM-SHA-256"


def kafka(folder: Path, bootstrap: str) -> Kafka:
    """Both sides prove that they know the password, and neither shows it; on loopback that is enough."""
    return Kafka(
        bootstrap=bootstrap,
        security="scram",
        tls=False,
        mechanism=MECHANISM,
        username=USER,
        password_file=folder / "kafka",
        alter_topics=True,
    )


def kafka_in_container(folder: Path, bootstrap: str) -> Kafka:
    """The same where it runs out of its official image, which takes a password from a file by PLAIN alone: it
    is shown, in the network of the stack and on loopback."""
    told = kafka(folder, bootstrap)
    return replace(told, security="plain", mechanism=None)


def flink(folder: Path, address: str) -> FlinkRest:
    """One certificate is that of the server and of every client, and the only one that is believed."""
    certificate, key = flink_pair(folder)
    return FlinkRest(address=address, ca_file=certificate, cert_file=certificate, key_file=key)


def flink_pair(folder: Path) -> tuple[Path, Path]:
    """Where the certificate lies, and its key."""
    return folder / "flink.pem", folder / "flink.key.pem"
