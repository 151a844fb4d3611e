"""A Docker that has no container, for what is said and done before, and around, the first of them.

The daemon answers what is asked of it at a socket; the command is a script beside it, which answers for the
Compose plug-in. What either does not know ends the test.
"""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

NEW_ENOUGH = "2.40.3"
_COMMAND = """\
#!/bin/sh
case "$*" in
  "compose version --short") echo '{version}';;
  *" down "*) {down};;
  *) echo "not expected: $*" >&2; exit 1;;
esac
"""


@contextmanager
def docker(
    folder: Path, *, images: Sequence[str] = (), version: str = NEW_ENOUGH, down: str = "exit 0"
) -> Iterator[dict[str, str]]:
    """The variables with which it is found. `down`: what `docker compose down` does, in words of a shell."""
    command, socket = folder / "bin" / "docker", folder / "docker.sock"
    command.parent.mkdir(exist_ok=True)
    command.write_text(_COMMAND.format(version=version, down=down))
    command.chmod(0o755)
    handler = type("Handler", (_Daemon,), {"images": tuple(images)})
    with socketserver.ThreadingUnixStreamServer(str(socket), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield {"PATH": f"{command.parent}:/usr/bin:/bin", "DOCKER_HOST": f"unix://{socket}"}
        finally:
            server.shutdown()
            thread.join()
            socket.unlink()


class _Daemon(BaseHTTPRequestHandler):
    """What the interface of Docker 20.10 answers where there is nothing yet."""

    protocol_version = "HTTP/1.1"
    images: tuple[str, ...] = ()

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        path = "/" + path.removeprefix("/v1.41/").removeprefix("/")
        image = path.removeprefix("/images/").removesuffix("/json")
        answers: dict[str, Any] = {
            "/version": {"ApiVersion": "1.41", "Version": "20.10.24"},
            "/containers/json": [],
            "/volumes": {"Volumes": []},
            **{f"/images/{name}/json": {"Id": f"sha256:{name}"} for name in self.images},
        }
        if path in answers:
            self._say(200, answers[path])
        else:
            self._say(404, {"message": f"No such image: {image}"})

    def _say(self, status: int, answer: Any) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return "a socket"

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""
