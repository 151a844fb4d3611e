"""Times of days and clocks: how they are written is found, and nothing is guessed in silence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.fraudctl.inspection.asked import inspected, open_notes, put, run, with_times


@pytest.mark.parametrize(
    ("times", "mapping", "begin", "good"),
    [
        (["1714557600", "1714557601", "0"], {}, "2024-05-01T10:00:00.000Z", 2),
        (["1714557600000000", "1714557601000000"], {}, "2024-05-01T10:00:00.000Z", 2),
        (["1714557600000000000", "1714557601000000000"], {}, "2024-05-01T10:00:00.000Z", 2),
        (
            ["Wed May 01 10:00:00 UTC 2024", "Thu May 02 10:00:00 UTC 2024"],
            {"time_format": ["%a %b %d %H:%M:%S %Z %Y"]},
            None,
            2,
        ),
        (
            ["Wed, 01 May 2024 10:00:00 GMT", "Thu, 02 May 2024 10:00:00 GMT"],
            {"time_format": ["%a, %d %b %Y %H:%M:%S GMT"]},
            None,
            2,
        ),
        (
            ["01-MAY-24 10.00.00.000000 AM", "02-MAY-24 01.30.00.000000 PM"],
            {"zone": "UTC", "time_format": ["%d-%b-%y %I.%M.%S.%f %p"]},
            None,
            2,
        ),
        (["20240501100000", "20240513100001"], {"zone": "UTC", "time_format": ["%Y%m%d%H%M%S"]}, None, 2),
        (["202405011000", "202405131000"], {"zone": "UTC", "time_format": ["%Y%m%d%H%M"]}, None, 2),
        (["20240501100000000"] * 2, {"zone": "UTC", "time_format": ["%Y%m%d%H%M%S%f"]}, None, 2),
        (
            ["45413.4166666667", "45414.5"],
            {"time_unit": "d", "time_start": "1899-12-30T00:00:00Z"},
            "2024-05-01T10:00:00.000Z",
            2,
        ),
        (
            ["05/01/2024, 10:00:00\u202fAM", "05/13/2024, 01:05:00\u202fPM"],
            {"zone": "UTC", "time_format": ["%m/%d/%Y, %I:%M:%S %p"]},
            None,
            2,
        ),
        (
            [
                "01/05/2024 10:00",
                "13/05/2024 10:00",
                "31/02/2024 10:00",
                "14/05/2024 10:00",
                "15/05/2024 10:00",
            ],
            {"zone": "UTC", "time_format": ["%d/%m/%Y %H:%M"]},
            None,
            4,
        ),
        (
            ["05/01/2024 10:00:00 UTC", "05/13/2024 10:00:00 UTC"],
            {"time_format": ["%m/%d/%Y %H:%M:%S UTC"]},
            "2024-05-01T10:00:00.000Z",
            2,
        ),
    ],
)
def test_times_are_read_as_they_are_meant(
    times: list[str],
    mapping: dict[str, Any],
    begin: str | None,
    good: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    found, read, _ = inspected(capsys, with_times(tmp_path, *times))
    assert (found, read["accepted"], read["rows"]) == (mapping, good, len(times))
    assert read["from"] == (begin or "2024-05-01T10:00:00.000Z")


def test_a_day_with_a_clock_of_zeros_has_its_clock_in_another_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = [f"e{n},u,2024-05-0{n + 1} 00:00:00,10:00:0{n},1.5" for n in range(2)]
    path = put(tmp_path, "\n".join(["event_id,user_id,Date,Time,amount", *rows]))
    mapping, read, _ = inspected(capsys, path)
    assert mapping == {
        "map": {"event_time": "Date+Time"},
        "zone": "UTC",
        "time_format": ["%Y-%m-%d 00:00:00 %H:%M:%S"],
    }
    assert (read["accepted"], read["to"]) == (2, "2024-05-02T10:00:01.000Z")


def test_days_alone_are_told_to_be_of_one_moment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, told = run(capsys, "inspect", str(with_times(tmp_path, "2024-05-01", "2024-05-02")))
    texts = [one["text"] for one in told["data"]["notes"] if one["how"] == "assumed"]
    assert "event_time holds days without a clock: all rows of a day are of one moment" in texts


@pytest.mark.parametrize(
    ("cells", "form", "begin"),
    [
        (["24/05/01 10:00", "24/05/13 10:00"], "%y/%m/%d %H:%M", "2024-05-01T10:00:00.000Z"),
        (["01.05.24 10:00", "13.05.24 10:00"], "%d.%m.%y %H:%M", "2024-05-01T10:00:00.000Z"),
        (["05/01/24 10:00", "05/13/24 10:00"], "%m/%d/%y %H:%M", "2024-05-01T10:00:00.000Z"),
        (["240501100000", "240513100000"], "%y%m%d%H%M%S", "2024-05-01T10:00:00.000Z"),
        (["240501", "240513"], "%y%m%d", "2024-05-01T00:00:00.000Z"),
    ],
)
def test_a_year_of_two_digits_is_the_one_by_which_times_lie_together(
    cells: list[str], form: str, begin: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, read, _ = inspected(capsys, with_times(tmp_path, *cells))
    assert (mapping["time_format"], read["from"]) == ([form], begin)


def test_a_year_of_two_digits_that_nothing_tells_is_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = open_notes(capsys, with_times(tmp_path, "24/05/13 10:00", "24/05/13 11:00"))
    assert asked == ["event_time can be read as %d/%m/%y %H:%M or %y/%m/%d %H:%M"]
