"""Decisions as the kernel writes them in Avro and Protobuf: their JSON comes back byte for byte, and by the
schemas that are registered any library reads what they say.

fastavro and Protobuf's own library know nothing of us.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

import fastavro
import pytest
from google.protobuf.json_format import MessageToDict

from fraudctl.kafka import frames
from fraudctl.settings import reading
from pipeline.records.decision_forms import json_of
from pipeline.records.decisions import Decision, Hit, Source, decode_decision, encode_decision
from pipeline.records.events import Transaction
from pipeline.records.framed import HEAD_BYTES, framed
from pipeline.records.quantities import Number
from tests.kernel_process import run_java
from tests.protoc import Compiled
from tests.schema_registry import schema_registry

WRITE = Path(__file__).parents[1] / "java" / "WriteDecisions.java"
FORMS = ("avro", "protobuf")
NUMBERS = (
    *("0", "-0", "7", "-7", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "1" * 40),
    *("0.1", "-0.0", "5.0", "48.20", "0.30000000000000004", "1.0000000000000000000001", "12345.6789"),
    *("1e5", "1E+5", "1e+16", "1e-05", "0.0001", "5e-324", "1.7976931348623157e+308", "123456789012345680.0"),
)
TEXTS = (
    "",
    "ada",
    "ü ß 漢 🦊",
    'a "quoted" \\ one',
    "line\nand\ttab\r\b\f",
    "\x01\x1f\x7f",
    "x" * 300,
    '","late":',
)
VERDICTS = ("approve", "review", "block")


def scalar(chance: random.Random) -> Any:
    return chance.choice((chance.choice(TEXTS), Number(chance.choice(NUMBERS)), chance.random() < 0.5))


def members(chance: random.Random, most: int) -> dict[str, Any]:
    return {f"{chance.choice(TEXTS)}{n}": scalar(chance) for n in range(chance.randrange(most))}


def any_decision(chance: random.Random) -> Decision:
    def text() -> str:
        return chance.choice(TEXTS)

    is_reused = chance.random() < 0.2
    return Decision(
        transaction=Transaction(
            f"e{text()}",
            f"u{text()}",
            chance.randrange(946_684_800_000, 4_102_444_800_000),
            chance.choice((0, 1, -1, 127, 128, -128, -129, 10**18 - 1, 1 - 10**18, chance.randrange(10**7))),
            members(chance, 9),
        ),
        score=chance.choice((0, 50, 100)),
        decision=chance.choice(VERDICTS),
        source=Source("risk.transactions", chance.randrange(256), chance.choice((0, 1, 2**40 - 1))),
        reasons=tuple(Hit(f"r{n}", chance.choice((-100, 0, 60)), text()) for n in range(chance.randrange(3))),
        features=members(chance, 30),
        ruleset_version=f"v{text()}",
        ruleset_hash="0f" * 32,
        late=chance.random() < 0.5,
        saturated=chance.random() < 0.5,
        plugin_errors={f"r{n}": text() for n in range(chance.choice((0, 0, 2)))},
        warming=tuple(f"f{n}" for n in range(chance.choice((0, 0, 3)))),
        content_hash="0123456789abcdef" if is_reused else None,
    )


def written(form: str, decisions: Sequence[bytes], folder: Path) -> list[bytes]:
    """As the kernel writes them, behind the frame of schema 7."""
    lines = folder / "decisions"
    lines.write_text("\n".join(one.hex() for one in decisions))
    return [bytes.fromhex(line) for line in run_java(WRITE, form, str(lines), heap_mb=256).splitlines()]


@pytest.fixture(scope="module")
def decisions() -> list[bytes]:
    chance = random.Random(20_261_128)
    return [encode_decision(any_decision(chance)) for _ in range(2_000)]


@pytest.mark.parametrize("form", ["json", *FORMS])
def test_the_json_of_whatever_is_decided_comes_back_byte_for_byte(
    form: str, decisions: list[bytes], tmp_path: Path
) -> None:
    values = written(form, decisions, tmp_path)
    assert {value[:HEAD_BYTES] for value in values} == {framed(7, b"")}
    assert [json_of(value) for value in values] == decisions
    assert [json_of(one) for one in decisions] == decisions


ONE = Decision(
    transaction=Transaction(
        "e1",
        "ada",
        1_764_000_000_123,
        -125_000,
        {"ip": "192.0.2.1", "lat": Number("48.20"), "lon": Number("11.5"), "tries": Number("3"), "new": True},
    ),
    score=75,
    decision="review",
    source=Source("risk.transactions", 3, 17),
    reasons=(Hit("burst", 60, "5 users from 192.0.2.1 in 2 minutes"), Hit("known", -5, "known device")),
    features={"ip_users_2m": Number("5"), "mean": Number("12.25"), "previous": "DE"},
    ruleset_version="v1",
    ruleset_hash="ab" * 32,
    late=True,
    saturated=False,
    plugin_errors={"odd": "KeyError: 'x'"},
    warming=("mean",),
    content_hash="0123456789abcdef",
)
JUDGED: Final = {
    "reasons": [
        {"rule": "burst", "points": 60, "text": "5 users from 192.0.2.1 in 2 minutes"},
        {"rule": "known", "points": -5, "text": "known device"},
    ],
    "plugin_errors": {"odd": "KeyError: 'x'"},
    "ruleset_version": "v1",
    "ruleset_hash": "ab" * 32,
}
"""what both forms have of `ONE` in the same words"""


def test_avro_is_read_by_the_schema_that_is_registered(tmp_path: Path) -> None:
    [value] = written("avro", [encode_decision(ONE)], tmp_path)
    content, schema = io.BytesIO(value[HEAD_BYTES:]), json.loads(shipped("decision.avsc"))
    found: Any = fastavro.schemaless_reader(content, fastavro.parse_schema(schema), None)
    assert content.read() == b""
    assert found == {
        "form": 1,
        "event_id": "e1",
        "user_id": "ada",
        "event_time": datetime.fromtimestamp(1_764_000_000, UTC).replace(microsecond=123_000),
        "amount": Decimal("-12.5000"),
        "fields": {"ip": "192.0.2.1", "lat": {"written": "48.20"}, "lon": 11.5, "tries": 3, "new": True},
        "source": {"topic": "risk.transactions", "partition": 3, "offset": 17},
        "features": {"ip_users_2m": 5, "mean": 12.25, "previous": "DE"},
        "late": True,
        "saturated": False,
        "content_hash": "0123456789abcdef",
        "warming": ["mean"],
        "score": 75,
        "decision": "review",
        **JUDGED,
    }


def test_protobuf_is_read_by_the_schema_that_is_registered(tmp_path: Path) -> None:
    [value] = written("protobuf", [encode_decision(ONE)], tmp_path)
    assert value[HEAD_BYTES : HEAD_BYTES + 1] == b"\0"
    message = Compiled(shipped("decision.proto")).message("fraudctl.Decision")
    message.ParseFromString(value[HEAD_BYTES + 1 :])
    assert MessageToDict(message, preserving_proto_field_name=True) == {
        "event_id": "e1",
        "user_id": "ada",
        "event_time_ms": "1764000000123",
        "amount_units": "-125000",
        "fields": {
            "ip": {"text": "192.0.2.1"},
            "lat": {"written": "48.20"},
            "lon": {"fraction": 11.5},
            "tries": {"whole": "3"},
            "new": {"truth": True},
        },
        "source": {"topic": "risk.transactions", "partition": 3, "offset": "17"},
        "features": {"ip_users_2m": {"whole": "5"}, "mean": {"fraction": 12.25}, "previous": {"text": "DE"}},
        "late": True,
        "content_hash": "0123456789abcdef",
        "warming": ["mean"],
        "score": 75,
        "decision": "REVIEW",
        **JUDGED,
    }


@pytest.mark.parametrize("form", FORMS)
def test_content_that_is_broken_stops_nobody(form: str, tmp_path: Path) -> None:
    chance = random.Random(7)
    [whole] = written(form, [encode_decision(ONE)], tmp_path)
    for _ in range(5_000):
        place = chance.randrange(HEAD_BYTES, len(whole))
        other = whole[:place] + bytes([whole[place] ^ 1 << chance.randrange(8)]) + whole[place + 1 :]
        json_of(other[: chance.randrange(HEAD_BYTES, len(whole) + 1)])


def test_avro_that_ends_too_early_or_goes_on_is_no_decision(tmp_path: Path) -> None:
    [whole] = written("avro", [encode_decision(ONE)], tmp_path)
    broken = [*(whole[:end] for end in range(HEAD_BYTES, len(whole))), whole + b"\0"]
    assert [one for one in broken if is_decision(json_of(one))] == []
    assert is_decision(json_of(whole))


def is_decision(value: bytes) -> bool:
    try:
        decode_decision(value)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize(
    ("said", "kind", "file"),
    [
        ("json_schema", "JSON", "decision.schema.json"),
        ("avro", None, "decision.avsc"),
        ("protobuf", "PROTOBUF", "decision.proto"),
    ],
)
def test_the_schema_of_decisions_is_registered_once_by_the_topic_s_name(
    said: str, kind: str | None, file: str, tmp_path: Path
) -> None:
    with schema_registry() as registry:
        path = tmp_path / "own.yaml"
        path.write_text(f"schema_registry: {{url: '{registry.url}', decisions: {said}}}\n")
        profile = reading.load(path)
        assert [frames.decision_schema(profile) for _ in range(2)] == [1, 1]
        assert registry.schemas[1] == {"schema": shipped(file)} | ({"schemaType": kind} if kind else {})
        assert set(registry.asked) == {"/apis/ccompat/v7/subjects/risk.decisions-value/versions"}


def shipped(file: str) -> str:
    return (files("pipeline") / "schemas" / file).read_text(encoding="utf-8")
