"""What a payment and a rule may read of a value."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fraudctl.files.options import ReadOptions
from fraudctl.files.rows import Reading, RefusedRow, Row
from pipeline.records.ids import IdLimits
from tests.unit.fraudctl.files.as_read import DAY, PLAIN, file, parquet, refused, rows_of, sent


def test_what_nothing_uses_refuses_no_payment_and_what_a_rule_uses_does(tmp_path: Path) -> None:
    path = parquet(tmp_path, amount=[1, 2], mcc=[["x"], None], tags=[{"a": 1}, None])
    reading = Reading(path, ReadOptions(), 65_536)
    assert ["mcc" in one or "tags" in one for one in sent(list(reading))] == [False, False]
    assert reading.notes() == [
        f"{name} left out of 1 rows, where it is no text, number or truth value" for name in ("mcc", "tags")
    ]
    assert refused(list(Reading(path, ReadOptions(), 65_536, frozenset(["mcc"])))) == [
        (1, "not_scalar: mcc: a list")
    ]
    assert Reading(path, ReadOptions(keep=frozenset()), 65_536).notes() == []
    assert (
        refused(list(Reading(path, ReadOptions(drop=frozenset(["mcc"])), 65_536, frozenset(["mcc"])))) == []
    )


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_addresses_and_codes_have_one_spelling_and_blanks_are_absent(tmp_path: Path, kind: str) -> None:
    values = {"ip": ["2001:DB8::1", "::ffff:1.2.3.4"], "country": ["de", " "], "channel": ["", "web"]}
    if kind == "parquet":
        path = parquet(tmp_path, amount=[1, 2], **values)
    else:
        rows = [
            {"event_id": f"e{n}", "user_id": "u", "event_time": f"{DAY}10:00Z", "amount": 1}
            | {name: cells[n] for name, cells in values.items()}
            for n in range(2)
        ]
        heading = ",".join(rows[0])
        lines = [",".join(map(str, row.values())) for row in rows]
        text = "\n".join([heading, *lines] if kind == "csv" else map(json.dumps, rows))
        path = file(tmp_path, text, f"x.{kind}")
    found = [row.transaction.fields for row in rows_of(path) if isinstance(row, Row)]
    assert found == [
        {"ip": "2001:db8::1", "country": "DE", "ip_as_sent": "2001:DB8::1"},
        {"ip": "1.2.3.4", "channel": "web", "ip_as_sent": "::ffff:1.2.3.4"},
    ]
    if kind == "csv":
        text = f'{PLAIN},ip\ne,u,{DAY}10:00Z,1,"1.2.3.4, 10.0.0.1"\n'
        assert refused(rows_of(file(tmp_path, text, "p.csv")))[0][1].startswith(
            "bad_ip: '1.2.3.4, 10.0.0.1': several addresses"
        )


@pytest.mark.parametrize("name", ["x.csv", "x.jsonl"])
def test_ids_that_nobody_can_tell_apart_are_refused_as_the_job_refuses_them(
    tmp_path: Path, name: str
) -> None:
    cards = ["4\u200b2", "42", "x" * 257, "\u202e42"]
    if name == "x.csv":
        lines = ["event_id,user_id,event_time,amount,card_id"]
        lines += [f"e{n},u,2026-01-01T12:00:00Z,1,{card}" for n, card in enumerate(cards)]
    else:
        head = {"user_id": "u", "event_time": "2026-01-01T12:00:00Z", "amount": 1}
        lines = [json.dumps({"event_id": f"e{n}", **head, "card_id": card}) for n, card in enumerate(cards)]
    path = file(tmp_path, "\n".join(lines) + "\n", name)
    assert [one.reason for one in Reading(path, ReadOptions(), 65_536) if isinstance(one, RefusedRow)] == [
        "bad_id: card_id has U+200B, which nobody sees",
        "id_too_long: card_id has 257 bytes, at most 256",
        "bad_id: card_id has U+202E, which nobody sees",
    ]
    taken = Reading(path, ReadOptions(), 65_536, ids=IdLimits(300, True))
    assert [type(one) for one in taken] == [Row] * 4
