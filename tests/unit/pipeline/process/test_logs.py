"""Text of strangers in a log: it forges no line and steers no terminal."""

from __future__ import annotations

import logging
import sys

from pipeline.process.logs import Form

FORGED = "no such user: a\n2026-01-01 00:00:00,000 INFO everything is well\x1b[2J\u202eend"


def written(**more: object) -> str:
    record = logging.LogRecord("sink", logging.ERROR, "sink.py", 1, "refused: %s", (FORGED,), None)
    record.__dict__.update(more)
    return Form("%(levelname)s %(message)s").format(record)


def test_a_message_of_several_lines_is_indented_and_what_is_not_seen_is_spelt() -> None:
    assert written() == (
        "ERROR refused: no such user: a\n"
        "    2026-01-01 00:00:00,000 INFO everything is well\\x1b[2J\\u202eend"
    )


def test_so_is_the_trace_of_an_error() -> None:
    try:
        raise ValueError(FORGED)
    except ValueError:
        text = written(exc_info=sys.exc_info())
    assert "\x1b" not in text
    assert [line for line in text.splitlines() if not line.startswith("    ")] == [
        "ERROR refused: no such user: a"
    ]
