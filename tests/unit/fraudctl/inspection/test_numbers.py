"""Times that are numbers, in one unit or two."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fraudctl.inspection.asked import inspected, open_notes, with_times


def test_moments_in_two_units_are_asked_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = with_times(tmp_path, "1714557600", "1714557601", "1714557602000")
    asked = "event_time counts in s and in ms since 1970: rows of the other are refused"
    assert open_notes(capsys, path) == [asked]
    _, read, _ = inspected(capsys, path, "--time-unit", "s")
    assert (read["accepted"], read["refused_by_reason"]) == (2, {"event_time_out_of_range": 1})
