"""What a broker's answer tells of its version; answers as KIP-584 and Kafka's own messages have them."""

from __future__ import annotations

import struct

import pytest

from fraudctl.kafka.version import NotKafka, Understood, understood


def answer(requests: dict[int, int], features: dict[str, int], error: int = 0) -> bytes:
    """Of ApiVersions 3: what is newest of each request and feature, and a tag that nobody here knows."""
    made = struct.pack(">ih", 1, error) + bytes([len(requests) + 1])
    made += b"".join(struct.pack(">hhhB", key, 0, newest, 0) for key, newest in requests.items())
    named = b"".join(
        bytes([len(name) + 1]) + name.encode() + struct.pack(">hhB", 1, newest, 0)
        for name, newest in features.items()
    )
    tag = bytes([len(features) + 1]) + named
    return made + struct.pack(">i", 0) + bytes([2, 0, len(tag)]) + tag + bytes([9, 2]) + b"xy"


@pytest.mark.parametrize(
    ("level", "release"),
    [(7, "3.3"), (14, "3.6"), (21, "3.9"), (25, "4.0"), (29, "4.2"), (31, "4.4"), (99, "4.5 or later")],
)
def test_the_newest_metadata_version_tells_the_release(level: int, release: str) -> None:
    found = understood(answer({2: 10, 18: 4}, {"group.version": 1, "metadata.version": level}))
    assert (found.requests, found.is_supported, found.release) == ({2: 10, 18: 4}, True, release)


def test_a_broker_without_kraft_has_no_metadata_version() -> None:
    found = understood(answer({2: 7}, {}))
    assert (found.is_supported, found.release) == (True, "3.0 or later, without KRaft")


@pytest.mark.parametrize(
    "told", [answer({2: 5}, {}), answer({}, {}, error=35), struct.pack(">ihi", 1, 35, 0)]
)
def test_a_broker_that_cannot_find_the_newest_append_is_too_old(told: bytes) -> None:
    found = understood(told)
    assert (found.is_supported, found.release) == (False, "older than 3.0")


def test_what_ends_too_early_is_no_answer_wherever_it_ends() -> None:
    whole = answer({2: 10, 18: 4}, {"metadata.version": 31})
    for end in range(len(whole)):
        with pytest.raises(NotKafka):
            understood(whole[:end])
    assert understood(whole) == Understood({2: 10, 18: 4}, {"metadata.version": 31})
