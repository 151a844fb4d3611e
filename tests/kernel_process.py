"""The JVM kernel without a cluster: one Java process that answers many cases over its pipes."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from fraudctl.binaries import artifacts
from fraudctl.binaries.java import java
from fraudctl.servers.flink import build_kernel, pyflink_folder
from pipeline.rules.plan import Plan
from tests.streams import Row


def kernel_jar() -> Path:
    """The kernel of the sources as they are, built as for a stack; fetches what the cache lacks."""
    artifacts.fetch([one for one in artifacts.lock() if one.use in ("compiler", "connector")])
    return build_kernel(artifacts.cache_dir())


def classpath() -> str:
    """The kernel, and the jars of Flink and the connector that a cluster has beside it."""
    flink = sorted((pyflink_folder() / "lib").glob("*.jar"))
    return os.pathsep.join(map(str, (kernel_jar(), *flink, *artifacts.jars("connector"))))


class KernelProcess:
    """`fraudctl.kernel.Offline --serve`; use as a context manager."""

    def __init__(self) -> None:
        options = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
        command = [str(java()), *options, "-cp", classpath(), "fraudctl.kernel.Offline", "--serve"]
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 (closed in __exit__)
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors
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
        self,
        rules: Iterable[tuple[int, int, bytes]],
        settings: Mapping[str, Any],
        rows: Iterable[Row],
        time: str,
    ) -> list[dict[str, Any]]:
        """The same by the records (offset, append time, value) of a rules topic; timers fire as well."""
        topic = [
            {"offset": offset, "append_ms": append_ms, "value": base64.b64encode(value).decode()}
            for offset, append_ms, value in rules
        ]
        records = [_record(row) for row in rows]
        question = {"rules": topic, "settings": settings, "time": time, "records": records, "reclaims": True}
        return self._ask(question)

    def _ask(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(question).encode() + b"\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = b""
        if not answer:
            raise AssertionError(f"the kernel ended: {self._last_words()}")
        return json.loads(answer, parse_float=Decimal)

    def _last_words(self) -> str:
        self._process.wait(timeout=10)
        self._errors.seek(0)
        return self._errors.read().decode(errors="replace")[-4000:]


def _record(row: Row) -> dict[str, Any]:
    return {
        "partition": row.partition,
        "offset": row.offset,
        "append_ms": row.append_ms,
        "value": None if row.value is None else base64.b64encode(row.value).decode(),
        "headers": {name: value.decode() for name, value in row.headers.items()},
    }
