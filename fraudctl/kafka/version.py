"""Which Kafka a broker is, asked of it on a connection of our own: no client in Python tells.

A broker says what it understands to whoever connects, before any login (`ApiVersions`, KIP-35 and KIP-584):
the newest `metadata.version` it knows is that of its own release. Nothing is changed by it.
"""

from __future__ import annotations

import socket
import struct
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from pipeline.connections import peek
from pipeline.connections.way import Place

_API_VERSIONS: Final = 18
_LIST_OFFSETS: Final = 2
_BY_GREATEST_TIME: Final = 7
"""The version of ListOffsets that finds the newest append: Kafka 3.0, and the youngest that is asked here."""
_FEATURE: Final = "metadata.version"
_LARGEST_ANSWER: Final = 1 << 20
_RELEASES: Final = (
    (7, "3.3"),
    (8, "3.4"),
    (9, "3.5"),
    (12, "3.6"),
    (15, "3.7"),
    (20, "3.8"),
    (21, "3.9"),
    (22, "4.0"),
    (26, "4.1"),
    (28, "4.2"),
    (30, "4.3"),
    (31, "4.4"),
    (34, "4.5 or later"),
)
"""The first metadata.version of each release: `org.apache.kafka.server.common.MetadataVersion`."""


class NotKafka(Exception):
    """What came is no answer of a broker."""


@dataclass(frozen=True, slots=True)
class Understood:
    """What a broker understands: the newest version of each request, by number, and of each feature."""

    requests: Mapping[int, int] = field(default_factory=dict)
    features: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_supported(self) -> bool:
        """Whether all that is asked here is understood: since Kafka 3.0."""
        return self.requests.get(_LIST_OFFSETS, -1) >= _BY_GREATEST_TIME

    @property
    def release(self) -> str:
        """As people call it."""
        if not self.is_supported:
            return "older than 3.0"
        level = self.features.get(_FEATURE)
        at = bisect_right(_RELEASES, (level or 0, "~"))
        return _RELEASES[at - 1][1] if at else "3.0 or later, without KRaft"


def ask(place: Place) -> Understood:
    """Raises OSError, BadFile, NotKafka."""
    with socket.create_connection((place.host, place.port), peek.WAIT_S) as plain:
        if place.tls is None:
            return _answer(plain)
        with peek.context(place.tls).wrap_socket(plain, server_hostname=place.name or place.host) as secure:
            return _answer(secure)


def _answer(connection: socket.socket) -> Understood:
    name = _text(b"fraudctl")
    client = struct.pack(">h", 8) + b"fraudctl"
    request = struct.pack(">hhi", _API_VERSIONS, 3, 1) + client + b"\0" + name + _text(b"1") + b"\0"
    connection.sendall(struct.pack(">i", len(request)) + request)
    [size] = struct.unpack(">i", _bytes(connection, 4))
    if not 6 <= size <= _LARGEST_ANSWER:
        raise NotKafka(f"an answer of {size} bytes")
    return understood(_bytes(connection, size))


def _text(text: bytes) -> bytes:
    """In the compact form, for what is shorter than 127 bytes."""
    return bytes([len(text) + 1]) + text


def _bytes(connection: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        more = connection.recv(count - len(found))
        if not more:
            raise ConnectionResetError("the broker closed the connection")
        found += more
    return found


def understood(answer: bytes) -> Understood:
    """What an answer says, from its correlation id on. Raises NotKafka."""
    reading = _Reading(answer)
    try:
        _, error = reading.number(">i"), reading.number(">h")
        if error:
            return Understood()  # it knows no such request, or no such version of it: Kafka before 2.4
        requests = {}
        for _ in range(reading.count() - 1):
            key, _, newest = (reading.number(">h") for _ in range(3))
            reading.tags()
            requests[key] = newest
        reading.number(">i")
        return Understood(requests, _features(reading.tags().get(0, b"\1")))
    except (struct.error, IndexError, UnicodeDecodeError) as broken:
        raise NotKafka(str(broken)) from None


def _features(content: bytes) -> dict[str, int]:
    reading, found = _Reading(content), {}
    for _ in range(reading.count() - 1):
        name = reading.take(reading.count() - 1).decode()
        _, found[name] = reading.number(">h"), reading.number(">h")
        reading.tags()
    return found


class _Reading:
    """Kafka's own encoding, from the start on. Raises struct.error, IndexError where it ends too early."""

    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def number(self, form: str) -> int:
        [found] = struct.unpack_from(form, self._content, self._at)
        self._at += struct.calcsize(form)
        return int(found)

    def count(self) -> int:
        """An unsigned number of as many bytes as it needs."""
        found = shift = 0
        while True:
            byte = self._content[self._at]
            self._at += 1
            found |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return found

    def take(self, count: int) -> bytes:
        if not 0 <= count <= len(self._content) - self._at:
            raise IndexError("the answer ends too early")
        self._at += count
        return self._content[self._at - count : self._at]

    def tags(self) -> dict[int, bytes]:
        """What newer versions have added, by number."""
        found = {}
        for _ in range(self.count()):
            tag = self.count()
            found[tag] = self.take(self.count())
        return found
