"""Which DynamoDB is started, on what terms, and what becomes of moto's when it is killed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from moto.dynamodb.models import dynamodb_backends
from werkzeug.test import Client

from fraudctl.errors import ProfileError
from fraudctl.home.stack import Paths
from fraudctl.servers import Site, _moto
from fraudctl.servers.dynamodb import Server
from fraudctl.settings import reading

NOW_S = 1_000
TABLE = {
    "TableName": "t",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
}
EXPIRES = {"TableName": "t", "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "end"}}
Ask = Callable[..., dict[str, Any]]


def server(folder: Path, settings: str = "{}") -> Server:
    profile = folder / "own.yaml"
    profile.write_text(f"servers: {{dynamodb: {{settings: {settings}}}}}", encoding="utf-8")
    told = reading.load(profile).server("dynamodb")
    return Server(Site(Paths(folder), {"dynamodb": 7}, told, folder / "cache"))


@pytest.mark.parametrize(
    ("before", "settings", "said"),
    [
        ("shared-local-instance.db", "{}", "is moto now, which does not read the alerts that dynamodb-local"),
        (
            "moto",
            "{implementation: dynamodb-local, accept_terms: true}",
            "is dynamodb-local now, which does not read the alerts that moto",
        ),
    ],
)
def test_alerts_that_another_implementation_has_kept_are_not_passed_over_in_silence(
    tmp_path: Path, before: str, settings: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    one = server(tmp_path, settings)
    one.prepare()
    assert capsys.readouterr().err == ""
    (one.data / before).mkdir()
    one.prepare()
    told = " ".join(capsys.readouterr().err.split())
    assert said in told
    assert "fraudctl verify sinks --repair" in told


def test_who_has_tables_of_its_own_is_told_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one = server(tmp_path)
    one.prepare()
    for name in ("moto", "shared-local-instance.db"):
        (one.data / name).mkdir()
    one.prepare()
    assert capsys.readouterr().err == ""


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Callable[[], tuple[_moto.Kept, Ask]]]:
    """Starts the server anew over the same journal, with an empty memory."""

    opened: list[_moto.Journal] = []

    def start() -> tuple[_moto.Kept, Ask]:
        dynamodb_backends.reset()
        opened.append(_moto.Journal(tmp_path / "data" / "journal"))
        one = _moto.Kept(opened[-1])
        one.replay()
        client = Client(one)

        def ask(operation: str, service: str = "DynamoDB_20120810", **arguments: Any) -> dict[str, Any]:
            scope = "Credential=a/20260101/eu-central-1/dynamodb/aws4_request"
            headers = {
                "X-Amz-Target": f"{service}.{operation}",
                "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
            }
            answer: dict[str, Any] = json.loads(
                client.post("/", data=json.dumps(arguments).encode(), headers=headers).data
            )
            return answer

        return one, ask

    yield start
    dynamodb_backends.reset()
    for journal in opened:
        journal.close()


def item(key: str, end_s: int = NOW_S + 60) -> dict[str, Any]:
    return {"k": {"S": key}, "end": {"N": str(end_s)}}


def records(ask: Ask) -> list[tuple[str, str, str]]:
    """What the stream tells: the event, the key, and who deleted."""
    streams = "DynamoDBStreams_20120810"
    arn = ask("DescribeTable", TableName="t")["Table"]["LatestStreamArn"]
    [shard] = ask("DescribeStream", streams, StreamArn=arn)["StreamDescription"]["Shards"]
    place = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": "TRIM_HORIZON"}
    iterator = ask("GetShardIterator", streams, **place)["ShardIterator"]
    found = ask("GetRecords", streams, ShardIterator=iterator)["Records"]
    return [
        (one["eventName"], one["dynamodb"]["Keys"]["k"]["S"], one.get("userIdentity", {}).get("Type", ""))
        for one in found
    ]


def test_a_profile_that_says_nothing_gets_moto_and_fetches_nothing(tmp_path: Path) -> None:
    one = server(tmp_path)
    assert one.uses() == frozenset()
    [program] = one.programs()
    assert program.argv[3:5] == ["-m", "fraudctl.servers._moto"]


def test_dynamodb_local_is_fetched_once_its_terms_are_accepted(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match=r"terms of its vendor .* accept_terms: true"):
        server(tmp_path, "{implementation: dynamodb-local}")
    one = server(tmp_path, "{implementation: dynamodb-local, accept_terms: true}")
    assert one.uses() == {"dynamodb", "compiler"}


def test_what_was_answered_is_there_after_a_kill_with_its_stream(kept: Any) -> None:
    _, ask = kept()
    ask("CreateTable", **TABLE)
    ask("PutItem", TableName="t", Item=item("a"))
    ask("PutItem", TableName="t", Item=item("b"))
    ask("DeleteItem", TableName="t", Key={"k": {"S": "a"}})
    before = records(ask)
    _, ask = kept()
    assert [one["k"]["S"] for one in ask("Scan", TableName="t")["Items"]] == ["b"]
    assert records(ask) == before == [("INSERT", "a", ""), ("INSERT", "b", ""), ("REMOVE", "a", "")]


def test_a_line_that_a_kill_cut_off_is_dropped_and_the_next_one_is_whole(kept: Any, tmp_path: Path) -> None:
    _, ask = kept()
    ask("CreateTable", **TABLE)
    with (tmp_path / "data" / "journal").open("ab") as journal:
        journal.write(b'{"headers": {"X-A')
    _, ask = kept()
    ask("PutItem", TableName="t", Item=item("a"))
    _, ask = kept()
    assert ask("Scan", TableName="t")["Count"] == 1


def test_a_refused_write_and_a_question_are_not_in_the_journal(kept: Any, tmp_path: Path) -> None:
    _, ask = kept()
    ask("CreateTable", **TABLE)
    condition = {"ConditionExpression": "attribute_not_exists(k)"}
    ask("PutItem", TableName="t", Item=item("a"), **condition)
    assert "ConditionalCheckFailed" in ask("PutItem", TableName="t", Item=item("a"), **condition)["__type"]
    ask("GetItem", TableName="t", Key={"k": {"S": "a"}})
    ask("BatchGetItem", RequestItems={"t": {"Keys": [{"k": {"S": "a"}}]}})
    assert len((tmp_path / "data" / "journal").read_text().splitlines()) == 2


def test_what_is_over_is_deleted_as_the_service_does_and_stays_so(kept: Any) -> None:
    one, ask = kept()
    ask("CreateTable", **TABLE)
    ask("UpdateTimeToLive", **EXPIRES)
    ask("PutItem", TableName="t", Item=item("old", NOW_S - 1))
    ask("PutItem", TableName="t", Item=item("new"))
    ask("PutItem", TableName="t", Item={"k": {"S": "none"}})
    one.sweep(NOW_S)
    told = [
        ("INSERT", "old", ""),
        ("INSERT", "new", ""),
        ("INSERT", "none", ""),
        ("REMOVE", "old", "Service"),
    ]
    assert records(ask) == told
    _, ask = kept()
    assert records(ask) == told
    assert {entry["k"]["S"] for entry in ask("Scan", TableName="t")["Items"]} == {"new", "none"}


def test_iterators_of_a_stream_are_not_kept_for_good(kept: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_moto, "_MOST_ITERATORS", 3)
    _, ask = kept()
    ask("CreateTable", **TABLE)
    for _ in range(5):
        records(ask)
    held = [
        len(backend.shard_iterators)
        for regions in _moto.dynamodbstreams_backends.values()
        for backend in regions.values()
    ]
    assert max(held) == 3


def test_nothing_but_dynamodb_is_answered(kept: Any) -> None:
    one, _ = kept()
    client = Client(one)
    assert client.post("/moto-api/reset").status_code == 404
    assert client.get("/", headers={"X-Amz-Target": "SNS.Publish"}).status_code == 404
