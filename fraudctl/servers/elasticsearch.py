"""Elasticsearch 7.17: a real node run from its published jars by the launcher beside this file.

The open-source jars hold no security, no scripts and no index lifecycle management, and the sink uses none of
these. So the launcher asks for a key itself, and opens no port to other nodes: there it could not.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import ClassVar

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import compiled, launcher_jar, server_command, share_classes
from fraudctl.errors import NotReady
from fraudctl.home.private_files import make_folder
from fraudctl.home.secret import renewed
from fraudctl.servers import HOST, BaseServer, Program, generated_password
from pipeline.connections.secrets import text_of
from pipeline.settings.reading import Free

_LAUNCHER = "ElasticsearchNode"


Settings = Free
"""what its elasticsearch.yml may have"""


class Server(BaseServer):
    """Elasticsearch, one node. `memory_mb` is its heap."""

    name = "elasticsearch"
    title = "Elasticsearch"
    port_roles: ClassVar[Mapping[str, int]] = {"http": 19200}
    memory_mb = 512
    jar_use = "elasticsearch"
    for_sink = True
    compiles = True
    hint = "its log names the reason; too small a heap (memory_mb) and a full disk are the usual ones"

    def install(self) -> None:
        compiled(*self._launcher())
        share_classes(self.site.cache)

    def prepare(self) -> None:
        for folder in (self.data / "config", self.data / "tmp"):
            make_folder(folder)
        if self._key:
            generated_password(self._key)

    def rotate(self) -> bool:
        """The key is read with each request."""
        renewed(self.paths.secret_file(self.name))
        return False

    def programs(self) -> Sequence[Program]:
        flags = [
            f"-Xmx{self.memory}m",
            f"-Xms{min(self.memory, 256)}m",
            "-XX:+UseSerialGC",
            "-XX:+ExitOnOutOfMemoryError",
            "-Djava.security.manager=allow",
            f"-Djava.io.tmpdir={self.data / 'tmp'}",
            f"-Djna.tmpdir={self.data / 'tmp'}",  # else `.cache` of whose home it is
            "-Dlog4j2.formatMsgNoLookups=true",
        ]
        places = [launcher_jar(*self._launcher()), *self.jar_paths()]
        argv = [*server_command(self.name, flags, places, self.site.cache, self.keeps_classes), _LAUNCHER]
        argv += [str(self.data), HOST, str(self.site.ports["http"]), str(self._key or "")]
        settings = {**_SETTINGS, **self.site.settings.settings}
        argv += [f"{name}={_text(value)}" for name, value in settings.items()]
        return [Program(self.name, argv, start_s=2)]

    def probe(self) -> None:
        connection = HTTPConnection(HOST, self.port, timeout=2)
        try:
            connection.request("GET", "/_cluster/health", headers=self._shown())
            answer = connection.getresponse()
            if answer.status != 200:
                raise NotReady(f"HTTP {answer.status}")
            health: dict[str, object] = json.load(answer)
        except (OSError, HTTPException, ValueError) as error:
            raise NotReady(f"no connection: {error}") from error
        finally:
            connection.close()
        if health.get("status") not in ("green", "yellow"):
            raise NotReady(f"the cluster is {health.get('status')}")

    @property
    def _key(self) -> Path | None:
        """The file with what every request must show."""
        return self.paths.secret_file(self.name) if self.site.is_closed else None

    def _shown(self) -> dict[str, str]:
        """What shows it."""
        return {"Authorization": f"ApiKey {text_of(self._key)}"} if self._key else {}

    @classmethod
    def version(cls) -> str:
        found = (one.coordinates for one in cls.artifacts() if ":elasticsearch:" in one.coordinates)
        return next(found, "").rpartition(":")[2]

    def _launcher(self) -> tuple[Path, Sequence[Path], Path, Path]:
        """What the launcher is compiled from, with, by and into."""
        cache = self.site.cache
        source = Path(__file__).with_name(f"{_LAUNCHER}.java")
        return source, self.jar_paths(), artifacts.jars("compiler", cache)[0], cache


# A laptop's disk is often fuller than the shares at which a cluster stops writing.
_SETTINGS = {"cluster.routing.allocation.disk.threshold_enabled": False}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
