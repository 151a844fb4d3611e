"""A double of a schema registry: what of its interface is asked for schemas, with TLS and a password.

It speaks as Confluent's and Apicurio's do, also in what it says of a schema that is not there.
"""

from __future__ import annotations

import base64
import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.certificates import Pair
from tests.threads import serving


@dataclass
class SchemaRegistryDouble:
    """What it keeps, by number, and whom it lets in; `asked` are the paths of all requests."""

    port: int = 0
    scheme: str = "http"
    schemas: dict[int, dict[str, Any]] = field(default_factory=dict)
    password: str | None = None
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}/apis/ccompat/v7"

    def keep(self, schema: Any, kind: str = "AVRO", **more: Any) -> int:
        """Under the next number, which is returned. Avro is the kind that such registries do not name."""
        number = len(self.schemas) + 1
        text = schema if isinstance(schema, str) else json.dumps(schema)
        self.schemas[number] = {"schema": text, **({} if kind == "AVRO" else {"schemaType": kind}), **more}
        return number

    def answer(self, path: str, authorization: str | None) -> tuple[int, Any]:
        self.asked.append(path)
        if self.password is not None:
            pair = base64.b64encode(f"risk:{self.password}".encode()).decode()
            if authorization != f"Basic {pair}":
                return 401, {"error_code": 401, "message": "Unauthorized"}
        base, _, number = path.rpartition("/")
        if path == "/apis/ccompat/v7/schemas/types":
            return 200, ["JSON", "PROTOBUF", "AVRO"]
        if base != "/apis/ccompat/v7/schemas/ids":
            return 404, {"error_code": 404, "message": "HTTP 404 Not Found"}
        if int(number) not in self.schemas:
            return 404, {"error_code": 40403, "message": "Schema not found"}
        return 200, self.schemas[int(number)]

    def register(self, path: str, document: Any) -> tuple[int, Any]:
        """The same schema keeps its number."""
        self.asked.append(path)
        known = {one["schema"]: number for number, one in self.schemas.items()}
        text = document["schema"]
        return 200, {"id": known.get(text) or self.keep(text, document["schemaType"])}


@contextmanager
def schema_registry(pair: Pair | None = None, clients: Path | None = None) -> Iterator[SchemaRegistryDouble]:
    """On a port of 127.0.0.1, with TLS where it has a certificate; `clients` is whose it wants of others."""
    made = SchemaRegistryDouble()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.say(*made.answer(self.path, self.headers.get("Authorization")))

        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.say(*made.register(self.path, document))

        def say(self, status: int, said: Any) -> None:
            content = json.dumps(said).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = _Server(("127.0.0.1", 0), Handler)
    if pair is not None:
        server.use(pair, clients)
        made.scheme = "https"
    made.port = server.server_address[1]
    with serving(server):
        yield made


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def use(self, pair: Pair, clients: Path | None) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.cert, pair.key)
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, *_: object) -> None:
        """A client that does not believe us, or is not believed, ends the connection."""
