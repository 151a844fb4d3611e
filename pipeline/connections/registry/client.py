"""Asks a schema registry for schemas.

Secrets are read with each question, so that new ones are taken up; a question is asked once for each schema,
since the schema of a number never changes.
"""

from __future__ import annotations

import base64
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from pipeline.connections import peek, tls
from pipeline.connections.proxies import open_url
from pipeline.connections.registry.description import SchemaRegistry
from pipeline.connections.tls import BadFile
from pipeline.records.framed import Schema

WAIT_S: Final = 10.0
_LARGEST_ANSWER: Final = 4 << 20
_NOT_FOUND: Final = 40_403
_KIND: Final = "application/vnd.schemaregistry.v1+json"
_ACCEPT: Final = f"{_KIND}, application/json"


class Unanswered(Exception):
    """The registry could not be asked for now. The text says why; the cause is what was raised."""


@dataclass(frozen=True, slots=True)
class Registry:
    """Asks one registry."""

    told: SchemaRegistry

    def schema(self, number: int) -> Schema | None:
        """The schema of a number, None where it knows none. Raises Unanswered."""
        said = self._ask(f"/schemas/ids/{number}")
        if said is None:
            return None
        if not isinstance(said.get("schema"), str):
            raise Unanswered(f"the schema registry at {self.told.base}: its answer has no schema")
        return Schema(str(said.get("schemaType") or "AVRO"), said["schema"], bool(said.get("references")))

    def register(self, subject: str, schema: Schema) -> int:
        """The number of a schema, which is kept below that subject if it is not yet. Raises Unanswered."""
        document = {"schemaType": schema.kind, "schema": schema.text}
        said = self._ask(f"/subjects/{quote(subject, safe='')}/versions", document)
        if said is None or not isinstance(said.get("id"), int):
            raise Unanswered(f"the schema registry at {self.told.base}: it gives no number for {subject}")
        return int(said["id"])

    def kinds(self) -> tuple[str, ...]:
        """The kinds of schemas it keeps; for who only wants to know whether it answers. Raises Unanswered."""
        said: Any = self._ask("/schemas/types")
        return tuple(map(str, said or ()))

    def _ask(self, path: str, document: object = None) -> Mapping[str, Any] | None:
        where = f"the schema registry at {self.told.base}{path}"
        try:
            with open_url(self._request(path, document), WAIT_S, self._context()) as answer:
                found: Mapping[str, Any] = json.loads(answer.read(_LARGEST_ANSWER))
            return found
        except urllib.error.HTTPError as error:
            code, message = _said(error)
            # a path that is wrong gives 404 as well: only the registry's own word tells of a schema
            if error.code == 404 and code == _NOT_FOUND:
                return None
            raise Unanswered(f"{where}: it answers {error.code} {message}".rstrip()) from error
        except (OSError, ValueError, BadFile) as error:
            raise Unanswered(f"{where}: {error}") from error

    def _context(self) -> ssl.SSLContext | None:
        return peek.context(self.told.tls_files) if self.told.is_encrypted else None

    def _request(self, path: str, document: object) -> urllib.request.Request:
        request = urllib.request.Request(self.told.base + path, headers={"Accept": _ACCEPT})
        if document is not None:
            request.data = json.dumps(document).encode()
            request.add_header("Content-Type", _KIND)
        if self.told.password_file is not None:
            pair = f"{self.told.username}:{tls.secret(self.told.password_file)}".encode()
            known = f"Basic {base64.b64encode(pair).decode()}"
            request.add_unredirected_header("Authorization", known)
        return request


def _said(error: urllib.error.HTTPError) -> tuple[int | None, str]:
    """The registry's own code and words."""
    try:
        said = json.loads(error.read(_LARGEST_ANSWER))
        return said.get("error_code"), str(said.get("message", ""))
    except (ValueError, AttributeError, OSError):
        return None, ""
