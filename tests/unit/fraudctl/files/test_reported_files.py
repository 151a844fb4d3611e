"""All readers, on files that were reported, where they lie beside this checkout."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from fraudctl.files.options import mapping
from tests.unit.fraudctl.files.as_read import fired, hint_of, judged, refused, rows_of, sent

SHARED = Path(__file__).parents[5] / "shared" / "cases"
SHARED_CASES: list[tuple[str, dict[str, Any], tuple[int, int]]] = [
    ("bom.jsonl", {}, (2, 0)),
    ("eu-thousands.csv", {"decimal": ","}, (4, 0)),
    ("firehose.jsonl", {}, (3, 0)),
    ("float-ids.csv", {}, (4, 0)),
    ("float32-amount.parquet", {}, (3, 0)),
    ("float64-noise.parquet", {"round_to": 4}, (3, 0)),
    ("mixed-types.parquet", {}, (3, 0)),
    ("preamble.csv", {"skip_lines": 2}, (2, 1)),
    ("reserved.csv", {"fields": {"channel": "source"}, "drop": frozenset(["score"])}, (2, 0)),
    ("semicolon-eu.csv", {"decimal": ","}, (3, 0)),
    ("sep-line.csv", {}, (1, 0)),
    ("spaces.csv", {}, (2, 0)),
    ("times.jsonl", {}, (12, 6)),
    ("unbalanced-quote.csv", {}, (298, 2)),
    ("utf16.csv", {}, (2, 0)),
    ("zipped-as.csv", {}, (2, 0)),
    ("epoch-no-id.csv", {"fields": {"event_time": "timestamp"}, "id_from": "row"}, (3, 0)),
    (
        "sparkov-shape.csv",
        {
            "fields": mapping(
                [
                    "event_id=trans_num",
                    "user_id=cc_num",
                    "card_id=cc_num",
                    "amount=amt",
                    "event_time=trans_date_trans_time",
                ]
            ),
            "zone": "UTC",
            "label": "is_fraud",
        },
        (3, 0),
    ),
    (
        "tabformer-shape.csv",
        {
            "fields": mapping(["user_id=User", "event_time=Year+Month+Day+Time", "amount=Amount"]),
            "zone": "UTC",
            "label": "Is Fraud?",
            "id_from": "row",
        },
        (3, 0),
    ),
]


def shared(name: str) -> Path:
    if not (SHARED / name).is_file():
        pytest.skip(f"{name} is not beside this checkout")
    return SHARED / name


@pytest.mark.parametrize(("name", "options", "counts"), SHARED_CASES, ids=[one[0] for one in SHARED_CASES])
def test_reported_files_are_read_whole(name: str, options: dict[str, Any], counts: tuple[int, int]) -> None:
    rows = rows_of(shared(name), **options)
    assert (len(sent(rows)), len(refused(rows))) == counts


@pytest.mark.parametrize(
    ("name", "rules", "options", "expected"),
    [
        ("order-ascending.csv", "rules-basic.yaml", {}, {"velocity": 12}),
        ("order-fraud-first.csv", "rules-basic.yaml", {}, {"velocity": 12}),
        ("pandas-booleans.csv", "rules-basic.yaml", {}, {"not_present": 3, "new_device": 3}),
        ("mcc-leading-zero.csv", "rules-basic.yaml", {}, {"risky_mcc": 3}),
        ("mcc-quoted.csv", "rules-basic.yaml", {}, {"risky_mcc": 3}),
        ("eu-thousands.csv", "rules-large.yaml", {"decimal": ","}, {"large": 2}),
    ],
)
def test_reported_files_are_decided_right(
    name: str, rules: str, options: dict[str, Any], expected: dict[str, int]
) -> None:
    found = judged(shared(name), yaml.safe_load(shared(rules).read_text()), **options)
    assert fired(found) == expected


@pytest.mark.parametrize("name", ["duplicate-column.csv", "preamble.csv", "reserved.csv", "semicolon-eu.csv"])
def test_reported_files_that_cannot_be_read_so_are_refused_once(name: str) -> None:
    assert all(hint_of(shared(name)))
