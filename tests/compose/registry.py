"""A registry of images on this machine that has one of them, to be pulled from as from any other."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.compose.conftest import docker
from tests.threads import serving

_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
_CONFIG = "application/vnd.docker.container.image.v1+json"
_LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"


@dataclass(frozen=True)
class Blob:
    """What is asked for by its digest."""

    kind: str
    content: bytes

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    def described(self) -> dict[str, str | int]:
        """As a manifest names it."""
        return {"mediaType": self.kind, "size": len(self.content), "digest": self.digest}


@dataclass
class Registry:
    """Where it listens, the digest of its image, and what it was asked for."""

    host: str
    digest: str
    asked: list[str] = field(default_factory=list)


@contextmanager
def registry(image: str, folder: Path) -> Iterator[Registry]:
    """One that has this image of Docker's, whatever it is called there."""
    manifest, *others = _blobs(image, folder / "image.tar")
    made = Registry("", manifest.digest)
    server = ThreadingHTTPServer(
        ("127.0.0.1", 0), _handler({one.digest: one for one in (manifest, *others)}, made)
    )
    made.host = f"127.0.0.1:{server.server_port}"
    with serving(server):
        yield made


def _blobs(image: str, saved: Path) -> list[Blob]:
    """The manifest, then all that it names."""
    docker("save", "--output", str(saved), image)
    with tarfile.open(saved) as files:
        [told] = json.loads(_content(files, "manifest.json"))
        config = Blob(_CONFIG, _content(files, told["Config"]))
        layers = [Blob(_LAYER, _content(files, name)) for name in told["Layers"]]
    saved.unlink()
    document = {
        "schemaVersion": 2,
        "mediaType": _MANIFEST,
        "config": config.described(),
        "layers": [one.described() for one in layers],
    }
    return [Blob(_MANIFEST, json.dumps(document).encode()), config, *layers]


def _content(files: tarfile.TarFile, name: str) -> bytes:
    found = files.extractfile(name)
    assert found is not None, name
    return found.read()


def _handler(blobs: Mapping[str, Blob], made: Registry) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            found = blobs.get(self.path.rpartition("/")[2])
            made.asked.append(self.path)
            if found is None:
                self._answer(200 if self.path == "/v2/" else 404, Blob("application/json", b"{}"))
            else:
                self._answer(200, found)

        do_HEAD = do_GET

        def _answer(self, status: int, blob: Blob) -> None:
            self.send_response(status)
            self.send_header("Content-Type", blob.kind)
            self.send_header("Content-Length", str(len(blob.content)))
            self.send_header("Docker-Content-Digest", blob.digest)
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(blob.content)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
