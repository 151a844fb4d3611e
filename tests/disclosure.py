"""Where a secret may show: what lies in the files of a home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

MOST_BYTES = 50_000_000


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder that is not larger, with its bytes; one that goes meanwhile is left out."""
    for place, _, names in os.walk(folder):
        for path in (Path(place, name) for name in names):
            with suppress(FileNotFoundError):
                if path.is_file() and path.stat().st_size < MOST_BYTES:
                    yield path, path.read_bytes()
