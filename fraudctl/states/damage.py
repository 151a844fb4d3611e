"""Whether a complete checkpoint or savepoint is whole: what its metadata names is there, in its full size.

Read from the metadata as Flink 2.2 writes it: a magic number and a version, and in between, among much else,
each file by its type, its size and its name. What is written inside the files is not looked at.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Final

from fraudctl.flink.file_uri import one_form
from fraudctl.states.place import METADATA, Place, RestorePoint

_MAGIC: Final = struct.pack(">I", 0x4960672D)
_LEAST_BYTES: Final = 24
_RELATIVE: Final = re.compile(rb"(?s)\x06\x00\x24([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(.{8})")
"""a file beside the metadata: its type, its name with the length, its size"""
_ABSOLUTE: Final = re.compile(rb"file:/|s3://|gs://")
_FILE, _BYTES = 2, 1
"""types of states: of a file, size and name follow; of bytes in the metadata, the name of no file"""


def flaw(place: Place, point: RestorePoint) -> str | None:
    """What is wrong with it, in words; None where it is whole. PlaceDown where the place cannot be asked."""
    try:
        content = place.metadata(point.path)
    except FileNotFoundError:
        return f"its {METADATA} is gone"
    if len(content) < _LEAST_BYTES or not content.startswith(_MAGIC):
        return f"its {METADATA} is not what Flink has written"
    named = dict(files(content, point.path))
    there = place.sizes(file for file in named if place.holds(file))
    for file, size in named.items():
        if place.holds(file) and there.get(file) != size:
            short = file.removeprefix(f"{point.path}/")
            return f"{short} has {there[file]} of {size} bytes" if file in there else f"{short} is missing"
    return None


def files(metadata: bytes, path: str) -> Iterator[tuple[str, int]]:
    """The files that the state at that URI is made of, as URIs, and their sizes in bytes."""
    for match in _RELATIVE.finditer(metadata):
        yield f"{path}/{match[1].decode()}", int.from_bytes(match[2], "big")
    for match in _ABSOLUTE.finditer(metadata):
        at = match.start()
        if at < 11 or metadata[at - 11] != _FILE or metadata[at - 3] == _BYTES:
            continue  # no file, or bytes that bear a name; every 256th file looks like that as well
        size, length = struct.unpack_from(">QH", metadata, at - 10)
        name = metadata[at : at + length]
        if size < 2**40 and len(name) == length and name.isascii() and name.decode().isprintable():
            yield one_form(name.decode()), size
