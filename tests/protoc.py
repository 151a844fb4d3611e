"""Messages of a Protobuf schema as its own compiler and library write them, which know nothing of us."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

from pipeline.records.framed import framed

WELL_KNOWN = Path(protoc.__file__).parent / "_proto"


class Compiled:
    """A schema, compiled. `others` are files that it imports, by their paths."""

    def __init__(self, text: str, others: dict[str, str] | None = None) -> None:
        with tempfile.TemporaryDirectory() as name:
            folder, out = Path(name), Path(name) / "set"
            for path, content in {"given.proto": text, **(others or {})}.items():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (folder / path).write_text(content)
            argv = ["protoc", f"-I{folder}", f"-I{WELL_KNOWN}", f"--descriptor_set_out={out}"]
            assert protoc.main([*argv, "--include_imports", "given.proto"]) == 0, text
            found = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes())
        pool = descriptor_pool.DescriptorPool()
        for one in found.file:
            pool.Add(one)
        self._pool = pool

    def message(self, name: str, **fields: Any) -> Any:
        """One message of that name; messages within it are given by their own fields."""
        made = message_factory.GetMessageClass(self._pool.FindMessageTypeByName(name))
        return made(**fields)


def in_frame(number: int, message: Any, places: bytes = b"\0") -> bytes:
    """A message behind the number of its schema and its place in that; by default the first."""
    return framed(number, places + message.SerializeToString(deterministic=True))
