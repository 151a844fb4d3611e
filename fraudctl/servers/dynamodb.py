"""DynamoDB: Amazon's own DynamoDB Local, one process over an SQLite file, with streams and real TTL deletes.

It checks no credentials: whoever reaches the port may do anything, so it listens on the loopback address
only. Its own main class cannot be told that, hence the launcher beside this file.
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
from fraudctl.home.private_files import make_folder
from fraudctl.servers import HOST, BaseServer, Program
from pipeline.settings.reading import Nothing

_LAUNCHER = "DynamoDbOnLoopback"
_LIST_TABLES = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "DynamoDB_20120810.ListTables",
    # any signature will do, but there must be one
    "Authorization": "AWS4-HMAC-SHA256 Credential=probe/20250101/local/dynamodb/aws4_request, "
    "SignedHeaders=host, Signature=0",
}


Settings = Nothing
"""it is told nothing but its port and memory"""


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
        argv = [java(), *flags, "-cp", class_path(places), _LAUNCHER, HOST]
        argv += ["-port", str(self.port), "-sharedDb", "-disableTelemetry", "-dbPath", str(self.data)]
        return [Program(self.name, argv)]

    def probe(self) -> None:
        connection = HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("POST", "/", b"{}", _LIST_TABLES)
            answer = connection.getresponse()
            if answer.status != 200:
                raise NotReady(f"ListTables: HTTP {answer.status}")
        except (OSError, HTTPException) as error:
            raise NotReady(f"no connection: {error}") from error
        finally:
            connection.close()

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
