"""The description of a Kafka cluster: where it is, how a client shows who it is, and what topics it keeps.

Made of what a profile has, checked whole; names files, never holds a secret. Knows no client.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated

from pipeline.connections.tls import TlsFiles
from pipeline.settings.kinds import Choice, File, Text, Truth, Whole
from pipeline.settings.reading import Problem, settings

_HOST = r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}"
BOOTSTRAP = Text("host:port, or several with commas between them", rf"{_HOST}(,{_HOST})*")
URL = Text("a URL that begins with https:// or http://, without a name or password", r"https?://[^\s@]+")


@dataclass(frozen=True, slots=True)
class Mode:
    """What one kind of security asks for, and what it may be told beside that."""

    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    by_tls: bool = True
    """whether the connection is encrypted, as far as `tls: false` does not say otherwise"""


_OWN = ("cert_file", "key_file", "key_password_file")
_SASL = ("ca_file", *_OWN, "tls")
MODES: Mapping[str, Mode] = {
    "plaintext": Mode(by_tls=False),
    "tls": Mode(may=("ca_file",)),
    "mtls": Mode(("cert_file", "key_file"), ("ca_file", "key_password_file")),
    "scram": Mode(("username", "password_file"), ("mechanism", *_SASL)),
    "plain": Mode(("username", "password_file"), _SASL),
    "oauth": Mode(("token_url", "client_id", "client_secret_file"), ("scope", "token_ca_file", *_SASL)),
    "aws_iam": Mode(("region",), ("role_arn", *_SASL)),
}
"""Every kind of security by its name in a profile."""
TOPICS = ("replication", "min_insync", "alter_topics")
"""What is said of our topics there, whatever the security."""


@settings()
class Kafka(TlsFiles):
    """A Kafka cluster. Two with the same description are reached by the same client."""

    bootstrap: Annotated[str, BOOTSTRAP] = ""
    """the brokers that are asked first, as host:port with commas between them"""
    security: Annotated[str, Choice(tuple(MODES))] = "plaintext"
    tls: Annotated[bool, Truth()] | None = None
    """false: passwords and tokens are shown over a connection that is not encrypted"""
    mechanism: Annotated[str, Choice(("SCRAM-SHA-512", "SCRAM-SHA-256"))] | None = None
    """without it SCRAM-SHA-512"""
    username: Annotated[str, Text()] | None = None
    password_file: Annotated[Path, File()] | None = None
    token_url: Annotated[str, URL] | None = None
    """where tokens are given for a client's id and secret"""
    token_ca_file: Annotated[Path, File()] | None = None
    """whom to trust there; without it the system's CAs count"""
    client_id: Annotated[str, Text()] | None = None
    client_secret_file: Annotated[Path, File()] | None = None
    scope: Annotated[str, Text()] | None = None
    region: Annotated[str, Text("a region of AWS, such as eu-central-1", "[a-z0-9-]{4,32}")] | None = None
    role_arn: Annotated[str, Text("the ARN of a role", r"arn:[a-z-]+:iam::[0-9]{12}:role/\S+")] | None = None
    """a role to take on first; without it the credentials count that AWS's tools find"""
    replication: Annotated[int, Whole(1, 32)] | None = None
    """copies of each topic that is made; without it the cluster's own default"""
    min_insync: Annotated[int, Whole(1, 32)] | None = None
    """copies that must have a record before it counts as written; without it the cluster's own default"""
    alter_topics: Annotated[bool, Truth()] = False
    """whether topics that are there get the settings of the profile; else what differs is said"""

    def __str__(self) -> str:
        """As people call it."""
        return self.bootstrap

    @property
    def mode(self) -> Mode:
        return MODES[self.security]

    @property
    def is_encrypted(self) -> bool:
        return self.mode.by_tls and self.tls is not False

    @property
    def is_sasl(self) -> bool:
        return "tls" in self.mode.may

    @property
    def tls_files(self) -> TlsFiles:
        """Those of the connection to a broker."""
        return TlsFiles(self.ca_file, self.cert_file, self.key_file, self.key_password_file)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file a client is built from."""
        found = (getattr(self, one.name) for one in fields(self))
        return tuple(one for one in found if isinstance(one, Path))

    @property
    def secret_files(self) -> tuple[Path, ...]:
        """Those among the files that hold a secret alone."""
        found = (self.key_password_file, self.password_file, self.client_secret_file)
        return tuple(one for one in found if one is not None)

    def as_document(self) -> dict[str, object]:
        """What is set, as JSON: what a profile would have."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {
            name: os.fspath(one) if isinstance(one, Path) else one
            for name, one in found.items()
            if one is not None
        }


def problems(kafka: Kafka, path: str) -> Iterator[Problem]:
    """What its parts do not show one by one: what this security lacks, and what it has no use for."""
    mode = kafka.mode
    if not kafka.bootstrap:
        yield Problem(f"{path}.bootstrap", "is missing")
    for name in mode.needs:
        if getattr(kafka, name) is None:
            yield Problem(f"{path}.{name}", f"is missing: security {kafka.security} needs it")
    known = {"bootstrap", "security", *mode.needs, *mode.may, *TOPICS}
    for one in fields(kafka):
        if one.name not in known and getattr(kafka, one.name) not in (None, one.default):
            yield Problem(f"{path}.{one.name}", f"security {kafka.security} has no use for it")
    yield from _pairs(kafka, path)


def _pairs(kafka: Kafka, path: str) -> Iterator[Problem]:
    if (kafka.cert_file is None) != (kafka.key_file is None) and kafka.security != "mtls":
        lacking = "key_file" if kafka.key_file is None else "cert_file"
        yield Problem(f"{path}.{lacking}", "is missing: a certificate and its key are named together")
    if kafka.key_password_file is not None and kafka.key_file is None:
        yield Problem(f"{path}.key_password_file", "is for a key: name key_file as well")
    if kafka.tls is False:
        for name in ("ca_file", *_OWN):
            if getattr(kafka, name) is not None and name in kafka.mode.may:
                yield Problem(f"{path}.{name}", "is of no use with tls: false")
    if kafka.replication and kafka.min_insync and kafka.min_insync > kafka.replication:
        yield Problem(f"{path}.min_insync", f"is above replication, which is {kafka.replication}")
