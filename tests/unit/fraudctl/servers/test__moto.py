"""moto's DynamoDB as a server of the stack: who may ask it, and what its journal keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.test import Client

from fraudctl.servers._moto import Journal, Kept

SIGNED = "AWS4-HMAC-SHA256 Credential={key}/20250101/eu-west-1/dynamodb/aws4_request, Signature=0"
TABLE = {
    "TableName": "t",
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture
def credentials(tmp_path: Path) -> Path:
    (tmp_path / "credentials").write_text("mine:secret\n")
    return tmp_path / "credentials"


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal(tmp_path / "journal.jsonl")
    yield opened
    opened.close()


def asked(kept: Kept, action: str, body: object, key: str | None) -> int:
    headers = {"X-Amz-Target": f"DynamoDB_20120810.{action}"}
    if key is not None:
        headers["Authorization"] = SIGNED.format(key=key)
    return Client(kept).post("/", data=json.dumps(body), headers=headers).status_code


@pytest.mark.parametrize("key", [None, "", "any", "mine2", "min", "secret"])
@pytest.mark.parametrize("action", ["ListTables", "CreateTable", "Scan"])
def test_who_does_not_know_the_key_is_answered_nothing_and_changes_nothing(
    journal: Journal, credentials: Path, key: str | None, action: str
) -> None:
    kept = Kept(journal, credentials)
    assert asked(kept, action, TABLE, key) == 400
    assert list(journal.entries()) == []


def test_another_key_in_the_file_counts_at_once(journal: Journal, credentials: Path) -> None:
    kept = Kept(journal, credentials)
    assert asked(kept, "ListTables", {}, "mine") == 200
    credentials.write_text("other:secret\n")
    assert (asked(kept, "ListTables", {}, "mine"), asked(kept, "ListTables", {}, "other")) == (400, 200)


def test_the_journal_keeps_no_key_and_makes_the_same_tables_under_another(
    journal: Journal, credentials: Path
) -> None:
    body = TABLE | {"TableName": "kept"}
    assert asked(Kept(journal, credentials), "CreateTable", body, "mine") == 200
    assert "mine" not in json.dumps(list(journal.entries()))
    credentials.write_text("other:secret\n")
    assert Kept(journal, credentials).replay() == 1
