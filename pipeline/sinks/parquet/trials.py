"""Parquet in benchmarks (see `pipeline.sinks.trials`)."""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.connections.secrets import Secret
from pipeline.sinks.parquet import Settings
from pipeline.sinks.trials import Place


def place(address: str, secret: Secret, settings: Settings, token: str, folder: Path) -> Place:
    """A folder of this machine, also where the files lie in a bucket."""
    return Place(folder.as_uri(), {}, drop=lambda: shutil.rmtree(folder, ignore_errors=True))
