"""DynamoDB: Amazon's own DynamoDB Local, one process over an SQLite file, with streams and real TTL deletes.

It checks no credentials and listens on every address; its own main class cannot be told otherwise, hence the
launcher beside this file, which asks for an access key that only the owner of the stack knows.
"""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import ClassVar

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import class_path, compiled, java, launcher_jar
from fraudctl.errors import Failed, NotReady
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.secret import fresh
from fraudctl.servers import HOST, BaseServer, Program
from pipeline.connections.secrets import text_of
from pipeline.settings.reading import Nothing

_LAUNCHER = "DynamoDbOnLoopback"
_LIST_TABLES = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
# any signature will do, but there must be one
_SIGNED = (
    "AWS4-HMAC-SHA256 Credential={key}/20250101/local/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
)


Settings = Nothing
"""it is told nothing but its port and memory"""


def renew(credentials: Path) -> None:
    """Put a new access key in the file's place; its id is looked at, and as secret as the rest."""
    write_atomically(credentials, f"{fresh()}:{fresh()}\n")


class Server(BaseServer):
    """DynamoDB Local."""

    name = "dynamodb"
    title = "DynamoDB Local"
    port_roles: ClassVar[Mapping[str, int]] = {"dynamodb": 18000}
    memory_mb = 256
    jar_use = "dynamodb"
    for_sink = True
    compiles = True
    hint = "its log names the reason; a full disk and too little memory (memory_mb) are the usual ones"

    def install(self) -> None:
        if platform.machine() not in ("x86_64", "AMD64"):
            raise Failed(
                f"DynamoDB Local has no native library for {platform.machine()}",
                hint="leave the sink dynamodb out, or name a reachable one: servers.dynamodb.external",
                code="platform",
            )
        compiled(*self._launcher())

    def prepare(self) -> None:
        make_folder(self.data)
        if self._credentials and not self._credentials.exists():
            renew(self._credentials)

    def rotate(self) -> bool:
        """The key is read with each request."""
        renew(self.paths.secret_file(self.name))
        return False

    def programs(self) -> Sequence[Program]:
        natives = {path.parent for path in self.jar_paths() if path.suffix == ".so"}
        flags = [
            f"-Xmx{self.memory}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.library.path={class_path(sorted(natives))}",
        ]
        places = [launcher_jar(*self._launcher()), *self._jars()]
        # Its classes cannot be kept from one start to the next: one of its jars names its own folder, and
        # sharing is refused for a class path with a folder in it.
        argv = [java(), *flags, "-cp", class_path(places), _LAUNCHER, HOST, str(self._credentials or "")]
        argv += ["-port", str(self.port), "-sharedDb", "-disableTelemetry", "-dbPath", str(self.data)]
        return [Program(self.name, argv)]

    def probe(self) -> None:
        connection = HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("POST", "/", b"{}", self._signed())
            answer = connection.getresponse()
            if answer.status != 200:
                raise NotReady(f"ListTables: HTTP {answer.status}")
        except (OSError, HTTPException) as error:
            raise NotReady(f"no connection: {error}") from error
        finally:
            connection.close()

    @property
    def _credentials(self) -> Path | None:
        """The file with the access key that every request must be signed with."""
        return self.paths.secret_file(self.name) if self.site.is_closed else None

    def _signed(self) -> dict[str, str]:
        """The headers of a question. Raises OSError."""
        key = (text_of(self._credentials) or "probe").partition(":")[0]
        return {**_LIST_TABLES, "Authorization": _SIGNED.format(key=key)}

    @classmethod
    def version(cls) -> str:
        found = (one.coordinates for one in cls.artifacts() if ":DynamoDBLocal:" in one.coordinates)
        return next(found, "").rpartition(":")[2]

    def _launcher(self) -> tuple[Path, tuple[Path, ...], Path, Path]:
        cache = self.site.cache
        source = Path(__file__).with_name(f"{_LAUNCHER}.java")
        return source, self._jars(), artifacts.jars("compiler", cache)[0], cache

    def _jars(self) -> tuple[Path, ...]:
        return tuple(path for path in self.jar_paths() if path.suffix == ".jar")
