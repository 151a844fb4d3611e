"""What the DynamoDB sink owes beyond what every sink does, against that of a profile that says nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ReadTimeoutError
from urllib3 import HTTPResponse

from pipeline import sinks
from pipeline.connections.aws import Access
from pipeline.records.clock import now_ms
from pipeline.records.decision_bytes import take_apart
from pipeline.records.decisions import Hit
from pipeline.sinks import Damaged, Outcome, ReadBack, Unavailable
from pipeline.sinks.dynamodb import client as dynamo
from pipeline.sinks.dynamodb import memory
from pipeline.sinks.dynamodb.client import Table
from pipeline.sinks.dynamodb.memory import Remembered
from tests.decisions import decided

BURST = Hit("ip_burst", 60, "5 users from 203.0.113.9 in 2 minutes")
HOUR = 3_600_000
_ids = count()


@pytest.fixture
def table() -> str:
    return f"sink_{os.getpid()}_{next(_ids)}"


@pytest.fixture
def open_sink(dynamodb_server: Any, table: str) -> Iterator[Callable[..., Any]]:
    opened = []

    def open_one(**settings: Any) -> Any:
        sink = sinks.connect("dynamodb", dynamodb_server.address, None, {"table": table, **settings})
        opened.append(sink)
        return sink

    yield open_one
    for sink in opened:
        sink.close()


@pytest.fixture
def items(dynamodb_server: Any, table: str) -> Callable[[], dict[str, Any]]:
    client = dynamo.client(dynamodb_server.address)
    return lambda: {i["event_id"]["S"]: i for i in dynamo.pages(client.scan, TableName=table)}


def test_an_alert_lives_from_its_append_time_on(open_sink: Any, items: Any) -> None:
    append_ms = now_ms() - HOUR
    open_sink(alert_ttl="2h").write([decided("e", BURST, append_ms=append_ms)])
    assert items()["e"]["expires_at"]["N"] == str(-(-(append_ms + 2 * HOUR) // 1000))


def test_an_alert_whose_time_is_over_is_not_raised(open_sink: Any, items: Any) -> None:
    sink = open_sink(alert_ttl="2h")
    assert sink.write([decided("e", BURST, append_ms=now_ms() - 2 * HOUR - 1_001)]) == Outcome(written=1)
    assert items() == {}


@pytest.mark.parametrize(
    ("attribute", "value"),
    [("decision", {"N": "1"}), ("reasons", {"L": [{"S": "r"}]}), ("reasons", {"L": [{"M": {}}]})],
)
def test_an_item_of_another_form_is_named(
    open_sink: Any, items: Any, table: str, dynamodb_server: Any, attribute: str, value: Any
) -> None:
    sink = open_sink()
    sink.write([decided("e", BURST), decided("f", BURST, offset=1)])
    client, item = dynamo.client(dynamodb_server.address), items()["e"]
    dynamo.call(client.put_item, TableName=table, Item=item | {attribute: value})
    with pytest.raises(Damaged, match=f"{table}, item ada/e lacks"):
        sink.held("ada", "e")
    assert sink.held("ada", "f") is not None


def test_approved_decisions_of_the_first_run_leave_nothing(open_sink: Any, items: Any) -> None:
    assert open_sink().write([decided(f"e{n}", offset=n) for n in range(250)]) == Outcome(written=250)
    assert items() == {}


def test_a_restart_remembers_which_runs_were_seen(open_sink: Any, items: Any) -> None:
    now = now_ms()
    open_sink().write([decided("old", BURST, run=2, append_ms=now - HOUR)])
    open_sink().write([decided("fine", offset=1, run=2, append_ms=now)])
    assert set(items()) == {"old"}
    open_sink().write([decided("older", BURST, offset=2, run=1, append_ms=now)])
    open_sink().write([decided("marked", offset=3, run=2, append_ms=now)])
    mark = items()["marked"]
    assert set(mark) == {"user_id", "event_id", "position", "expires_at"}
    assert mark["expires_at"]["N"] == str(-(-(now + 600_000) // 1000))


def is_alert(item: Any) -> bool:
    return "decision" in item


def test_an_alert_is_withdrawn_whoever_raised_it(open_sink: Any, items: Any) -> None:
    """A writer remembers which events have alerts, so it must notice that another one has written."""
    one, other = open_sink(), open_sink()
    one.write([decided("mine", BURST, offset=0), decided("fine", offset=1)])
    other.write([decided("theirs", BURST, offset=2)])
    assert one.write([decided("theirs", offset=3), decided("mine", offset=4)]) == Outcome(written=2)
    assert set(items()) == {"mine", "theirs"}
    assert not any(map(is_alert, items().values()))

    other.write([decided("again", BURST, offset=5)])
    open_sink().write([decided("again", offset=6), decided("new", BURST, offset=7)])
    assert one.write([decided("new", offset=8)]) == Outcome(written=1)
    assert not any(map(is_alert, items().values()))


def test_an_alert_of_a_batch_that_failed_is_withdrawn(
    open_sink: Any, items: Any, dynamodb_server: Any, table: str
) -> None:
    sink = open_sink(threads=1)
    sink.write([decided("fine")])
    client = dynamo.client(
        dynamodb_server.address, Access(), threads=3, region=None, attempts=1
    )  # the writer's own

    def fail(params: Any, **_: Any) -> None:
        if params["Item"]["event_id"]["S"] == "second":
            raise OSError("the network is gone")

    event = "before-parameter-build.dynamodb.PutItem"
    client.meta.events.register(event, fail)
    try:
        with pytest.raises(Unavailable, match="the network is gone"):
            sink.write([decided("first", BURST, offset=1), decided("second", BURST, offset=2)])
    finally:
        client.meta.events.unregister(event, fail)
    assert is_alert(items()["first"])
    assert sink.write([decided("first", offset=3)]) == Outcome(written=1)
    assert not is_alert(items()["first"])


def test_only_events_that_may_have_an_alert_are_looked_for(open_sink: Any, dynamodb_server: Any) -> None:
    sink = open_sink(threads=5)
    sink.write([decided("flagged", BURST)])
    client = dynamo.client(
        dynamodb_server.address, Access(), threads=7, region=None, attempts=1
    )  # the writer's own
    asked: list[str] = []

    def note(params: Any, **_: Any) -> None:
        for table, wanted in params["RequestItems"].items():
            asked.extend(key["event_id"]["S"] for key in wanted["Keys"] if not table.endswith("_runs"))

    event = "before-parameter-build.dynamodb.BatchGetItem"
    client.meta.events.register(event, note)
    try:
        sink.write([decided("flagged", offset=1), *(decided(f"e{n}", offset=2 + n) for n in range(300))])
    finally:
        client.meta.events.unregister(event, note)
    assert asked == ["flagged"]


@pytest.mark.parametrize("way", ["throttled", "slow"])
def test_a_page_that_is_throttled_or_not_answered_is_read_again(
    open_sink: Any, dynamodb_server: Any, way: str
) -> None:
    sink = open_sink(threads=5)
    sink.write([decided("one", BURST), decided("two", BURST, offset=1)])
    client = dynamo.client(dynamodb_server.address, Access(), threads=7, region=None, attempts=5)  # its own
    left = [1, 2]

    def refuse(request: Any, **_: Any) -> Any:
        if not left:
            return None
        left.pop()
        if way == "slow":
            raise ReadTimeoutError(endpoint_url=request.url)
        body = b'{"__type": "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException"}'
        return AWSResponse(request.url, 400, {}, HTTPResponse(BytesIO(body), preload_content=False))

    client.meta.events.register("before-send.dynamodb.Scan", refuse)
    try:
        assert {entry.event_id for entry in sink.entries()} == {"one", "two"}
    finally:
        client.meta.events.unregister("before-send.dynamodb.Scan", refuse)
    assert left == []


def test_what_can_no_longer_have_an_item_is_forgotten() -> None:
    remembered = Remembered([("ada", "old")], ttl_ms=100, now_ms=0)
    remembered.add([("ada", "later")], now_ms=90)
    remembered.add([("ada", "new")], now_ms=101)
    assert all(remembered.may_have(("ada", name)) for name in ("old", "later", "new"))
    assert not remembered.may_have(("bob", "new"))
    remembered.add([("ada", "newest")], now_ms=202)
    found = [name for name in ("old", "later", "new", "newest") if remembered.may_have(("ada", name))]
    assert found == ["new", "newest"]


def test_of_a_table_with_too_many_alerts_each_event_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "MOST", 2)
    remembered = Remembered([("ada", "a"), ("ada", "b")], ttl_ms=100, now_ms=0)
    assert not remembered.may_have(("ada", "c"))
    remembered.add([("ada", "d")], now_ms=1)
    assert remembered.may_have(("ada", "c"))
    many = Remembered((("ada", str(n)) for n in count()), ttl_ms=100, now_ms=0)  # ends
    assert many.may_have(("bob", "c"))


def test_what_dynamodb_can_never_take_is_found_among_the_others(open_sink: Any) -> None:
    long_key = decided("k" * 1_025, BURST)
    too_large = decided("large", Hit("wordy", 60, "x" * 410_000), offset=1)
    others = [decided(f"e{n}", BURST, offset=2 + n) for n in range(10)]
    approved = decided("a" * 1_025, offset=20)
    outcome = open_sink().write([*others[:5], long_key, too_large, *others[5:], approved])
    assert (outcome.written, outcome.superseded) == (11, 0)
    assert {one.delivery.offset for one in outcome.refused} == {0, 1}


def test_an_alert_that_is_too_large_for_an_item_goes_without_its_longest_texts(open_sink: Any) -> None:
    sink: ReadBack = open_sink()
    features = {"short": "x" * 30_000}
    one = decided("large", BURST, note="x" * 390_000, country="y" * 20_000, features=features)
    assert sink.write([one]) == Outcome(written=1)
    ((_, held),) = sink.look_up([("ada", "large")]).items()
    expected = sink.expected(one, take_apart(one.value))
    assert expected is not None
    assert held.fields == expected.fields
    named = dict(zip(sink.fields, held.fields, strict=True))
    assert (named["left_out"], named["extra"], named["country"]) == ("extra", None, "y" * 20_000)
    assert named["features"] == '{"short":"' + "x" * 30_000 + '"}'


def test_a_table_with_another_key_is_not_now(open_sink: Any, dynamodb_server: Any, table: str) -> None:
    client = dynamo.client(dynamodb_server.address)
    dynamo.ensure(client, Table(table, (("event_id", "S"),), ttl=None))
    with pytest.raises(Unavailable, match="has the key"):
        open_sink().write([decided("e", BURST)])


def test_a_table_that_somebody_else_must_make_is_waited_for(open_sink: Any) -> None:
    with pytest.raises(Unavailable, match="missing"):
        open_sink(create=False).write([decided("e", BURST)])
    assert open_sink().write([decided("e", BURST)]) == Outcome(written=1)
    assert open_sink(create=False).write([decided("e", BURST)]) == Outcome(superseded=1)


@pytest.mark.parametrize("name", ["score", "amount", "reasons", "expires_at", "currency", "note"])
def test_each_attribute_counts_in_verification(
    open_sink: Any, dynamodb_server: Any, table: str, name: str
) -> None:
    sink: ReadBack = open_sink()
    one = decided("e", BURST, currency="EUR")
    sink.write([one])
    expected = sink.expected(one, take_apart(one.value))
    assert expected is not None
    expected = expected._replace(expires_ms=None)
    assert list(sink.entries()) == [expected]
    key = {"user_id": {"S": "ada"}, "event_id": {"S": "e"}}
    change = {"score": {"N": "61"}, "amount": {"N": "12.4"}, "note": {"S": "mine"}, "currency": {"S": "USD"}}
    client = dynamo.client(dynamodb_server.address)
    update: dict[str, Any] = {"UpdateExpression": "REMOVE #n", "ExpressionAttributeNames": {"#n": name}}
    if name in change:
        update["UpdateExpression"] = "SET #n = :v"
        update["ExpressionAttributeValues"] = {":v": change[name]}
    dynamo.call(client.update_item, TableName=table, Key=key, **update)
    found = sink.look_up([("ada", "e")])["ada", "e"]
    wrong = [n for n, a, b in zip(sink.fields, found.fields, expected.fields, strict=True) if a != b]
    assert wrong == ["foreign" if name == "note" else name]
    sink.forget([(("ada", "e"), one.position - 1)])
    assert list(sink.entries()) == [found]
    sink.forget([(("ada", "e"), one.position)])
    assert sink.write([one]) == Outcome(written=1)
    assert list(sink.entries()) == [expected]


def test_a_setting_that_is_no_duration_is_refused(open_sink: Any) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        open_sink(alert_ttl="soon")
