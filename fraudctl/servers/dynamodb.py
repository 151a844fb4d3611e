"""DynamoDB: moto's server (Apache 2.0), or Amazon's own DynamoDB Local for who accepts its vendor's terms.

Both have streams and real TTL deletes, and keep their data. They check no signatures, so they ask for an
access key that only the owner of the stack knows, and listen on one address only: the loopback one, but in a
container. The main class of DynamoDB Local cannot be told that, hence the launcher beside this file;
`_moto.py` beside it says what moto needs to be a server.
"""

from __future__ import annotations

import importlib.metadata
import platform
import sys
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Annotated, ClassVar

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import NO_COUNTERS, class_path, compiled, java, launcher_jar
from fraudctl.console.streams import say
from fraudctl.errors import Failed, NotReady
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.secret import fresh
from fraudctl.servers import HOST, BaseServer, Program
from fraudctl.settings.profile import ServerSettings
from pipeline.connections.secrets import text_of
from pipeline.settings.kinds import Choice, Truth
from pipeline.settings.reading import make, settings

MOTO, LOCAL = "moto", "dynamodb-local"

_KEPT: Mapping[str, str] = {MOTO: MOTO, LOCAL: "shared-local-instance.db"}
"""where each keeps its tables, in the folder of its data"""
_LAUNCHER = "DynamoDbOnLoopback"
_LIST_TABLES = {"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "DynamoDB_20120810.ListTables"}
# any signature will do, but there must be one
_SIGNED = "AWS4-HMAC-SHA256 Credential={key}/20250101/us-east-1/dynamodb/aws4_request, Signature=0"


@settings()
class Settings:
    """What DynamoDB can be told."""

    implementation: Annotated[str, Choice((MOTO, LOCAL))] = MOTO
    """what stands for DynamoDB on this machine"""
    accept_terms: Annotated[bool, Truth()] = False
    """whether the terms of DynamoDB Local's vendor are accepted, without which it is not fetched"""

    def __post_init__(self) -> None:
        if self.implementation == LOCAL and not self.accept_terms:
            raise ValueError(
                "DynamoDB Local is under the terms of its vendor (the DynamoDB Local License Agreement): "
                "read them, then say accept_terms: true"
            )


def told(settings: ServerSettings) -> Settings:
    """What a profile tells it. ProfileError."""
    return make(Settings, settings.settings, "servers.dynamodb.settings")


def renew(credentials: Path) -> None:
    """Put a new access key in the file's place; its id is looked at, and as secret as the rest."""
    write_atomically(credentials, f"{fresh()}:{fresh()}\n")


class Server(BaseServer):
    """moto's DynamoDB, or DynamoDB Local."""

    name = "dynamodb"
    title = "DynamoDB"
    port_roles: ClassVar[Mapping[str, int]] = {"dynamodb": 18000}
    memory_mb = 256
    for_sink = True
    hint = "its log names the reason; a full disk and too little memory (memory_mb) are the usual ones"

    @property
    def is_local(self) -> bool:
        """Whether it is DynamoDB Local."""
        return told(self.site.settings).implementation == LOCAL

    def uses(self) -> frozenset[str]:
        return frozenset({"dynamodb", "compiler"}) if self.is_local else frozenset()

    def install(self) -> None:
        if not self.is_local:
            return
        if platform.machine() not in ("x86_64", "AMD64"):
            raise Failed(
                f"DynamoDB Local has no native library for {platform.machine()}",
                hint="leave the sink dynamodb out, or name a reachable one: servers.dynamodb.external",
                code="platform",
            )
        compiled(*self._launcher())

    def prepare(self) -> None:
        make_folder(self.data)
        self._tell_what_is_left_behind()
        if self._credentials and not self._credentials.exists():
            renew(self._credentials)

    def _tell_what_is_left_behind(self) -> None:
        """The alerts of the other implementation, which the one that is to start cannot read. Once: by the
        next start it has tables of its own."""
        name = told(self.site.settings).implementation
        other = LOCAL if name == MOTO else MOTO
        if (self.data / _KEPT[other]).exists() and not (self.data / _KEPT[name]).exists():
            say(
                f"DynamoDB is {name} now, which does not read the alerts that {other} has kept here:"
                " fraudctl verify sinks --repair writes them again from the log"
            )

    def rotate(self) -> bool:
        """The key is read with each request."""
        renew(self.paths.secret_file(self.name))
        return False

    def programs(self) -> Sequence[Program]:
        return [Program(self.name, self._local() if self.is_local else self._moto())]

    def _moto(self) -> list[str]:
        return moto(self.site.host, self.port, self.data, self._credentials)

    def _local(self) -> list[str]:
        natives = {path.parent for path in self._files() if path.suffix == ".so"}
        flags = [
            NO_COUNTERS,
            f"-Xmx{self.memory}m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-XX:+ExitOnOutOfMemoryError",
            f"-Djava.library.path={class_path(sorted(natives))}",
        ]
        places = [launcher_jar(*self._launcher()), *self._jars()]
        # Its classes cannot be kept from one start to the next: one of its jars names its own folder, and
        # sharing is refused for a class path with a folder in it.
        known = str(self._credentials or "")
        argv = [java(), *flags, "-cp", class_path(places), _LAUNCHER, self.site.host, known]
        return [*argv, "-port", str(self.port), "-sharedDb", "-disableTelemetry", "-dbPath", str(self.data)]

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
        return f"moto {importlib.metadata.version('moto')}"

    def _launcher(self) -> tuple[Path, tuple[Path, ...], Path, Path]:
        cache = self.site.cache
        source = Path(__file__).with_name(f"{_LAUNCHER}.java")
        return source, self._jars(), artifacts.jars("compiler", cache)[0], cache

    def _jars(self) -> tuple[Path, ...]:
        return tuple(path for path in self._files() if path.suffix == ".jar")

    def _files(self) -> tuple[Path, ...]:
        return artifacts.jars("dynamodb", self.site.cache)


def moto(host: str, port: int, data: Path, credentials: Path | None) -> list[str]:
    """The command that is moto's DynamoDB, its data in that folder; without credentials it is everybody's."""
    return [
        sys.executable,
        *("-W", "ignore", "-m", "fraudctl.servers._moto"),
        *("--host", host, "--port", str(port), "--data", str(data / _KEPT[MOTO])),
        *(("--credentials", str(credentials)) if credentials else ()),
    ]
