"""Nothing that strangers chose steers a terminal or turns the reading order."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from rich.console import Console

from fraudctl.console import options, streams
from fraudctl.console.result import Result, render, render_error
from fraudctl.console.tables import Table, layout
from fraudctl.errors import FraudctlError
from pipeline.records.visible import visible, visible_json, visible_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("ada", "ada"),
        ("Zoë 北京", "Zoë 北京"),
        ("<script>", "<script>"),
        ("\x1b[2J\x07", r"\x1b[2J\x07"),
        ("a\u202eb\u2066", r"a\u202eb\u2066"),
        ("a\nb\r\u2028", r"a\x0ab\x0d\u2028"),
        ("\U000e0041\ud800", r"\U000e0041\ud800"),
        ("bob\u3164\ufe0f\u034f\U000e0100", r"bob\u3164\ufe0f\u034f\U000e0100"),
        ("caf\u00e9\u00a0\u3000", "caf\u00e9\u00a0\u3000"),
    ],
)
def test_what_is_not_seen_is_spelt_out(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_lines_and_tabs_of_a_text_stay() -> None:
    assert visible_lines("\tat x\n\x1b[2Jb\r\n") == "\tat x\n\\x1b[2Jb\\x0d\n"


@pytest.mark.parametrize(
    "text", ["\x9b2J", "bob\u3164", "\u202ea", "\u2028", "\U000e0041", "\ud800", "\x7f", 'a"\\', "北"]
)
def test_json_steers_no_terminal_and_says_the_same(text: str) -> None:
    shown = visible_json(json.dumps({"id": text}, ensure_ascii=False))
    assert (shown.isprintable(), json.loads(shown)) == (True, {"id": text})


@pytest.mark.parametrize("way", [streams.say, streams.answer])
def test_whatever_is_said_steers_no_terminal(
    way: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    way("evt-\x1b]8;;http://x\x07\x9b1A\u202e")
    assert "".join(capsys.readouterr()) == r"evt-\x1b]8;;http://x\x07\x9b1A\u202e" + "\n"


def test_an_item_of_a_stream_stays_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    options.change(json=False)
    render(Result("", iter([{"id": "e1\nblock ada e2"}]), line=lambda one: one["id"]))
    assert capsys.readouterr().out == "e1\\x0ablock ada e2\n"


def test_a_long_text_is_cut_and_says_so() -> None:
    assert visible("x" * 65_536, 10) == "xxxxxxxxx…"


@pytest.mark.parametrize("width", [10, 200])
def test_an_id_in_a_table_steers_no_terminal(width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    for part in layout(Table("", ("user", "event"), [("ada\x1b]8;;http://x\x07", "e\u202e1")]), width):
        console.print(part)
    said = out.getvalue().replace("\n", "").replace(" ", "")
    assert not any(mark in said for mark in "\x1b\x07\u202e")
    assert r"ada\x1b]8;;http://x\x07" in said


def test_a_summary_and_an_error_steer_no_terminal_and_keep_their_lines(
    capsys: pytest.CaptureFixture[str],
) -> None:
    render(Result("user ada\x1b[2J\nblocked"))
    render_error(FraudctlError("no event e\u202e1", "try\x07 again"))
    captured = capsys.readouterr()
    assert captured.out == "user ada\\x1b[2J\nblocked\n"
    assert r"no event e\u202e1" in captured.err
    assert r"try\x07 again" in captured.err
