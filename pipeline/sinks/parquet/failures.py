"""What goes wrong with a store or a file, as every sink says it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline import sinks
from pipeline.sinks.parquet.blobs import StoreDown
from pipeline.sinks.parquet.files import Damaged


@contextmanager
def translated() -> Iterator[None]:
    """Raises `sinks.Damaged` and `sinks.Unavailable` for what the store and its files raise."""
    try:
        yield
    except Damaged as error:
        raise sinks.Damaged(str(error)) from error
    except StoreDown as error:
        raise sinks.Unavailable(str(error), error.trouble) from error
