"""Transactions in Protobuf: the kernel and Python make the same JSON of them, or none.

The registry is a double; schemas are compiled, and messages written, by Protobuf's own compiler and library.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pipeline.connections.registry.description import SchemaRegistry
from pipeline.records.events import decode
from pipeline.records.framed import framed
from tests.contract.test_schema_registry import broken, by_kernel, by_python, codes, numbers
from tests.protoc import Compiled, in_frame
from tests.schema_registry import SchemaRegistryDouble, schema_registry

DECIMAL = {
    "confluent/type/decimal.proto": """
        syntax = "proto3";
        package confluent.type;
        message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }
    """
}
SCHEMA = """
/* What a shop sends. */
syntax = "proto3";
package org.example.pay;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import public "confluent/type/decimal.proto";
option java_package = "org.example; }";
message Elsewhere { repeated string unread = 1; message Deep { string event_id = 1; } }
message Payment {
  option deprecated = false;
  reserved 90 to 99, 120;
  reserved "old";
  enum Channel { option allow_alias = true; WEB = 0; SITE = 0; APP = 0x1; LOST = -3; }
  string event_id = 1; // who
  string user_id = 2 [json_name = "userId", deprecated = false];
  google.protobuf.Timestamp event_time = 3;
  confluent.type.Decimal amount = 4;
  .google.protobuf.StringValue currency = 5;
  Channel channel = 6;
  optional int32 tries = 7;
  int64 seen = 010;
  double ratio = 9;
  float share = 10;
  bool is_new = 11;
  oneof how { Payment.Channel last_channel = 12; string other = 13; sint64 change = 14; }
  uint32 u32 = 15; uint64 u64 = 16; sint32 s32 = 17; fixed32 f32 = 18; fixed64 f64 = 19;
  sfixed32 sf32 = 20; sfixed64 sf64 = 21;
  google.protobuf.Int64Value wrapped = 22;
  google.protobuf.BoolValue told = 23;
  google.protobuf.DoubleValue wide = 24;
  string message = 25;
}
service Nothing { rpc Do (Payment) returns (Elsewhere) { option deprecated = true; } }
"""
JSON = (
    b'{"event_id":"e1","user_id":"ada","event_time":1750000000123,"amount":-12.50,"currency":"EUR",'
    b'"channel":"APP","tries":0,"seen":7,"ratio":0.1,"share":0.3,"is_new":true,"last_channel":"WEB",'
    b'"u32":0,"u64":18446744073709551615,"s32":-5,"f32":0,"f64":0,"sf32":0,"sf64":-1,"wrapped":0,"wide":1.5}'
)


@pytest.fixture
def registry() -> Iterator[SchemaRegistryDouble]:
    with schema_registry() as double:
        yield double


@pytest.fixture(scope="module")
def compiled() -> Compiled:
    return Compiled(SCHEMA, DECIMAL)


def payment(compiled: Compiled, **changes: object) -> Any:
    given: dict[str, object] = {
        "event_id": "e1",
        "user_id": "ada",
        "event_time": {"seconds": 1_750_000_000, "nanos": 123_999_999},
        "amount": {"value": (-1250).to_bytes(2, "big", signed=True), "scale": 2},
        "currency": {"value": "EUR"},
        "channel": 1,
        "tries": 0,
        "seen": 7,
        "ratio": 0.1,
        "share": 0.3,
        "is_new": True,
        "last_channel": 0,
        "u64": 2**64 - 1,
        "s32": -5,
        "sf64": -1,
        "wrapped": {},
        "wide": {"value": 1.5},
    }
    return compiled.message("org.example.pay.Payment", **{**given, **changes})


SECOND = b"\x02\x02"
"""the place of the second message of a file"""


def test_a_protobuf_message_is_the_json_of_its_fields_that_are_there(
    registry: SchemaRegistryDouble, compiled: Compiled, tmp_path: Path
) -> None:
    told, number = SchemaRegistry(url=registry.url), registry.keep(SCHEMA, "PROTOBUF")
    deep = compiled.message("org.example.pay.Elsewhere.Deep", event_id="x")
    empty = compiled.message("org.example.pay.Payment")
    values = [
        in_frame(number, payment(compiled), SECOND),
        in_frame(number, deep, b"\x04\x00\x00"),
        in_frame(number, empty, SECOND),
    ]
    zeros = (
        b'{"channel":"WEB","seen":0,"ratio":0,"share":0,"is_new":false,"u32":0,"u64":0,"s32":0,"f32":0,'
        b'"f64":0,"sf32":0,"sf64":0}'
    )
    expected = [f"json {one.hex()}" for one in (JSON, b'{"event_id":"x"}', zeros)]
    assert by_python(told, values) == expected
    assert by_kernel(told, values, tmp_path) == expected
    assert decode(JSON).amount_units == -125_000


def test_the_kernel_and_python_say_the_same_of_every_message_and_of_everything_that_is_broken(
    registry: SchemaRegistryDouble, compiled: Compiled, tmp_path: Path
) -> None:
    chance, number = random.Random(11), registry.keep(SCHEMA, "PROTOBUF")
    texts = ["", '\0\x1f"\\/\b\f\n\r\t', "ä€\U0001f600\u2028", "x" * 5_000]
    messages = [payment(compiled, event_id=one, currency={"value": one}, other=one) for one in texts]
    messages += [
        payment(compiled, seen=low, change=low, tries=small, s32=small, sf32=small)
        for low in (-(2**63), 2**63 - 1)
        for small in (-(2**31), 2**31 - 1)
    ]
    messages += [payment(compiled, ratio=double, share=single) for double, single in numbers(chance)]
    messages += [payment(compiled, event_time={"seconds": -1, "nanos": 1}), payment(compiled, channel=-3)]
    messages += [payment(compiled, channel=9), payment(compiled, amount={"value": b""})]
    messages += [payment(compiled, amount={"value": b"\x80" + b"\0" * 63, "scale": 20})]
    messages += [payment(compiled, amount={"value": b"\1" * 65}), payment(compiled, amount={"scale": 21})]
    values = [in_frame(number, one, SECOND) for one in messages]
    whole = in_frame(number, payment(compiled), SECOND)
    values += broken(whole, chance)
    values += (whole + part for part in parts(compiled))
    values += (whole[:7] + mixed(chance) for _ in range(2_000))
    told = SchemaRegistry(url=registry.url)
    found = by_python(told, values)
    assert codes(by_kernel(told, values, tmp_path)) == codes(found)
    assert {one.split()[1].rstrip(":") for one in found if one.startswith("refused")} == {
        "invalid_utf8",
        "number_out_of_range",
        "undecodable",
        "unknown_schema",
        "unsupported_schema",
    }
    assert sum(one.startswith("json") for one in found) > 1_000


def parts(compiled: Compiled) -> Iterator[bytes]:
    """What may follow a message: fields again, of which the last counts, and messages in parts."""
    yield payment(compiled, event_id="e2").SerializeToString()
    for given in ({"change": -1}, {"other": "x"}, {"event_time": {"nanos": 7_000_000}}, {"told": {}}):
        yield compiled.message("org.example.pay.Payment", **given).SerializeToString()


def mixed(chance: random.Random) -> bytes:
    """Fields that there are, in any order, with any content."""
    found = b""
    for _ in range(chance.randrange(1, 5)):
        number, wire = chance.randrange(0, 27), chance.choice((0, 0, 1, 2, 2, 3, 5))
        size = chance.randrange(0, 12)
        content = {
            0: bytes(chance.choice((0x80, 0xFF, 0x81)) for _ in range(size)) + chance.randbytes(1),
            1: chance.randbytes(8),
            2: bytes([size]) + chance.randbytes(size),
            3: b"",
            5: struct.pack("<f", chance.random()),
        }[wire]
        tag = number << 3 | wire
        found += (bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])) + content
    return found


UNFIT = {
    "a list": 'syntax = "proto3"; message A { repeated string tags = 1; }',
    "a map": 'syntax = "proto3"; message A { map<string, int32> tags = 1; }',
    "bytes": 'syntax = "proto3"; message A { bytes blob = 1; }',
    "another message": 'syntax = "proto3"; message A { B b = 1; } message B {}',
    "a group": "message A { optional group G = 1 { } }",
    "an edition": 'edition = "2023"; message A {}',
    "another syntax": 'syntax = "proto4"; message A {}',
    "a message of that name": "package google.protobuf; message Timestamp {}"
    " message A { optional Timestamp t = 1; }",
    "nobody's type": 'syntax = "proto3"; message A { Unknown u = 1; }',
    "no Protobuf": "record A",
    "an open message": "message A {",
    "an open text": 'syntax = "proto3',
    "a number": "message A { optional int32 a = 0; }",
    "no number": "message A { optional int32 a = x; }",
    "too deep": "message A {" * 40 + "}" * 40,
    "a stray brace": "}",
}


def test_a_schema_that_can_be_of_no_transaction_refuses_its_messages_with_a_reason(
    registry: SchemaRegistryDouble, tmp_path: Path
) -> None:
    numbered = [registry.keep(schema, "PROTOBUF") for schema in UNFIT.values()]
    numbered.append(registry.keep("message A {}", "PROTOBUF", references=[{"name": "b", "subject": "b"}]))
    numbered.append(registry.keep("message A {}", "XML"))
    values = [
        framed(number, b"\x02\x02" if "Timestamp" in schema else b"\0")
        for number, schema in zip(numbered, [*UNFIT.values(), "", ""], strict=True)
    ]
    told = SchemaRegistry(url=registry.url)
    found = by_python(told, values)
    assert codes(found) == ["refused unsupported_schema"] * len(values)
    assert by_kernel(told, values, tmp_path) == found


def test_proto2_tells_what_is_absent_and_what_is_required(
    registry: SchemaRegistryDouble, tmp_path: Path
) -> None:
    text = (
        "message A { required string event_id = 1; optional int32 tries = 2 [default = 3];"
        " extensions 100 to max; optional bool is_new = 4; enum E { ONE = 1; } optional E e = 5; }"
        " extend A { optional string more = 100; }"
    )
    number, schema = registry.keep(text, "PROTOBUF"), Compiled(text)
    values = [in_frame(number, schema.message("A", event_id="x")), framed(number, b"\0")]
    values += [in_frame(number, schema.message("A", event_id="x", is_new=False, e=1))]
    told = SchemaRegistry(url=registry.url)
    little = b'{"event_id":"x"}'
    all_of_it = b'{"event_id":"x","is_new":false,"e":"ONE"}'
    expected = [f"json {little.hex()}", "refused undecodable: event_id is missing", f"json {all_of_it.hex()}"]
    assert by_python(told, values) == expected
    assert by_kernel(told, values, tmp_path) == expected
