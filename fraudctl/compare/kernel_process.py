"""The kernel as a process of its own beside a backtest; `Backtest.java` has what is said.

It takes at most so much memory, whatever comes: what does not fit lies in a folder that goes with it.
"""

from __future__ import annotations

import json
import queue
import subprocess
import tempfile
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Generic, TypeVar

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import server_command, share_classes
from fraudctl.errors import Failed
from fraudctl.servers.flink import build_kernel, has_kernel, pyflink_folder
from pipeline.rules.plan import Plan

_HEAP_MB = 192
_AHEAD = 4
"""Pieces that are sent before the first of them is answered."""
_KEEPING_S = 30.0
"""How long it may write down what it has read of its classes, which the first run after a build does."""
_MAIN = "fraudctl.kernel.Backtest"
_LAST_WORDS = 2_000
_MANY_ROWS = 500_000
"""From about here on code that is compiled again, better, saves more than compiling it takes."""
_FLAGS = (f"-Xmx{_HEAP_MB}m", "-Xmn32m", "-XX:+UseSerialGC")

_T = TypeVar("_T")


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


def for_rows(command: list[str], rows: int) -> list[str]:
    """The same for about so many rows: without the second compiler where they are fewer than it is worth."""
    return command if rows >= _MANY_ROWS else [*command[:-1], "-XX:TieredStopAtLevel=1", command[-1]]


@contextmanager
def started(command: list[str], plan: Plan, kinds: Mapping[str, str]) -> Iterator[Kernel]:
    """The kernel for a plan, and the kinds that fields are declared to have; it ends with the block."""
    with tempfile.TemporaryDirectory(prefix="fraudctl-") as folder:
        kernel = Kernel(command, Path(folder))
        kernel.say(framed(json.dumps(plan.as_document()).encode()) + framed(json.dumps(dict(kinds)).encode()))
        try:
            yield kernel
        finally:
            kernel.close()


class Kernel:
    """The process: bytes in, answers out."""

    def __init__(self, command: list[str], folder: Path) -> None:
        self._errors = folder / "stderr"
        self._said = b""
        self._is_through = False
        self._feeder: _Feeder[Any] | None = None
        places = [command[0], f"-Djava.io.tmpdir={folder}", *command[1:], str(folder)]
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                places, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, bufsize=1 << 16
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[bytes] = self._process.stdin
        self._out: IO[bytes] = self._process.stdout

    def say(self, told: bytes) -> None:
        """It gets this before what is written next."""
        self._said += told

    def fed(
        self, pieces: Iterator[_T], form: Callable[[_T], bytes], last: bytes = b""
    ) -> Generator[_T, None, None]:
        """Each piece once it is sent, in its form; some are sent before the first is asked for.

        Whoever takes them reads the answer of each. Who does not take all of them ends the kernel, and so
        does `last`, where it is what the kernel ends at.
        """
        self._feeder = feeder = _Feeder(self, pieces, form, last)
        took_all = False
        try:
            yield from feeder.sent()
            took_all = True
            self._is_through = bool(last)
        finally:
            if not took_all:
                self._end()
            feeder.join()

    def write(self, told: bytes) -> None:
        """BrokenPipeError when it has ended."""
        said, self._said = self._said, b""
        self._in.write(said + told)
        self._in.flush()

    def number(self) -> int:
        """The next four bytes of its answer."""
        return int.from_bytes(self.read(4), "big", signed=True)

    def framed(self) -> bytes:
        """The next bytes of its answer, whose number comes before them."""
        return self.read(self.number())

    def read(self, size: int) -> bytes:
        """The next bytes of its answer. Failed when it has ended."""
        found = self._out.read(size)
        if len(found) < size:
            self._process.wait()
            said = self._errors.read_text(errors="replace").strip()[-_LAST_WORDS:]
            hint = "free memory or disk, or use --engine reference"
            raise Failed(f"the kernel ended before its time:\n{said}", hint=hint, code="kernel")
        return found

    def close(self) -> None:
        """It ends at once, whatever it does; one that has done all has a moment to keep its classes."""
        if self._is_through:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_KEEPING_S)
        self._end()
        if self._feeder is not None:
            self._feeder.join()
        self._out.close()
        with suppress(BrokenPipeError):
            self._in.close()

    def _end(self) -> None:
        self._process.kill()
        self._process.wait()


class _Feeder(Generic[_T]):
    """Sends pieces on a thread of its own, a few ahead of the answers."""

    def __init__(
        self, kernel: Kernel, pieces: Iterator[_T], form: Callable[[_T], bytes], last: bytes
    ) -> None:
        self._kernel, self._pieces, self._form, self._last = kernel, pieces, form, last
        self._sent: queue.Queue[tuple[_T] | BaseException | None] = queue.Queue(_AHEAD)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def sent(self) -> Iterator[_T]:
        """Every piece; raises what making it raised."""
        while (piece := self._sent.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece[0]

    def join(self) -> None:
        """Wait for the thread, which ends soon once the kernel has."""
        while self._thread.is_alive():
            while not self._sent.empty():
                self._sent.get()
            self._thread.join(0.05)

    def _run(self) -> None:
        try:
            for piece in self._pieces:
                self._sent.put((piece,))
                self._kernel.write(self._form(piece))
            if self._last:
                self._kernel.write(self._last)
        except BrokenPipeError:
            pass  # whoever waits for the answer finds that there is none, and why
        except BaseException as error:  # it is raised where the answers are taken
            self._sent.put(error)
            return
        self._sent.put(None)


def number(value: int) -> bytes:
    """Four bytes, as the kernel reads a number."""
    return value.to_bytes(4, "big")


def framed(told: bytes) -> bytes:
    """Bytes with their number before them."""
    return number(len(told)) + told
