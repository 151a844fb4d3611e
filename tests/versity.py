"""An S3 server that refuses wrong keys: Versity's gateway over a folder, built of its Go module once."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fraudctl.binaries import artifacts
from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.states.place import PlaceDown
from fraudctl.states.places import objects
from tests.ports import free_port
from tests.waiting import await_that

VERSION = "v1.8.0"
_MODULE = f"github.com/versity/versitygw/cmd/versitygw@{VERSION}"


@dataclass
class Gateway:
    """Where it answers, with the keys that it takes."""

    url: str
    keys: str
    process: subprocess.Popen[bytes]


@contextmanager
def gateway(folder: Path, bucket: str, keys: Path, host: str = "127.0.0.1") -> Iterator[Gateway]:
    """One with a bucket, whose keys (ID:SECRET) it takes from that file."""
    (folder / "data" / bucket).mkdir(parents=True)
    given, port = keys.read_text().strip(), free_port()
    known, secret = given.split(":")
    argv = [str(binary()), "--port", f"{host}:{port}", "posix", str(folder / "data")]
    env = {**os.environ, "ROOT_ACCESS_KEY": known, "ROOT_SECRET_KEY": secret}
    with (folder / "gateway.log").open("wb") as log:
        process = subprocess.Popen(argv, env=env, stdout=log, stderr=log, cwd=folder)
    try:
        made = Gateway(f"http://{host}:{port}", given, process)
        place = Checkpoints(f"s3://{bucket}", made.url, path_style=True, credentials_file=keys)
        await_that(lambda: _answers(place), "the gateway answers")
        yield made
    finally:
        process.terminate()
        process.wait(30)


def binary() -> Path:
    """The program: on the PATH, or built once (four minutes of processor time) into the cache."""
    if found := shutil.which("versitygw"):
        return Path(found)
    place = artifacts.cache_dir() / "versitygw" / VERSION
    if not (place / "versitygw").is_file():
        go = shutil.which("go") or "/usr/local/go/bin/go"
        env = {**os.environ, "GOBIN": str(place), "CGO_ENABLED": "0"}
        subprocess.run([go, "install", "-trimpath", _MODULE], env=env, check=True, timeout=1_800)
    return place / "versitygw"


def _answers(place: Checkpoints) -> bool:
    try:
        return list(objects(place).listed()) == []
    except PlaceDown:
        return False
