"""The JVM kernel without a cluster: one Java process that answers many cases over its pipes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import compiled, java, server_command, share_classes
from fraudctl.servers.flink import build_kernel, pyflink_folder, python_path
from pipeline.kernel.build import Compiler
from pipeline.rules.plan import Plan
from tests.streams import Row

Topic = Iterable[tuple[int, int, bytes | None]]
"""Records (offset, append time, value) of a rules topic."""
QUICKLY = "-XX:TieredStopAtLevel=1"
PROGRAMS = Path(__file__).parent / "java"
SERVED = ("Served", "EarlierForms", "Forgets", "HotKeysTrial", "WritesAside")
"""what `Served.java` runs beside the kernel's own `Offline`"""


class ProgramFailed(Exception):
    """A program of the kernel ended by an exception; the text is its trace."""


def kernel_jar() -> Path:
    """The kernel of the sources as they are, built as for a stack; fetches what the cache lacks."""
    artifacts.fetch([one for one in artifacts.lock() if one.use in ("compiler", "connector")])
    return build_kernel(artifacts.cache_dir())


def classpath() -> str:
    """The kernel, and the jars of Flink and the connector that a cluster has beside it."""
    flink = sorted([*pyflink_folder().glob("lib/*.jar"), *pyflink_folder().glob("opt/flink-python-*.jar")])
    return os.pathsep.join(map(str, (kernel_jar(), *flink, *artifacts.jars("connector"))))


def run_java(source: Path, *arguments: str, heap_mb: int, is_long: bool = False) -> str:
    """What a test program in the kernel's package prints; CalledProcessError where it fails.

    One that is not long is over before it pays to compile its code a second time.
    """
    place = artifacts.cache_dir()
    jars = [Path(jar) for jar in classpath().split(os.pathsep)]
    program = compiled(source, jars, artifacts.jars("compiler", place)[0], place)
    options = [f"-Xmx{heap_mb}m", "-XX:+UseParallelGC", "-XX:+ExitOnOutOfMemoryError"]
    options += [] if is_long else [QUICKLY]
    command = [*_command(options, [program, *jars]), f"{_package(source)}.{source.stem}"]
    return subprocess.run([*command, *arguments], check=True, stdout=subprocess.PIPE, text=True).stdout


def _package(source: Path) -> str:
    """Of a test program: the kernel's, or that of one of its rooms, whose inner parts it tries."""
    first = source.read_text().splitlines()[0]
    return first.removeprefix("package ").removesuffix(";")


def _command(options: Sequence[str], jars: Iterable[Path]) -> list[str]:
    """A program that finds the classes of the runtime read already, and keeps none of its own."""
    place = artifacts.cache_dir()
    share_classes(place)
    return server_command("trial", options, jars, place, keeps=False)


def _served_jar(jars: Sequence[Path]) -> Path:
    place, sources = artifacts.cache_dir(), [PROGRAMS / f"{name}.java" for name in SERVED]
    compiler = Compiler(artifacts.jars("compiler", place)[0], Path(java()), place / "launchers")
    return compiler.compile(compiler.place("Served", PROGRAMS, sources, jars), sources, jars)


class KernelProcess:
    """`fraudctl.kernel.Offline`, and other programs, as often as they are asked; use as a context manager."""

    def __init__(self) -> None:
        options = ["-Xmx512m", "-XX:+UseSerialGC", QUICKLY]
        options.append(f"-Dpython.executable={sys.executable}")
        jars = [Path(jar) for jar in classpath().split(os.pathsep)]
        command = [*_command(options, [_served_jar(jars), *jars]), "fraudctl.kernel.Served"]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env={**os.environ, "PYTHONPATH": python_path()},
        )

    def __enter__(self) -> KernelProcess:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)
        self._errors.close()

    def run(self, plan: Plan, rows: Iterable[Row], time: str) -> list[dict[str, Any]]:
        """One case; the answers in processing order, refusals first, fractions as Decimal."""
        records = [_record(row) for row in rows]
        return self._ask({"plan": plan.as_document(), "time": time, "records": records})

    def run_activations(
        self, rules: Topic, settings: Mapping[str, Any], rows: Iterable[Row], time: str
    ) -> list[dict[str, Any]]:
        """The same by the records (offset, append time, value) of a rules topic; timers fire as well."""
        records = [_record(row) for row in rows]
        question = {"rules": _topic(rules), "settings": settings, "time": time, "records": records}
        question |= {"trust": None}
        return self._ask(question | {"reclaims": True})

    def read_rules(
        self, rules: Topic, settings: Mapping[str, Any], trust: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """What of a rules topic counts (offset, from_ms) and what is put aside (offset, aside: why)."""
        question = {"rules": _topic(rules), "settings": settings, "trust": trust, "only_rules": True}
        return self._ask(question)

    def printed(self, program: str, *arguments: str, given: str = "") -> str:
        """What one of `SERVED`, or `Offline`, prints, `given` a line of input. Raises ProgramFailed."""
        assert self._process.stdin
        assert self._process.stdout
        asked = json.dumps({"program": program, "arguments": arguments})
        try:
            self._process.stdin.write(f"{asked}\n{given}\n".encode())
            self._process.stdin.flush()
            head = self._process.stdout.readline()
        except BrokenPipeError:
            head = b""
        if not head:
            raise AssertionError(f"the kernel ended: {self._last_words()}")
        how, size = head.split()
        said = self._process.stdout.read(int(size)).decode()
        if how == b"failed":
            raise ProgramFailed(said)
        return said

    def _ask(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer: list[dict[str, Any]] = json.loads(
            self.printed("Offline", "--serve", given=json.dumps(question)), parse_float=Decimal
        )
        return answer

    def _last_words(self) -> str:
        self._process.wait(timeout=10)
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-4000:]


def _topic(rules: Topic) -> list[dict[str, Any]]:
    return [
        {
            "offset": offset,
            "append_ms": append_ms,
            "value": None if value is None else base64.b64encode(value).decode(),
        }
        for offset, append_ms, value in rules
    ]


def _record(row: Row) -> dict[str, Any]:
    return {
        "partition": row.partition,
        "offset": row.offset,
        "append_ms": row.append_ms,
        "value": None if row.value is None else base64.b64encode(row.value).decode(),
        "headers": {name: value.decode() for name, value in row.headers.items()},
    }
