"""The kernel as a process of its own that computes features of past data; `Backtest.java` has what is said.

It takes at most so much memory, whatever comes: what does not fit lies in a folder that goes with it.
"""

from __future__ import annotations

import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Generator, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import IO, Any

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import server_command, share_classes
from fraudctl.compare.backtest_rows import Payment
from fraudctl.compare.computed import COPY, Computed, refused
from fraudctl.errors import Failed
from fraudctl.servers.flink import build_kernel, has_kernel, pyflink_folder
from pipeline.rules.plan import Plan

_HEAP_MB = 768
_BATCH = 1_024
_BATCHES_AHEAD = 4
_MAIN = "fraudctl.kernel.Backtest"
_LAST_WORDS = 2_000
_FLAGS = (f"-Xmx{_HEAP_MB}m", "-Xmn192m", "-XX:+UseSerialGC")


def kernel_command() -> list[str]:
    """The command line of the kernel; it is built and what it needs is fetched where that has not been done.

    Raises FraudctlError when it cannot be had.
    """
    cache = artifacts.cache_dir()
    if not has_kernel(cache):
        artifacts.fetch([one for one in artifacts.lock() if one.use in ("compiler", "connector")], cache)
    jars = [build_kernel(cache), *pyflink_folder().glob("lib/flink-dist-*.jar")]
    share_classes(cache)
    return [*server_command("backtest", _FLAGS, jars, cache), _MAIN]


def by_kernel(command: list[str], plan: Plan, payments: Iterator[Payment]) -> Generator[Computed, None, None]:
    """What the kernel makes of payments, which come in the order of their times.

    Raises Failed when it ends before its time, and when it refuses a payment.
    """
    with tempfile.TemporaryDirectory(prefix="fraudctl-") as folder:
        kernel = _Kernel(command, Path(folder))
        feeder = _Feeder(kernel, plan, payments)
        try:
            yield from feeder.answered()
        finally:
            kernel.end()
            feeder.join()
            kernel.close()


class _Kernel:
    """The process: batches in, answers out."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._errors = folder / "stderr"
        places = [command[0], f"-Djava.io.tmpdir={folder}", *command[1:], str(folder)]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                places, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=1 << 16
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout

    def tell(self, plan: Plan) -> None:
        """Must come first."""
        document = json.dumps(plan.as_document()).encode()
        self._in.write(_number(len(document)) + document)

    def send(self, batch: list[Payment]) -> None:
        """BrokenPipeError when it has ended."""
        parts = [_number(len(batch))]
        for payment in batch:
            parts += (_number(len(payment.value)), payment.value)
        self._in.write(b"".join(parts))
        self._in.flush()

    def finish(self) -> None:
        """Nothing more comes."""
        self._in.write(_number(0))
        self._in.flush()

    def answer(self, batch: list[Payment], sent_before: int) -> tuple[bytes, list[list[Any]]]:
        """The marks of a batch, and the values of those that are no copies."""
        count = self._int()
        if count < 0:
            raise refused(batch[-1 - count - sent_before], self._read(self._int()).decode())
        marks = self._read(count)
        return marks, json.loads(self._read(self._int()))

    def end(self) -> None:
        """At once, whatever it does."""
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Behind the end, once nobody sends any more."""
        self._out.close()
        with suppress(BrokenPipeError):
            self._in.close()

    def _int(self) -> int:
        return int.from_bytes(self._read(4), "big", signed=True)

    def _read(self, size: int) -> bytes:
        found = self._out.read(size)
        if len(found) < size:
            self._process.wait()
            said = self._errors.read_text(errors="replace").strip()[-_LAST_WORDS:]
            hint = "free memory or disk, or use --engine reference"
            raise Failed(f"the kernel ended before its time:\n{said}", hint=hint, code="kernel")
        return found


class _Feeder:
    """Sends payments on a thread of its own, a few batches ahead of the answers."""

    def __init__(self, kernel: _Kernel, plan: Plan, payments: Iterator[Payment]) -> None:
        self._kernel, self._plan, self._payments = kernel, plan, payments
        self._sent: queue.Queue[list[Payment] | BaseException | None] = queue.Queue(_BATCHES_AHEAD)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def answered(self) -> Iterator[Computed]:
        """Every payment with its answer."""
        before = 0
        while (batch := self._sent.get()) is not None:
            if isinstance(batch, BaseException):
                raise batch
            marks, rows = self._kernel.answer(batch, before)
            before += len(batch)
            values = iter(rows)
            for payment, mark in zip(batch, marks, strict=True):
                yield payment, mark, () if mark & COPY else next(values)

    def join(self) -> None:
        """Wait for the thread, which ends soon once the kernel has."""
        while self._thread.is_alive():
            while not self._sent.empty():
                self._sent.get()
            self._thread.join(0.05)

    def _run(self) -> None:
        try:
            self._kernel.tell(self._plan)
            while batch := list(islice(self._payments, _BATCH)):
                self._sent.put(batch)
                self._kernel.send(batch)
            self._kernel.finish()
        except BrokenPipeError:
            pass  # whoever waits for the answer finds that there is none, and why
        except BaseException as error:  # it is raised where the answers are taken
            self._sent.put(error)
            return
        self._sent.put(None)


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
