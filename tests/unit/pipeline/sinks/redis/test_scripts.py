"""The scripts that Redis runs."""

from __future__ import annotations

from pipeline.sinks.redis import scripts


def test_scripts_that_write_are_refused_by_a_server_without_memory_before_they_begin() -> None:
    assert [text.startswith("#!lua\n") for text in (scripts.PUT, scripts.FORGET)] == [True, True]
