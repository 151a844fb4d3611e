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


@pytest.mark.parametrize(
    ("times", "form", "first"),
    [
        (("2024051310", "2024051311"), "%Y%m%d%H", "2024-05-13T10:00:00.000Z"),
        (("2405131000", "2405131001"), "%y%m%d%H%M", "2024-05-13T10:00:00.000Z"),
    ],
)
def test_ten_digits_that_are_seconds_or_a_day_and_its_hour_are_asked_about(
    times: tuple[str, ...], form: str, first: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_times(tmp_path, *times)
    asked = f"event_time counts seconds since 1970, or is written as {form}: {times[0]}"
    assert open_notes(capsys, path) == [asked]
    mapping, read, _ = inspected(capsys, path, "--time-format", form)
    assert mapping == {"time_format": [form], "zone": "UTC"}
    assert (read["accepted"], read["from"]) == (2, first)


def test_numbers_with_a_zero_before_them_count_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = with_times(tmp_path, "0501100000", "0501100001")
    text = "event_time holds '0501100000', which is not read as a time, and counts nothing with its zero"
    assert open_notes(capsys, path) == [text]


def test_half_of_the_numbers_being_moments_is_enough(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, read, _ = inspected(capsys, with_times(tmp_path, "1714557600", "0"))
    assert (read["accepted"], read["refused_by_reason"]) == (1, {"event_time_out_of_range": 1})


def test_seven_digits_that_are_years_and_days_of_them_are_no_count(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mapping, read, _ = inspected(capsys, with_times(tmp_path, "2026332", "2026001"))
    assert mapping == {"time_format": ["%Y%j"], "zone": "UTC"}
    assert (read["accepted"], read["to"]) == (2, "2026-11-28T00:00:00.000Z")
    counted, _, _ = inspected(capsys, with_times(tmp_path, "2026332", "2026667"))
    assert counted["time_unit"] == "s"


def test_days_in_numbers_that_are_none_are_asked_about(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "x.csv"
    path.write_text("event_id,user_id,Buchungstag,amount\ne1,u,1128,1.5\ne2,u,1127,1.5\n", encoding="utf-8")
    assert open_notes(capsys, path) == ["Buchungstag holds '1128', which is not read as a day"]
    mapping, read, _ = inspected(capsys, path, "--time-start", "2026-01-01T00:00:00Z", "--time-unit", "m")
    assert (mapping["time_unit"], read["accepted"]) == ("m", 2)
