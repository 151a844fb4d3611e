"""Files that nobody should have written, by name: each command that reads files gets all of them."""

from __future__ import annotations

import gzip
import io
import json
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq

HEADING = "event_id,user_id,event_time,amount,label"
ROW = "e1,u1,2026-01-01T10:00:00Z,1.50,1"
OBJECT = {"event_id": "e1", "user_id": "u1", "event_time": "2026-01-01T10:00:00Z", "amount": 1.5, "label": 1}


def _csv(*lines: str) -> bytes:
    return "\n".join([HEADING, *lines]).encode()


def _json(**members: object) -> bytes:
    return json.dumps(OBJECT | members).encode() + b"\n"


def _zip(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, _csv(ROW))
    return out.getvalue()


def _parquet(**columns: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


_GOOD_PARQUET = _parquet(**{name: [value] for name, value in OBJECT.items()})

HOSTILE: dict[str, bytes] = {
    "empty.csv": b"",
    "empty.jsonl": b"",
    "empty.parquet": b"",
    "bom-alone.csv": b"\xef\xbb\xbf",
    "heading-alone.csv": _csv(),
    "blank-lines.csv": b"\n\n  \n\t\n",
    "commas.csv": _csv(",,,,", ",,,,,,,,,,,,"),
    "nul.csv": _csv(ROW, "e2\x00,u\x00,2026-01-01T10:00:00Z,1,0"),
    "nuls.bin": bytes(2_000),
    "no-utf8.csv": _csv(ROW) + b"\ne2,\xff\xfe\xfa,2026-01-01T10:00:00Z,1,0",
    "utf16-cut.csv": _csv(ROW).decode().encode("utf-16")[:-1],
    "surrogates.jsonl": b'{"event_id":"\\ud800","user_id":"\\udfff"}\n' + _json(),
    "open-quote.csv": _csv(ROW, '"e2,u,2026-01-01T10:00:00Z,1,0', ROW),
    "quotes-alone.csv": _csv('"""""""', '"', '""""'),
    "one-column.csv": b"a\nb\nc",
    "doubled-heading.csv": b"event_id," + _csv("1,2,u,2026-01-01T10:00:00Z,1,1"),
    "long-line.csv": _csv(ROW, "x" * (2 << 20), ROW),
    "many-columns.csv": _csv(ROW + ",1" * 20_000),
    "numbers.csv": _csv("e1,u,1e999,1,0", "e2,u,99999999999999999999999,1,0", f"e3,u,{'9' * 5_000},1,0"),
    "amounts.csv": _csv(*(f"e{n},u,2026-01-01T10:00:00Z,{a},1" for n, a in enumerate(
        ("1e999", "-1e-999", "NaN", "inf", "0x10", "1_000", "9" * 400, "\u0661", "--1", "=1+1")))),
    "formulas.csv": _csv("=cmd|' /C calc'!A0,@SUM(1),2026-01-01T10:00:00Z,1,1"),
    "terminal.csv": _csv("\x1b]0;x\x07\x1b[2J,u\x9b31m,2026-01-01T10:00:00Z,1,1"),
    "times.csv": _csv(*(f"e{n},u,{t},1,1" for n, t in enumerate(
        ("0000-00-00T00:00:00Z", "9999-12-31T23:59:59Z", "2026-02-30T10:00:00Z", "2026-01-01T25:00:00Z",
         "-1", "2026-01-01T10:00:00+99:99")))),
    "labels.csv": _csv(*(f"e{n},u,2026-01-01T10:00:00Z,1,{one}" for n, one in enumerate(
        ("2", "maybe", "TRUE", "", "fraud?", "-1", "1.0")))),
    "reserved.csv": _csv("e1~2,u,2026-01-01T10:00:00Z,1,1"),
    "deep.jsonl": b'{"event_id":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n" + _json(),
    "open.json": b"[" + _json() + b",",
    "twice.jsonl": b'{"event_id":"a","event_id":"b","user_id":"u"}\n' + _json(),
    "no-objects.jsonl": b'1\n"a"\nnull\n[1,2]\n' + _json(),
    "huge-number.jsonl": _json().replace(b"1.5", b"9" * 10_000),
    "kinds.jsonl": _json(event_id=None) + _json(user_id=[1]) + _json(amount={}) + _json(event_time=True)
    + _json(label={"x": 1}),
    "named-otherwise.parquet": _csv(ROW),
    "named-otherwise.csv": _GOOD_PARQUET,
    "cut.parquet": _GOOD_PARQUET[:-20],
    "no-footer.parquet": b"PAR1" + bytes(40) + b"PAR1",
    "no-rows.parquet": _parquet(event_id=pa.array([], pa.string())),
    "nested.parquet": _parquet(
        event_id=[{"a": [1]}], user_id=[[b"\xff"]], event_time=[None], amount=[float("nan")]
    ),
    "cut.csv.gz": gzip.compress(_csv(*[ROW] * 1_000))[:-9],
    "wrong-sum.csv.gz": gzip.compress(_csv(ROW))[:-8] + bytes(8),
    "twice-packed.csv.gz": gzip.compress(gzip.compress(_csv(ROW))),
    "no-gzip.csv.gz": _csv(ROW),
    "two-members.zip": _zip("a.csv", "b.csv"),
    "no-member.zip": _zip(),
    "upwards.zip": _zip("../../a.csv"),
    "avro.csv": b"Obj\x01" + _csv(ROW),
    "page.jsonl": b"<!DOCTYPE html><p>" + _json(),
    "single-quotes.csv": _csv("'e1','u,1','2026-01-01T10:00:00Z','1,5','1'", "'", "''", "'e2"),
    "sequence.jsonl": b"\x1e" + _json() + b"\x1e\x1e" + _json()[:-9] + b"\x1e" + _json(),
    "marks.jsonl": b"\xef\xbb\xbf" + _json() + b"\xef\xbb\xbf" * 3 + _json(),
    "envelopes.jsonl": _json(before={"event_id": 1}, after=None) + _json(before=[], after={"after": {}}),
    "types.jsonl": _json(event_id={"S": "e"}, amount={"N": {"N": "1"}}, user_id={"$oid": None}),
    "half-letters.csv": _csv(ROW) + "\n\u6c7a\u6e08".encode("cp932")[:-1],
    "dates.jsonl": _json(event_time="/Date(999999999999999)/") + _json(event_time="/Date(-1)/"),
}  # fmt: skip
