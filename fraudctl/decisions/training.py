"""The training store from the user's side: small files made few, and labels joined to decisions.

How either is done, and why it may be stopped at any moment, stands with the store: `pipeline.sinks.parquet`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from fraudctl.errors import Failed, UsageError
from fraudctl.home.stack import Stack
from fraudctl.kafka import admin
from pipeline.records.decision_record import Identity
from pipeline.records.label import Label
from pipeline.records.names import writer_group
from pipeline.sinks import Damaged, Unavailable
from pipeline.sinks.parquet import blobs, compaction, reader
from pipeline.sinks.parquet.blobs import Store
from pipeline.sinks.parquet.compaction import Compaction, Tell
from pipeline.sinks.parquet.reader import Selection as Selection
from pipeline.sinks.parquet.reader import TrainingSet

SINK = "parquet"
TARGET_ROWS = 500_000


def store_of(stack: Stack) -> Store:
    """The store that the stack's Parquet sink writes to; UsageError when it has no such sink."""
    if SINK not in stack.profile.sinks:
        raise UsageError(
            "this stack has no parquet sink",
            hint="add `parquet: {}` to the sinks of its profile, or run: fraudctl up --profile all-sinks",
            code="no_sink",
        )
    try:
        secret, settings = stack.secret_path(SINK), stack.profile.sinks[SINK]
        return blobs.connect(stack.sink_address("parquet"), secret, settings)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"the parquet sink's settings: {error}", hint="see them: fraudctl sinks list"
        ) from error


def committed(stack: Stack) -> dict[int, int]:
    """Per partition the offset up to which the sink has stored everything."""
    return admin.committed(stack.kafka, writer_group(SINK), stack.profile.topics.decisions)


def compact(
    store: Store, done: Mapping[int, int], target_rows: int = TARGET_ROWS, tell: Tell = lambda *_: None
) -> Compaction:
    """Make few files of the small ones of each event date; `done` is what `committed` gives.

    Raises Failed when the store cannot be used or a file cannot be read.
    """
    with _explained():
        return compaction.compact(store, done, target_rows, tell)


def training_set(
    store: Store,
    labelled: Mapping[Identity, Label],
    out: Path,
    wanted: Selection | None = None,
    tell: Tell = lambda *_: None,
) -> TrainingSet:
    """Write each event's newest decision with its label to one file (see `parquet.reader.training_set`).

    Raises Failed when the store cannot be used or a file cannot be read.
    """
    with _explained():
        return reader.training_set(store, labelled, out, wanted or Selection(), tell)


@contextmanager
def _explained() -> Iterator[None]:
    """Turns what a store may raise into Failed with a remedy."""
    try:
        yield
    except Damaged as error:
        hint = "remove the file, then run: fraudctl verify sinks --sink parquet --repair"
        raise Failed(str(error), hint=hint, code="damaged_file") from error
    except (Unavailable, OSError) as error:
        hint = "see: fraudctl sinks status"
        raise Failed(f"the training store: {error}", hint=hint, code="store_down") from error
