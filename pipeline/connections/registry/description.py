"""The description of a schema registry: where it is, whom we trust there, and how we show who we are.

Names files, never holds a secret. Knows no client.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Annotated

from pipeline.connections.tls import TlsFiles
from pipeline.settings.kinds import Choice, File, Text
from pipeline.settings.reading import Problem, settings


@settings()
class SchemaRegistry(TlsFiles):
    """Where schemas of transactions are, which may come in Avro, Protobuf or by a JSON Schema then."""

    url: Annotated[str, Text("a URL that begins with https:// or http://", r"https?://[^\s?#]+")] = ""
    """of its interface, as Confluent's registry has it"""
    decisions: Annotated[str, Choice(("json", "json_schema", "avro", "protobuf"))] = "json"
    """how decisions are written: as JSON alone, or in the frame of their schema of that kind, which is
    registered when a job is submitted"""
    username: Annotated[str, Text()] | None = None
    password_file: Annotated[Path, File()] | None = None

    @property
    def base(self) -> str:
        """What paths are appended to."""
        return self.url.rstrip("/")

    @property
    def is_encrypted(self) -> bool:
        return self.url.startswith("https://")

    @property
    def tls_files(self) -> TlsFiles:
        """Those of the connection."""
        return TlsFiles(self.ca_file, self.cert_file, self.key_file, self.key_password_file)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that a client is built from."""
        found = (getattr(self, one.name) for one in fields(self))
        return tuple(one for one in found if isinstance(one, Path))

    def as_document(self) -> dict[str, object]:
        """What is set, as JSON: what a profile would have."""
        found = {one.name: getattr(self, one.name) for one in fields(self)}
        return {name: os.fspath(one) for name, one in found.items() if one is not None}


def problems(registry: SchemaRegistry, path: str) -> Iterator[Problem]:
    """What its parts do not show one by one."""
    if not registry.url:
        yield Problem(f"{path}.url", "is missing")
    if "@" in registry.url:
        yield Problem(f"{path}.url", "holds a password or a name: say username and password_file")
    for one, other in (("username", "password_file"), ("cert_file", "key_file")):
        given = [name for name in (one, other) if getattr(registry, name) is not None]
        if len(given) == 1:
            lacking = other if given == [one] else one
            yield Problem(f"{path}.{lacking}", f"is missing: it goes with {given[0]}")
    if registry.url and not registry.is_encrypted and registry.tls_files != TlsFiles():
        yield Problem(f"{path}.url", "begins with http://, where certificates are of no use")
