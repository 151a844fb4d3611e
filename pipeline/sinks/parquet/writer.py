"""The writer of Parquet files. What it promises, and how, stands in `pipeline.sinks.parquet`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from operator import attrgetter

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.records.clock import DAY_MS
from pipeline.records.decision_bytes import Parts
from pipeline.records.decision_record import Delivery, Identity
from pipeline.sinks import Entry, Held, Outcome
from pipeline.sinks.ageing import Dropped
from pipeline.sinks.erasing import erase_events
from pipeline.sinks.parquet import blobs
from pipeline.sinks.parquet import files as parquet_files
from pipeline.sinks.parquet import table as decision_table
from pipeline.sinks.parquet.ageing import day_end_ms, drop_days
from pipeline.sinks.parquet.blobs import Changed, Store, StoreDown
from pipeline.sinks.parquet.columns import SCHEMA_VERSION
from pipeline.sinks.parquet.failures import translated
from pipeline.sinks.parquet.files import Cell, Damaged
from pipeline.sinks.parquet.readback import COMPARED, entries_of, expected_of
from pipeline.sinks.parquet.rows import rows_of

_WRITERS = 4
_ATTEMPTS = 5
_READ_ROWS = 5_000


class ParquetSink:
    """See the package."""

    flagged_only = False
    fields: tuple[str, ...] = COMPARED

    def __init__(self, store: Store, retention_ms: int | None = None) -> None:
        self._store = store
        self._retention_ms = retention_ms
        self._open: dict[str, _OpenFile] = {}
        self._pool: ThreadPoolExecutor | None = None

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        decided, deliveries, refused = rows_of(sorted(batch, key=attrgetter("partition")))
        outcome = Outcome(refused=refused)
        try:
            pool = self._writers()
            files = _by_file(decided, deliveries)
            futures = [pool.submit(self._write_file, name, rows) for name, rows in files.items()]
            wait(futures)  # none may still be writing when the batch is given back
            for future in futures:
                outcome += future.result()
        except (StoreDown, Damaged):
            self._open.clear()  # what they believe may not be what is stored
            with translated():
                raise
        except BaseException:
            self._open.clear()
            raise
        self._close_cells(batch)
        return outcome

    def held(self, user_id: str, event_id: str) -> Held | None:
        entry = self.look_up([(user_id, event_id)]).get((user_id, event_id))
        if entry is None:
            return None
        fields = dict(zip(COMPARED, entry.fields, strict=True))
        rules = tuple(str(hit["rule"]) for hit in orjson.loads(fields["reasons"] or "[]"))
        return Held(entry.position, int(fields["score"] or 0), str(fields["decision"]), rules)

    def close(self) -> None:
        self._open.clear()
        if self._pool is not None:
            self._pool.shutdown()
            self._pool = None

    def expected(self, delivery: Delivery, parts: Parts) -> Entry:
        entry = expected_of(decision_table.read(delivery), str(parts.transaction["amount"]))
        if self._retention_ms is None:
            return entry
        return entry._replace(expires_ms=day_end_ms(parts.transaction["event_time"]) + self._retention_ms)

    def expire(self, now_ms: int) -> Dropped:
        if self._retention_ms is None:
            return Dropped()
        with translated():
            names = drop_days(self._store, now_ms - self._retention_ms)
        for name in names:
            self._open.pop(name, None)
        return Dropped(len(names))

    def entries(self) -> Iterator[Entry]:
        """Also what lies in several files for one event."""
        for name in self._names():
            blob = self._read(name)
            if blob is None:
                continue
            with translated():
                for rows in parquet_files.batches(name, blob.data, _READ_ROWS):
                    yield from entries_of(rows)

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        found: dict[Identity, Entry] = {}
        for entry in self._entries_of(identities):
            other = found.get(entry.identity)
            if other is None or entry.position > other.position:
                found[entry.identity] = entry
        return found

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        upto: dict[Identity, int] = {}
        for identity, position in doomed:
            upto[identity] = max(position, upto.get(identity, -1))
        self._open.clear()
        with translated():
            for name in self._names():
                self._forget_in(name, upto)

    def of_user(self, user_id: str) -> Iterator[Identity]:
        for name in self._names():
            blob = self._read(name)
            if blob is None:
                continue
            with translated():
                ids = parquet_files.decode(name, blob.data, ["user_id", "event_id"])
            found = ids.filter(pc.equal(ids["user_id"], user_id))
            yield from ((user_id, event_id or "") for event_id in found["event_id"].to_pylist())

    def erase(self, user_id: str) -> int:
        return erase_events(self, user_id)

    def _write_file(self, name: str, rows: pa.Table) -> Outcome:
        """Add the rows to one file. Raises StoreDown, Damaged."""
        for _ in range(_ATTEMPTS):
            file = self._open.get(name) or self._load(name)
            outcome = file.add(rows)
            try:
                if outcome.written:
                    file.publish(self._store)
            except Changed:
                self._open.pop(name, None)
                continue
            self._open[name] = file
            return outcome
        raise StoreDown(f"{name} is being changed by another writer again and again")

    def _load(self, name: str) -> _OpenFile:
        blob = self._store.read(name)
        if blob is None:
            return _OpenFile(name)
        return _OpenFile(name, blob.tag, parquet_files.decode(name, blob.data))

    def _close_cells(self, batch: Sequence[Delivery]) -> None:
        """Keep in memory only the cell that each partition is in."""
        last = {one.partition: one.offset for one in batch}
        current = {partition: parquet_files.cell_of(partition, offset) for partition, offset in last.items()}
        for name in list(self._open):
            cell = _cell(name)
            if current.get(cell.partition, cell) != cell:
                del self._open[name]

    def _writers(self) -> ThreadPoolExecutor:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_WRITERS, thread_name_prefix="parquet")
        return self._pool

    def _names(self) -> list[str]:
        with translated():
            return sorted(self._store.names())

    def _read(self, name: str) -> blobs.Blob | None:
        with translated():
            return self._store.read(name)

    def _entries_of(self, identities: Sequence[Identity]) -> Iterator[Entry]:
        """What every file has for these events."""
        wanted = set(identities)
        event_ids = pa.array([event_id for _, event_id in identities], pa.string())
        for name in self._names():
            blob = self._read(name)
            if blob is None:
                continue
            with translated():
                ids = parquet_files.decode(name, blob.data, ["user_id", "event_id"])
                if not pc.any(pc.is_in(ids["event_id"], event_ids)).as_py():
                    continue
                table = parquet_files.decode(name, blob.data)
            rows = table.filter(pc.is_in(table["event_id"], event_ids))
            yield from (entry for entry in entries_of(rows) if entry.identity in wanted)

    def _forget_in(self, name: str, upto: Mapping[Identity, int]) -> None:
        event_ids = pa.array([event_id for _, event_id in upto], pa.string())
        for _ in range(_ATTEMPTS):
            blob = self._store.read(name)
            if blob is None:
                return
            table = parquet_files.decode(name, blob.data)
            if not pc.any(pc.is_in(table["event_id"], event_ids)).as_py():
                return
            columns = [table[column].to_pylist() for column in ("user_id", "event_id", "position")]
            kept = [
                (position if position is not None else -1) > upto.get((user_id, event_id), -2)
                for user_id, event_id, position in zip(*columns, strict=True)
            ]
            try:
                self._keep(name, blob.tag, table, kept)
            except Changed:
                continue
            return
        raise StoreDown(f"{name} is being changed by another writer again and again")

    def _keep(self, name: str, tag: str, table: pa.Table, kept: list[bool]) -> None:
        if not any(kept):
            self._store.remove(name, tag)
        elif not all(kept):
            rest = table.filter(pa.array(kept))
            self._store.write(name, parquet_files.encode(rest), tag)


class _OpenFile:
    """The rows of one file as far as this writer knows, and the version it was read or published as."""

    def __init__(self, name: str, tag: str | None = None, table: pa.Table | None = None) -> None:
        self._name = name
        self._tag = tag
        self._tables = [] if table is None else [table]
        self._positions: dict[Identity, int] = {}
        self._folded = True
        if table is not None:
            newest = table["schema_version"].to_pylist()
            if max((version or 0 for version in newest), default=0) > SCHEMA_VERSION:
                raise Damaged(f"{name} is of a schema newer than {SCHEMA_VERSION}")
            self._positions.update(_positions(table))
        self._last = max(self._positions.values(), default=-1)

    def add(self, rows: pa.Table) -> Outcome:
        """Take what is newer than what the file has; not yet published. Written are those that stay."""
        found = list(_positions(rows))
        newest: dict[Identity, int] = {}
        for index, (identity, position) in enumerate(found):
            other = newest.get(identity)
            known = self._positions.get(identity, -1) if other is None else found[other][1]
            if position > known:
                newest[identity] = index
        for identity, index in newest.items():
            position = found[index][1]
            if position <= self._last or identity in self._positions:
                self._folded = False  # it replaces a row, or belongs before one
            self._last = max(self._last, position)
            self._positions[identity] = position
        if newest:
            self._tables.append(rows.take(list(newest.values())) if len(newest) < len(rows) else rows)
        return Outcome(len(newest), len(rows) - len(newest))

    def publish(self, store: Store) -> None:
        """Raises StoreDown, and Changed when the file is not what it was made from."""
        whole = decision_table.unite(self._tables)
        if not self._folded:
            whole = decision_table.fold(whole)
        self._tag = store.write(self._name, parquet_files.encode(whole), self._tag)
        self._tables, self._folded = [whole], True


def _positions(rows: pa.Table) -> Iterator[tuple[Identity, int]]:
    """Of each row its event and its position, -1 for one without."""
    columns = rows["user_id"], rows["event_id"], rows["position"].fill_null(-1)
    users, events, positions = (column.to_numpy(zero_copy_only=False).tolist() for column in columns)
    return zip(zip(users, events, strict=True), positions, strict=True)


def _by_file(decided: pa.Table, deliveries: Sequence[Delivery]) -> dict[str, pa.Table]:
    """Of each file the rows that belong into it, in order."""
    days = (decided["event_time"].cast(pa.int64()).to_numpy() // DAY_MS).tolist()
    found: dict[tuple[int, int, int], list[int]] = {}
    for index, (delivery, day) in enumerate(zip(deliveries, days, strict=True)):
        found.setdefault((delivery.partition, delivery.offset // parquet_files.CELL, day), []).append(index)
    files = {}
    for (partition, cell, day), indices in found.items():
        at = parquet_files.cell_of(partition, cell * parquet_files.CELL)
        first, rows = indices[0], len(indices)
        is_one_piece = indices[-1] - first == rows - 1
        part = decided.slice(first, rows) if is_one_piece else decided.take(indices)
        files[parquet_files.cell_name(at, str(np.datetime64(day, "D")))] = part
    return files


def _cell(name: str) -> Cell:
    parsed = parquet_files.parse_name(name)
    assert parsed is not None
    assert parsed.cell is not None
    return parsed.cell
