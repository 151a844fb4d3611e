"""Locked jars: download what is missing, verify it, keep it in the user's cache.

`artifacts.lock` names every jar with its Maven coordinates, SHA-256 and size, grouped by what it is for.
A jar is downloaded once per user, from FRAUDCTL_MAVEN_URL (a mirror) or Maven Central.
"""

from __future__ import annotations

import hashlib
import os
import threading
import urllib.error
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from fraudctl.binaries import owned
from fraudctl.console.progress import Progress, progress
from fraudctl.errors import Failed
from pipeline.connections.proxies import open_url

MAVEN_CENTRAL = "https://repo.maven.apache.org/maven2"
DOWNLOADS_AT_ONCE = 8
ATTEMPTS = 3
AGAIN_S = 1.0
"""Before a second attempt; before the third it is twice that."""
ANSWER_SECONDS = 60.0
_CHUNK = 1 << 18


class Coordinates(NamedTuple):
    """How Maven names a file; most have no classifier, which is empty then."""

    group: str
    artifact: str
    version: str
    kind: str
    classifier: str


@dataclass(frozen=True)
class Artifact:
    """One locked jar. `use` groups jars by what needs them; `size` is in bytes.

    `coordinates` are group:artifact:version, with the type before the version where it is no jar, with type
    and classifier where it is a jar of another make.
    """

    use: str
    coordinates: str
    sha256: str
    size: int

    @property
    def file_name(self) -> str:
        at = self.parts
        return f"{at.artifact}-{at.version}{at.classifier and f'-{at.classifier}'}.{at.kind}"

    @property
    def repository_path(self) -> str:
        """The jar's place below the base URL of any Maven repository."""
        at = self.parts
        return f"{at.group.replace('.', '/')}/{at.artifact}/{at.version}/{self.file_name}"

    @property
    def parts(self) -> Coordinates:
        group, artifact, *more, version = self.coordinates.split(":")
        kind, classifier = (*more, "jar", "")[:2] if not more else (*more, "")[:2]
        return Coordinates(group, artifact, version, kind, classifier)

    def cached(self, cache: Path) -> Path:
        """Where the jar lies in a cache folder once it is there."""
        return cache / "jars" / self.sha256[:16] / self.file_name


def cache_dir(environ: Mapping[str, str] = os.environ) -> Path:
    """The user's cache folder: FRAUDCTL_CACHE, else below XDG_CACHE_HOME, else ~/.cache."""
    if named := environ.get("FRAUDCTL_CACHE"):
        return Path(named).expanduser().absolute()
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "fraudctl"


def maven_url(environ: Mapping[str, str] = os.environ) -> str:
    """The base URL jars are fetched from."""
    return (environ.get("FRAUDCTL_MAVEN_URL") or MAVEN_CENTRAL).rstrip("/")


def parse_lock(text: str) -> tuple[Artifact, ...]:
    """The artifacts of a lock file: `use group:artifact:version sha256 bytes` a line, # comments."""
    lines = (line.split() for line in text.splitlines() if line.strip() and not line.startswith("#"))
    return tuple(Artifact(use, name, sha256, int(size)) for use, name, sha256, size in lines)


def lock() -> tuple[Artifact, ...]:
    """The artifacts this version of fraudctl works with."""
    return parse_lock((Path(__file__).parent / "artifacts.lock").read_text(encoding="utf-8"))


def jars(use: str, cache: Path | None = None) -> tuple[Path, ...]:
    """The cached paths of all jars of one use, in lock order; they exist after `fetch`."""
    where = cache or cache_dir()
    return tuple(artifact.cached(where) for artifact in lock() if artifact.use == use)


def missing(wanted: Iterable[Artifact], cache: Path) -> tuple[Artifact, ...]:
    """Those not in the cache with their full size."""
    return tuple(artifact for artifact in wanted if not _is_cached(artifact, cache))


def damaged(wanted: Iterable[Artifact], cache: Path) -> tuple[Artifact, ...]:
    """Those in the cache whose content is not what the lock says (reads every byte)."""
    present = (artifact for artifact in wanted if artifact.cached(cache).is_file())
    return tuple(artifact for artifact in present if _sha256(artifact.cached(cache)) != artifact.sha256)


def fetch(wanted: Iterable[Artifact], cache: Path | None = None, base_url: str | None = None) -> int:
    """Have every wanted jar in the cache, each byte of it as locked; the number downloaded.

    What was changed in the cache since is downloaded again. Raises Failed naming the jar, and leaves no
    partial file under a jar's name; also for a cache of another user.
    """
    where, wanted = cache or cache_dir(), tuple(wanted)
    owned.close(where)
    todo = tuple(dict.fromkeys((*missing(wanted, where), *damaged(wanted, where))))
    if not todo:
        return 0
    size = sum(artifact.size for artifact in todo)
    label = f"downloading {len(todo)} jars, {size / 1e6:.0f} MB"
    with progress(label, size) as bar:
        _Download(where, base_url or maven_url(), bar).all(todo)
    return len(todo)


class _Download:
    """One parallel download with a common progress bar; the first failure stops the rest."""

    def __init__(self, cache: Path, base_url: str, bar: Progress) -> None:
        self.cache, self.base_url, self.bar = cache, base_url, bar
        self.done = 0
        self.lock = threading.Lock()
        self.stopped = threading.Event()

    def all(self, todo: Iterable[Artifact]) -> None:
        with ThreadPoolExecutor(DOWNLOADS_AT_ONCE) as pool:
            try:
                for _ in pool.map(self.one, todo):
                    pass
            except BaseException:
                self.stopped.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def one(self, artifact: Artifact) -> None:
        url = f"{self.base_url}/{artifact.repository_path}"
        for attempt in range(1, ATTEMPTS + 1):
            try:
                self.once(artifact, url)
                return
            except urllib.error.HTTPError as error:
                error.close()
                if error.code < 500 or attempt == ATTEMPTS:
                    raise _cannot_fetch(artifact, url, f"HTTP {error.code}") from error
            except OSError as error:
                if attempt == ATTEMPTS:
                    raise _cannot_fetch(artifact, url, str(error)) from error
            self.stopped.wait(attempt * AGAIN_S)

    def once(self, artifact: Artifact, url: str) -> None:
        target = artifact.cached(self.cache)
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.{os.getpid()}.{threading.get_ident()}")
        counted = 0
        try:
            with open_url(url, ANSWER_SECONDS) as answer, partial.open("wb") as out:
                while chunk := answer.read(_CHUNK):
                    if self.stopped.is_set():
                        return
                    out.write(chunk)
                    counted += len(chunk)
                    self.count(len(chunk))
            _verify(artifact, partial, url)
            partial.replace(target)
        except BaseException:
            self.count(-counted)
            raise
        finally:
            partial.unlink(missing_ok=True)

    def count(self, size: int) -> None:
        with self.lock:
            self.done += size
            self.bar.update(self.done)


def _is_cached(artifact: Artifact, cache: Path) -> bool:
    try:
        return artifact.cached(cache).stat().st_size == artifact.size
    except OSError:
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _verify(artifact: Artifact, path: Path, url: str) -> None:
    found = _sha256(path)
    if found != artifact.sha256:
        raise Failed(
            f"{url} is not the file that was locked: SHA-256 {found}, expected {artifact.sha256}",
            hint="the repository or a proxy on the way altered it; try another FRAUDCTL_MAVEN_URL",
            code="checksum",
        )


def _cannot_fetch(artifact: Artifact, url: str, why: str) -> Failed:
    return Failed(
        f"{artifact.coordinates} cannot be downloaded from {url}: {why}",
        hint="check the network, or set FRAUDCTL_MAVEN_URL to the base URL of a Maven mirror",
        code="download",
    )
