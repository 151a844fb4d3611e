"""The audit log: every line follows the one before, and whoever changes or cuts it is found out."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fraudctl.home import audit, signing
from fraudctl.home.audit import Break, Pin

Tamper = Callable[[list[bytes]], list[bytes]]


def written(home: Path, many: int) -> list[Pin]:
    return [audit.write(home, {"command": f"rules apply {number}"}) for number in range(many)]


def rewritten(home: Path, tamper: Tamper) -> None:
    file = home / audit.LOG
    file.write_bytes(b"".join(tamper(file.read_bytes().splitlines(keepends=True))))


def test_a_line_says_who_and_where_and_follows_the_one_before(tmp_path: Path) -> None:
    first, second = written(tmp_path, 2)
    one, two = audit.entries(tmp_path)
    assert (one["line"], one["author"], one["previous"]) == (1, signing.user(), audit.NOTHING)
    assert (two["line"], two["command"], two["previous"]) == (2, "rules apply 1", first.hash)
    assert stat.S_IMODE((tmp_path / audit.LOG).stat().st_mode) == 0o600
    found = audit.verify(tmp_path)
    assert (found.lines, found.newest, found.pins, found.broken) == (2, second, 1, None)


def test_a_program_that_acts_by_itself_is_named(tmp_path: Path) -> None:
    audit.write(tmp_path, {"command": "rules pause"}, "keeper")
    assert [one["author"] for one in audit.entries(tmp_path)] == ["keeper"]


def test_an_empty_home_has_nothing_to_verify(tmp_path: Path) -> None:
    found = audit.verify(tmp_path)
    assert (found.lines, found.newest, found.broken) == (0, None, None)
    assert audit.verify(tmp_path, [Pin(3, "ab", "offset 7")]).broken == Break(
        1, "the log was cut: offset 7 knows a line 3"
    )


def changed(line: bytes) -> bytes:
    return line.replace(b"rules apply", b"rules appls")


def renumbered(lines: list[bytes]) -> list[bytes]:
    entry: dict[str, Any] = json.loads(lines[1])
    return [lines[0], json.dumps(entry | {"line": 1}).encode() + b"\n", *lines[2:]]


FOLLOWS = "it does not follow the line before it, one of the two was changed"


@pytest.mark.parametrize(
    ("tamper", "broken"),
    [
        (lambda lines: [changed(lines[0]), *lines[1:]], Break(2, FOLLOWS)),
        (lambda lines: [*lines[:3], changed(lines[3])], Break(4, "it is another one than audit.head knows")),
        (lambda lines: [lines[0], *lines[2:]], Break(2, "it says that it is line 3")),
        (lambda lines: lines[1:], Break(1, "it says that it is line 2")),
        (lambda lines: [lines[0], lines[2], lines[1], lines[3]], Break(2, "it says that it is line 3")),
        (lambda lines: [*lines[:2], b"{\n", *lines[3:]], Break(3, "it is no entry")),
        (lambda lines: lines[:-1], Break(4, "the log was cut: audit.head knows a line 4")),
        (lambda lines: [], Break(1, "the log was cut: audit.head knows a line 4")),
        (renumbered, Break(2, "it says that it is line 1")),
    ],
)
def test_a_verification_names_the_first_line_that_is_not_what_it_was(
    tmp_path: Path, tamper: Tamper, broken: Break
) -> None:
    written(tmp_path, 4)
    rewritten(tmp_path, tamper)
    assert audit.verify(tmp_path).broken == broken


def test_a_log_that_was_written_anew_with_its_head_disagrees_with_what_others_know(tmp_path: Path) -> None:
    pins = [Pin(one.line, one.hash, f"offset {one.line}") for one in written(tmp_path, 3)]
    for name in (audit.LOG, audit.HEAD):
        (tmp_path / name).unlink()
    written(tmp_path, 2)
    assert audit.verify(tmp_path).broken is None
    assert audit.verify(tmp_path, pins[2:]).broken == Break(3, "the log was cut: offset 3 knows a line 3")
    written(tmp_path, 5)
    assert audit.verify(tmp_path, pins[1:]).broken == Break(2, "it is another one than offset 2 knows")


def test_a_head_that_is_gone_is_said(tmp_path: Path) -> None:
    written(tmp_path, 2)
    (tmp_path / audit.HEAD).unlink()
    assert audit.verify(tmp_path).broken == Break(2, "no audit.head says which line is the newest")


def test_a_crash_between_the_line_and_its_head_is_no_break(tmp_path: Path) -> None:
    first = written(tmp_path, 2)[0]
    (tmp_path / audit.HEAD).write_text(json.dumps({"line": 1, "hash": first.hash}))
    assert audit.verify(tmp_path).broken is None


def test_a_line_that_a_crash_cut_off_is_named_and_the_log_goes_on(tmp_path: Path) -> None:
    written(tmp_path, 2)
    with (tmp_path / audit.LOG).open("ab") as log:
        log.write(b'{"line": 3, "at"')
    assert written(tmp_path, 1)[0].line == 4
    assert audit.verify(tmp_path).broken == Break(3, "it is no entry")
    assert [one["line"] for one in audit.entries(tmp_path)] == [1, 2, 4]


def test_several_at_once_write_one_behind_the_other(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: audit.write(tmp_path, {"command": str(number)}), range(40)))
    found = audit.verify(tmp_path)
    assert (found.lines, found.broken) == (40, None)


def test_what_ended_well_is_told_as_it_was_begun(tmp_path: Path) -> None:
    for code in (0, 5, None):
        begun = audit.write(tmp_path, {"command": "backup create", "arguments": {"folder": f"to-{code}"}})
        if code is not None:
            audit.write(tmp_path, {"command": "backup create", "ended": begun.line, "exit_code": code})
    audit.write(tmp_path, {"command": "down", "arguments": {}})
    [found] = audit.succeeded(tmp_path, "backup create")
    assert found["arguments"] == {"folder": "to-0"}


def test_what_a_terminal_would_act_on_is_spelt_out_in_the_file(tmp_path: Path) -> None:
    audit.write(tmp_path, {"command": "rules apply", "arguments": {"reason": "\x1b[2J\nx\u202e"}})
    content = (tmp_path / audit.LOG).read_bytes()
    assert content.isascii()
    assert b"\x1b" not in content
    assert audit.verify(tmp_path).broken is None
