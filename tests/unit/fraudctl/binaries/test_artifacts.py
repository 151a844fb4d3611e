"""The lock and the downloads, against a repository on this machine."""

from __future__ import annotations

import hashlib
import http.server
from collections.abc import Iterator
from pathlib import Path

import pytest

from fraudctl.binaries import artifacts
from fraudctl.binaries.artifacts import Artifact
from fraudctl.errors import Failed
from tests.threads import serving


class Repository(http.server.ThreadingHTTPServer):
    """A Maven repository that counts requests and fails as often as it is told."""

    files: dict[str, bytes]
    failures: int = 0
    requests: list[str]


class Handler(http.server.BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        if self.server.failures > 0:
            self.server.failures -= 1
            self.send_error(503)
        elif self.path in self.server.files:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(self.server.files[self.path])
        else:
            self.send_error(404)

    def log_message(self, format: str, *args: object) -> None:
        """Tests talk enough."""


@pytest.fixture
def repository() -> Iterator[Repository]:
    with serving(Repository(("127.0.0.1", 0), Handler)) as server:
        server.files, server.requests = {}, []
        yield server


def url(repository: Repository) -> str:
    return f"http://127.0.0.1:{repository.server_address[1]}"


def offer(repository: Repository, name: str, content: bytes, served: bytes | None = None) -> Artifact:
    artifact = Artifact("test", f"org.example:{name}:1.0", hashlib.sha256(content).hexdigest(), len(content))
    repository.files[f"/{artifact.repository_path}"] = content if served is None else served
    return artifact


def test_the_lock_names_every_jar_with_a_checksum() -> None:
    locked = artifacts.lock()
    assert {artifact.use for artifact in locked} >= {"kafka", "connector", "compiler", "dynamodb"}
    assert len({(artifact.use, artifact.coordinates) for artifact in locked}) == len(locked)
    assert all(len(artifact.sha256) == 64 and artifact.size > 0 for artifact in locked)
    assert "org.apache.kafka:kafka_2.13:4.4.0" in {artifact.coordinates for artifact in locked}


def test_a_jar_lies_where_maven_puts_it() -> None:
    artifact = Artifact("x", "org.example.deep:thing:1.2-3", "ab" * 32, 1)
    assert artifact.repository_path == "org/example/deep/thing/1.2-3/thing-1.2-3.jar"
    library = Artifact("x", "org.example:native:so:1.2", "ab" * 32, 1)
    assert library.repository_path == "org/example/native/1.2/native-1.2.so"


def test_jars_are_fetched_once_and_verified(repository: Repository, tmp_path: Path) -> None:
    wanted = [offer(repository, f"lib{number}", bytes([number]) * 1000) for number in range(20)]
    assert artifacts.fetch(wanted, tmp_path, url(repository)) == 20
    assert artifacts.fetch(wanted, tmp_path, url(repository)) == 0
    assert len(repository.requests) == 20
    assert [artifact.cached(tmp_path).read_bytes()[0] for artifact in wanted] == list(range(20))
    assert artifacts.damaged(wanted, tmp_path) == ()


def test_a_jar_that_is_not_the_locked_one_is_refused_and_not_kept(
    repository: Repository, tmp_path: Path
) -> None:
    wanted = offer(repository, "evil", b"good", served=b"evil")
    with pytest.raises(Failed, match="is not the file that was locked"):
        artifacts.fetch([wanted], tmp_path, url(repository))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_server_error_is_tried_again(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(artifacts, "AGAIN_S", 0.01)
    wanted = offer(repository, "lib", b"content")
    repository.failures = 1
    assert artifacts.fetch([wanted], tmp_path, url(repository)) == 1
    assert len(repository.requests) == 2


def test_a_jar_that_is_not_there_is_named_at_once(repository: Repository, tmp_path: Path) -> None:
    wanted = Artifact("x", "org.example:absent:1.0", "ab" * 32, 1)
    with pytest.raises(Failed, match=r"org\.example:absent:1\.0 cannot be downloaded .* HTTP 404") as caught:
        artifacts.fetch([wanted], tmp_path, url(repository))
    assert "FRAUDCTL_MAVEN_URL" in caught.value.hint
    assert len(repository.requests) == 1


def test_a_damaged_jar_is_found(repository: Repository, tmp_path: Path) -> None:
    wanted = offer(repository, "lib", b"content")
    artifacts.fetch([wanted], tmp_path, url(repository))
    wanted.cached(tmp_path).write_bytes(b"CONTENT")
    assert artifacts.damaged([wanted], tmp_path) == (wanted,)


def test_a_jar_that_was_changed_in_the_cache_is_fetched_again_before_it_is_used(
    repository: Repository, tmp_path: Path
) -> None:
    wanted = offer(repository, "lib", b"content")
    artifacts.fetch([wanted], tmp_path, url(repository))
    wanted.cached(tmp_path).write_bytes(b"CONTENT")
    assert artifacts.fetch([wanted], tmp_path, url(repository)) == 1
    assert wanted.cached(tmp_path).read_bytes() == b"content"


def test_a_mirror_and_a_cache_can_be_named(tmp_path: Path) -> None:
    assert (
        artifacts.maven_url({"FRAUDCTL_MAVEN_URL": "https://mirror.example/maven/"})
        == "https://mirror.example/maven"
    )
    assert artifacts.maven_url({}) == artifacts.MAVEN_CENTRAL
    assert artifacts.cache_dir({"FRAUDCTL_CACHE": str(tmp_path)}) == tmp_path
    assert artifacts.cache_dir({"XDG_CACHE_HOME": str(tmp_path)}) == tmp_path / "fraudctl"
