"""When labels became known, however that is written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.fraudctl.inspection.asked import PLAIN, inspected, put


@pytest.mark.parametrize(
    ("event_time", "known", "mapping"),
    [
        ("2024-05-01T10:00:0{}Z", "01.06.2024", {"label": "is_fraud"}),
        (
            "01.05.2024 10:00:0{}",
            "13.06.2024",
            {
                "map": {"label_time": "dispute_date"},
                "label": "is_fraud",
                "zone": "UTC",
                "time_format": ["%d.%m.%Y %H:%M:%S", "%d.%m.%Y"],
            },
        ),
        (
            "2024-05-01T10:00:0{}Z",
            "2024-06-01 10:00:00",
            {"map": {"label_time": "dispute_date"}, "label": "is_fraud", "zone": "UTC"},
        ),
    ],
)
def test_how_the_time_of_a_label_is_written_loses_no_payment(
    event_time: str, known: str, mapping: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [f"e{n},u,{event_time.format(n)},1.5,{n % 2},{known if n % 2 else ''}" for n in range(4)]
    if "." in event_time:
        lines.append(f"e9,u,{event_time.format(9).replace('01.05', '13.05')},1.5,0,")
    path = put(tmp_path, "\n".join([f"{PLAIN},is_fraud,dispute_date", *lines]))
    found, read, tested = inspected(capsys, path)
    assert (found, read["refused_rows"], tested["labels"]["fraud"]) == (mapping, 0, 2)
