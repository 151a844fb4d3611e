"""What earlier builds of the kernel left in savepoints is read, or refused with words."""

from __future__ import annotations

import json
import struct
from pathlib import Path
from typing import Any

import pytest

from pipeline.rules.ruleset import PlanSettings, parse
from tests.kernel_process import KernelProcess, ProgramFailed

DUE_MS = 1_700_000_000_000


def ask(kernel: KernelProcess, folder: Path, *arguments: str) -> Any:
    content = {
        "version": "v",
        "features": {"n": {"by": "user_id", "agg": "count", "window": "5m"}},
        "rules": {"r": {"when": "n > 1", "points": 1}},
        "thresholds": {"review": 50, "block": 80},
    }
    (folder / "plan.json").write_text(json.dumps(parse(content).plan(PlanSettings()).as_document()))
    return json.loads(kernel.printed("EarlierForms", str(folder / "plan.json"), *arguments))


def number(value: int) -> bytes:
    """As `Bytes.writeLong` has it."""
    rest, written = (value << 1) ^ (value >> 63), bytearray()
    while rest > 0x7F:
        written.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*written, rest])


def text(value: str) -> bytes:
    return number(len(value) + 1) + value.encode()


def state(form: int, scored: bytes) -> str:
    """A key's blob without entries or memories: form, plan, columns, timer, cut, entries, records, ids."""
    empty = number(0) * 2 + number(1)
    start = b"".join(number(one) for one in (form, 0, 0, -(1 << 63), -(1 << 63)))
    return (start + empty + number(0) * 2 + number(1) + scored).hex()


def ids(*names: str) -> bytes:
    """Ids as the second form had them: name, and due less the due before."""
    return b"".join(text(name) + number(DUE_MS if place == 0 else 0) for place, name in enumerate(names))


def test_an_id_remembered_without_its_content_is_known_for_a_copy_whatever_it_says(
    kernel: KernelProcess, tmp_path: Path
) -> None:
    scored = number(0) + number(1) + number(1) + ids("old")
    answer = ask(kernel, tmp_path, "state", str(DUE_MS), state(2, scored))
    assert answer == [True, False, True, False, "reused", True, False, "reused", True, False, "reused"]


def test_many_ids_in_pieces_without_their_contents_are_read_and_written_anew(
    kernel: KernelProcess, tmp_path: Path
) -> None:
    names = ["old", *(f"e{place}" for place in range(69))]
    pieces = [names[start : start + 32] for start in (0, 32, 64)]
    arguments = []
    for place, piece in enumerate(pieces):
        arguments += [str(place * 2 + 1), (number(place * 32) + number(len(piece)) + ids(*piece)).hex()]
    scored = number(0) + number(70) + number(0)
    answer = ask(kernel, tmp_path, "state", str(DUE_MS), state(2, scored), *arguments)
    assert answer == [True, False, True, False, "reused", True, False, "reused", True, False, "reused"]


def test_a_state_of_the_form_without_arrivals_is_read(kernel: KernelProcess, tmp_path: Path) -> None:
    scored = number(0) + number(1) + number(1) + text("old") + struct.pack(">q", 77) + number(DUE_MS)
    answer = ask(kernel, tmp_path, "state", str(DUE_MS), state(3, scored))
    assert answer[:2] == [False, "reused"]


def test_a_state_of_a_form_to_come_is_refused_with_words(kernel: KernelProcess, tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed, match="form 99"):
        ask(kernel, tmp_path, "state", str(DUE_MS), state(99, b""))


def test_a_waiting_event_of_the_first_form_is_read(kernel: KernelProcess, tmp_path: Path) -> None:
    def long_text(value: str) -> bytes:
        return struct.pack(">i", len(value)) + value.encode()

    written = struct.pack(">iqqq", 3, 17, DUE_MS - 5, DUE_MS) + long_text("e1") + long_text("u")
    written += struct.pack(">q", 10_000) + long_text("{") + struct.pack(">bihh", 0, 3, 0, -1)
    assert ask(kernel, tmp_path, "event", written.hex()) == ["e1", True, None, DUE_MS]
