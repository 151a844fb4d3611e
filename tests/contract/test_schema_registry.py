"""Transactions in Avro and by a JSON Schema: the kernel and Python make the same JSON of them, or none.

The registry is a double; the Avro is written by fastavro, which knows nothing of us.
"""

from __future__ import annotations

import io
import json
import math
import random
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import fastavro
import pytest

from fraudctl.engines.contract import BROKEN, WELL
from fraudctl.observe import connections
from fraudctl.settings import reading
from pipeline.connections.registry import jvm
from pipeline.connections.registry.client import Registry, Unanswered
from pipeline.connections.registry.description import SchemaRegistry
from pipeline.records.events import decode
from pipeline.records.framed import Framed, framed
from pipeline.records.quantities import Refusal
from tests.certificates import Authority
from tests.kernel_process import run_java
from tests.schema_registry import SchemaRegistryDouble, schema_registry

UNFRAME = Path(__file__).parents[1] / "java" / "Unframe.java"
TRANSACTION = {
    "type": "record",
    "name": "Payment",
    "namespace": "org.example",
    "fields": [
        {"name": "event_id", "type": "string"},
        {"name": "user_id", "type": {"type": "string", "avro.java.string": "String"}},
        {"name": "event_time", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "amount", "type": {"type": "bytes", "logicalType": "decimal", "precision": 130, "scale": 2}},
        {"name": "currency", "type": ["null", "string"], "default": None},
        {"name": "channel", "type": {"type": "enum", "name": "Channel", "symbols": ["WEB", "APP"]}},
        {"name": "before", "type": [{"type": "long", "logicalType": "timestamp-micros"}, "null"]},
        {"name": "tries", "type": "int"},
        {"name": "seen", "type": ["null", "long"]},
        {"name": "ratio", "type": ["null", "double"]},
        {"name": "share", "type": "float"},
        {"name": "is_new", "type": "boolean"},
        {"name": "last_channel", "type": ["null", "Channel"]},
        {
            "name": "fee",
            "type": {
                "type": "fixed",
                "name": "Fee",
                "size": 4,
                "logicalType": "decimal",
                "precision": 9,
                "scale": 4,
            },
        },
    ],
}
PAYMENT = {
    "event_id": "e1",
    "user_id": "ada",
    "event_time": 1_750_000_000_123,
    "amount": Decimal("-12.50"),
    "currency": "EUR",
    "channel": "APP",
    "before": 1_750_000_000_123_999,
    "tries": 3,
    "seen": None,
    "ratio": 0.1,
    "share": 0.3,
    "is_new": True,
    "last_channel": "WEB",
    "fee": Decimal("1.2500"),
}
JSON = (
    b'{"event_id":"e1","user_id":"ada","event_time":1750000000123,"amount":-12.50,"currency":"EUR",'
    b'"channel":"APP","before":1750000000123,"tries":3,"ratio":0.1,"share":0.3,"is_new":true,'
    b'"last_channel":"WEB","fee":1.2500}'
)


def written(number: int, schema: Any, record: Any) -> bytes:
    content = io.BytesIO()
    fastavro.schemaless_writer(content, fastavro.parse_schema(schema), record)
    return framed(number, content.getvalue())


@pytest.fixture
def registry() -> Iterator[SchemaRegistryDouble]:
    with schema_registry() as double:
        yield double


def by_python(told: SchemaRegistry, values: Sequence[bytes]) -> list[str]:
    framed, found = Framed(Registry(told).schema), []
    for value in values:
        try:
            found.append(f"json {framed.json_of(value).hex()}")
        except Refusal as refusal:
            found.append(f"refused {refusal}")
        except Unanswered as away:
            found.append(f"away {away}")
    return found


def by_kernel(told: SchemaRegistry, values: Sequence[bytes], folder: Path) -> list[str]:
    properties, lines = folder / "registry.properties", folder / "values"
    pairs = (f"{name}={value}".replace("\\", "\\\\") for name, value in jvm.properties(told).items())
    properties.write_text("\n".join(pairs))
    lines.write_text("\n".join(value.hex() for value in values))
    return run_java(UNFRAME, str(properties), str(lines), heap_mb=256).splitlines()


def codes(said: Sequence[str]) -> list[str]:
    """JSON whole, of refusals the code: the words of two libraries differ."""
    return [one.split(":")[0] if one.startswith("refused") else one for one in said]


def test_an_avro_record_is_the_json_of_its_fields_that_are_not_null(
    registry: SchemaRegistryDouble, tmp_path: Path
) -> None:
    told = SchemaRegistry(url=registry.url)
    value = written(registry.keep(TRANSACTION), TRANSACTION, PAYMENT)
    expected = [f"json {JSON.hex()}"]
    assert by_python(told, [value]) == expected
    assert by_kernel(told, [value], tmp_path) == expected
    assert decode(JSON).amount_units == -125_000


def test_content_by_a_json_schema_and_values_without_a_frame_stay_as_they_are(
    registry: SchemaRegistryDouble, tmp_path: Path
) -> None:
    number = registry.keep({"type": "object"}, "JSON")
    values = [framed(number, JSON), framed(number, b"no JSON"), JSON, b"{", b"[1]"]
    expected = [f"json {one.hex()}" for one in (JSON, b"no JSON", JSON, b"{", b"[1]")]
    told = SchemaRegistry(url=registry.url)
    assert by_python(told, values) == expected
    assert by_kernel(told, values, tmp_path) == expected


def broken(value: bytes, chance: random.Random) -> Iterator[bytes]:
    """It ends at every place, goes on, and has other bits."""
    yield from (value[:end] for end in range(len(value)))
    yield value + b"\0"
    for at in range(5, len(value)):
        for bit in range(8):
            yield value[:at] + bytes([value[at] ^ 1 << bit]) + value[at + 1 :]
    for _ in range(300):
        yield value[:5] + chance.randbytes(chance.randrange(1, 60))


def numbers(chance: random.Random) -> Iterator[tuple[float, float]]:
    """Of every size, and those at which writing numbers goes wrong."""
    known = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 2e23, 9007199254740993.0]
    known += [1e20, 1e21, 1e22, 1.5e21, 1e-20, 1e-21, 123456789012345680000.0, 0.1 + 0.2, math.inf, math.nan]
    for double in known:
        yield double, 0.1
    for single in (1e-45, 3.4028234663852886e38, 16777217.0, 0.1, -math.inf):
        yield 1.0, single
    for _ in range(1_500):
        [double] = struct.unpack("<d", chance.randbytes(8))
        [single] = struct.unpack("<f", chance.randbytes(4))
        yield double, single


def test_the_kernel_and_python_say_the_same_of_every_number_and_of_everything_that_is_broken(
    registry: SchemaRegistryDouble, tmp_path: Path
) -> None:
    chance, told = random.Random(7), SchemaRegistry(url=registry.url)
    number = registry.keep(TRANSACTION)
    texts = ["", '\0\x1f"\\/\b\f\n\r\t', "ä€\U0001f600\u2028", "x" * 5_000]
    records = [PAYMENT | {"event_id": text, "currency": text} for text in texts]
    records += [
        PAYMENT | {"seen": seen, "tries": tries}
        for seen in (-(2**63), 2**63 - 1)
        for tries in (-(2**31), 2**31 - 1)
    ]
    records += [PAYMENT | {"ratio": double, "share": single} for double, single in numbers(chance)]
    records += [PAYMENT | {"event_time": -1, "before": -1, "amount": Decimal(2**400)}]
    values = [written(number, TRANSACTION, one) for one in records]
    values += broken(written(number, TRANSACTION, PAYMENT), chance)
    found = by_python(told, values)
    assert codes(by_kernel(told, values, tmp_path)) == codes(found)
    assert {one.split()[1].rstrip(":") for one in found if one.startswith("refused")} == {
        "invalid_utf8",
        "number_out_of_range",
        "undecodable",
        "unknown_schema",
    }
    for record, said in zip(records, found, strict=False):
        if said.startswith("json"):
            members = json.loads(bytes.fromhex(said[5:]))
            assert float(members["ratio"]) == record["ratio"]
            assert struct.pack("<f", float(members["share"])) == struct.pack("<f", record["share"] + 0.0)


UNFIT = {
    "no record": {"type": "map", "values": "string"},
    "a list": {
        "type": "record",
        "name": "A",
        "fields": [{"name": "tags", "type": {"type": "array", "items": "int"}}],
    },
    "bytes": {"type": "record", "name": "B", "fields": [{"name": "blob", "type": "bytes"}]},
    "two types": {
        "type": "record",
        "name": "C",
        "fields": [{"name": "x", "type": ["null", "int", "string"]}],
    },
    "a record": {"type": "record", "name": "D", "fields": [{"name": "self", "type": ["null", "D"]}]},
    "no fields": {"type": "record", "name": "E"},
    "no JSON": "record",
    "an enum": {
        "type": "record",
        "name": "F",
        "fields": [{"name": "e", "type": {"type": "enum", "name": "G"}}],
    },
    "a scale": {
        "type": "record",
        "name": "H",
        "fields": [{"name": "d", "type": {"type": "bytes", "logicalType": "decimal", "scale": -1}}],
    },
}


def test_a_schema_that_is_not_known_or_can_be_of_no_transaction_refuses_its_records_with_a_reason(
    registry: SchemaRegistryDouble, tmp_path: Path
) -> None:
    numbers = [registry.keep(schema) for schema in UNFIT.values()]
    numbers.append(registry.keep("message Payment { repeated string tags = 1; }", "PROTOBUF"))
    numbers.append(registry.keep(TRANSACTION, references=[{"name": "a", "subject": "b", "version": 1}]))
    values = [framed(number, b"\0\0") for number in numbers]
    values += [framed(4_000_000, b"\0"), b"\0\0\0", b"\0" + b"\xff" * 4, b"\0"]
    told = SchemaRegistry(url=registry.url)
    found = by_python(told, values)
    assert codes(found) == ["refused unsupported_schema"] * len(numbers) + ["refused unknown_schema"] * 4
    assert by_kernel(told, values, tmp_path) == found


def test_a_registry_that_does_not_answer_refuses_no_record(
    registry: SchemaRegistryDouble, tmp_path: Path
) -> None:
    value = framed(registry.keep(TRANSACTION), b"\0")
    elsewhere, nobody = f"{registry.url}/elsewhere", "http://127.0.0.1:1"
    for url, said in (
        (elsewhere, "404 HTTP 404 Not Found"),
        (nobody, "efused"),
        (registry.url, "401 Unauthorized"),
    ):
        registry.password = "s3cret" if url == registry.url else None
        told = SchemaRegistry(url=url)
        for [found] in (by_python(told, [value]), by_kernel(told, [value], tmp_path)):
            assert (found[:5], said in found) == ("away ", True), found


def test_a_registry_with_tls_is_shown_our_certificate_and_password_and_new_ones_are_taken_up(
    tmp_path: Path,
) -> None:
    authority, other = Authority(tmp_path), Authority(tmp_path / "other", "another CA")
    ours, password = authority.issue("risk", password="key-s3cret"), tmp_path / "password"
    (tmp_path / "key-password").write_text("key-s3cret\n")
    password.write_text("first\n")
    with schema_registry(authority.issue("registry"), authority.cert) as double:
        told = SchemaRegistry(
            url=double.url,
            ca_file=authority.cert,
            cert_file=ours.cert,
            key_file=ours.key,
            key_password_file=tmp_path / "key-password",
            username="risk",
            password_file=password,
        )
        double.password = "first"
        values = [written(double.keep(TRANSACTION), TRANSACTION, PAYMENT)]
        expected = [f"json {JSON.hex()}"]
        assert by_python(told, values) == by_kernel(told, values, tmp_path) == expected
        for wrong in (
            replace(told, ca_file=other.cert),
            replace(told, cert_file=None, key_file=None, key_password_file=None),
        ):
            assert by_python(wrong, values)[0].startswith("away ")
            assert by_kernel(wrong, values, tmp_path)[0].startswith("away ")
        assert "s3cret" not in str(jvm.properties(told))
        registry = Registry(told)
        double.password = "second"
        with pytest.raises(Unanswered, match="401 Unauthorized"):
            registry.schema(1)
        password.write_text("second\n")
        assert registry.schema(1) is not None


def test_a_schema_is_asked_for_once(registry: SchemaRegistryDouble) -> None:
    value = written(registry.keep(TRANSACTION), TRANSACTION, PAYMENT)
    assert len(set(by_python(SchemaRegistry(url=registry.url), [value] * 3))) == 1
    assert registry.asked == ["/apis/ccompat/v7/schemas/ids/1"]


def test_doctor_tries_the_registry_of_a_profile_and_names_what_is_wrong_with_its_mend(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    ours = authority.issue("risk")
    (tmp_path / "password").write_text("first\n")
    profile = tmp_path / "team.yaml"
    with schema_registry(authority.issue("registry"), authority.cert) as double:
        double.password = "first"
        profile.write_text(
            f"schema_registry:\n  url: {double.url}\n  username: risk\n  password_file: password\n"
            f"  ca_file: {authority.cert}\n  cert_file: {ours.cert}\n  key_file: {ours.key}\n"
        )
        found = list(connections.examine(reading.load(profile)))
        assert [(one.name, one.state) for one in found] == [
            ("schema registry: name", WELL),
            ("schema registry: certificate", WELL),
            ("schema registry: own files", WELL),
            ("schema registry: login", WELL),
        ]
        assert found[-1].finding == "let in by a registry of AVRO, JSON, PROTOBUF"
        (tmp_path / "password").write_text("s3cret\n")
        [*_, login] = connections.examine(reading.load(profile))
    assert (login.name, login.state) == ("schema registry: login", BROKEN)
    assert login.finding.endswith("/schemas/types: it answers 401 Unauthorized")
    assert login.mend == "see url, username and password_file in schema_registry of the profile"
    [name, gone] = connections.examine(reading.load(profile))
    assert (name.state, gone.name, gone.state) == (WELL, "schema registry: connection", BROKEN)
    assert gone.mend == "see that the registry runs there, and port and firewalls on the way to it"
