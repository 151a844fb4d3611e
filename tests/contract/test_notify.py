"""What notifying owes, against the DynamoDB of a profile that says nothing and real HTTP and SMTP servers.

The channels are the files of `pipeline/notify/channels`. One called NAME needs a fixture `NAME_people` that
gives the other side (`People`); everything written for all channels then holds for it.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from pipeline import notifier, notify, sinks
from pipeline.connections.proxies import open_url
from pipeline.metrics import asking, catalogue
from pipeline.metrics.asking import Reading
from pipeline.notifier import Office
from pipeline.notify import erasure
from pipeline.notify.outbox import Claim
from pipeline.notify.postman import Digest, Postman
from pipeline.records.clock import now_ms
from pipeline.records.decisions import Hit
from pipeline.sinks import Outcome
from pipeline.sinks.dynamodb import client as dynamo
from tests import prometheus
from tests.contract import notifying
from tests.contract.notifying import BURST, People, World, decision
from tests.ports import free_port
from tests.waiting import LONG_S, await_that, kill_family


@pytest.fixture
def slack_people() -> Iterator[People]:
    with notifying.slack_people() as people:
        yield people


@pytest.fixture
def email_people() -> Iterator[People]:
    with notifying.email_people() as people:
        yield people


@pytest.fixture(params=notify.names())
def channel(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def people(channel: str, request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{channel}_people")


@pytest.fixture
def world(channel: str, people: People, dynamodb_server: Any) -> Iterator[World]:
    world = World(channel, people, dynamodb_server.address)
    yield world
    world.close()


def test_an_alert_is_told_once_and_says_why(world: World) -> None:
    world.sink.write([decision("e1", 0, BURST), decision("fine", 1)])
    world.step()
    world.step()
    assert len(world.people.got) == 1
    text = world.people.got[0].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert "Fraud alert: review, score 60, user ada" in text
    assert f"review 60: ada, 12.5 EUR, event e1: {BURST.text}" in text
    assert world.states() == []


def test_what_is_masked_is_told_to_nobody(world: World) -> None:
    world.document["masked"] = ["ip", "email"]
    world.restart()
    said = Hit("burst", 60, "5 users from 203.0.113.9, ada@example.org among them")
    world.sink.write([decision("e1", 0, said, ip="203.0.113.9", email="ada@example.org")])
    world.step()
    (text,) = world.people.got
    assert "203.0.113.9" not in text
    assert "ada@example.org" not in text
    assert "5 users from ***.9, ***rg among them" in text


def test_the_claims_of_a_forgotten_user_are_dropped_and_nobody_elses(world: World) -> None:
    world.sink.write([decision("e1", 0, BURST), decision("e2", 1, BURST)])
    world.step()
    client, table = world.config.client(), world.config.table
    assert len(list(erasure.of_user(client, table, "ada"))) == 2
    assert erasure.erase(client, table, "a") == 0
    assert erasure.erase(client, table, "ada") == 2
    assert list(erasure.of_user(client, table, "ada")) == []


def test_a_replayed_stream_and_a_decision_published_again_tell_nobody_twice(world: World) -> None:
    world.sink.write([decision("e1", 0, BURST)])
    world.step()
    world.office.offer(world.records())
    world.sink.write([decision("e1", 5, BURST)])
    world.step()
    world.restart()
    world.office.offer(world.records())
    world.step()
    assert len(world.people.got) == 1


def test_a_restart_reads_on_where_the_stream_was_left(world: World) -> None:
    world.sink.write([decision("e1", 0, BURST)])
    world.step()
    world.restart()
    pages = list(world.stream.pages())
    assert [record for page in pages for record in page.records] == []
    world.sink.write([decision("e2", 1, BURST)])
    world.step()
    assert len(world.people.got) == 2


def test_an_alert_withdrawn_before_it_was_told_is_never_told(world: World) -> None:
    world.sink.write([decision("e1", 0, BURST)])
    world.read()
    world.sink.write([decision("e1", 1)])
    world.step()
    assert (world.people.got, world.states()) == ([], [])
    assert world.office.postmen[0].counts.withdrawn == 1
    world.sink.write([decision("e1", 2, BURST)])
    world.step()
    assert len(world.people.got) == 1


class TestTimeToLive:
    """On one channel alone: no message is involved."""

    @pytest.fixture
    def channel(self) -> str:
        return "slack"

    def test_what_dynamodb_deletes_when_its_time_is_over_tells_nobody(self, world: World) -> None:
        world.sink.write([decision("old", 0, BURST)])
        world.step()
        assert len(world.people.got) == 1
        dynamo.call(
            world.config.client().update_item,
            TableName=world.document["alerts_table"],
            Key={"user_id": {"S": "ada"}, "event_id": {"S": "old"}},
            UpdateExpression="SET expires_at = :t",
            ExpressionAttributeValues={":t": dynamo.number(now_ms() // 1000 - 60)},
        )

        def deletions() -> list[Mapping[str, Any]]:
            return [record for record in world.records() if record["eventName"] == "REMOVE"]

        await_that(deletions, "DynamoDB deletes what is over, some time")
        assert deletions()[0]["userIdentity"]["PrincipalId"] == "dynamodb.amazonaws.com"
        world.step()
        world.office.offer(world.records())
        world.step()
        assert (len(world.people.got), world.states()) == (1, [])


def test_a_channel_that_says_later_is_asked_again_no_sooner(world: World, channel: str) -> None:
    world.people.answers = ["later"]
    world.sink.write([decision("e1", 0, BURST)])
    world.step()
    assert (world.people.got, world.states()) == ([], ["due"])
    world.restart()
    await_that(world.told, "it is told in the end")
    assert len(world.people.got) == 1
    if channel == "slack":
        assert world.people.asked_ms[1] - world.people.asked_ms[0] >= 990


def elsewhere(settings: Mapping[str, Any], port: int) -> dict[str, Any]:
    """The same settings with another port, whether they name it alone or in a URL."""
    moved = {
        name: re.sub(r"(?<=//127\.0\.0\.1:)\d+", str(port), value) if isinstance(value, str) else value
        for name, value in settings.items()
    }
    return moved | ({"port": port} if "port" in settings else {})


def test_a_channel_that_is_down_delays_without_loss_or_doubling(world: World) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        world.document["channels"] = {world.channel: elsewhere(world.people.settings, port)}
        world.restart()
        world.sink.write([decision("e1", 0, BURST)])
        world.step()
        assert world.states() == ["due"]
    world.document["channels"] = {world.channel: world.people.settings}
    world.restart()
    await_that(world.told, "it is told in the end")
    world.step()
    assert (len(world.people.got), world.states()) == (1, [])


def test_a_broken_connection_leaves_it_unknown_and_it_is_listed_but_not_sent_again(world: World) -> None:
    world.people.answers = ["hang up"]
    world.sink.write([decision("e1", 0, BURST)])
    world.step()
    world.restart()
    world.step()
    assert (world.people.got, len(world.people.asked_ms)) == ([], 1)
    listed = notifier.listed(world.config)
    assert [(c.state, c.user_id, c.event_id, c.channel) for c in listed] == [
        ("unknown", "ada", "e1", world.channel)
    ]


def test_what_a_channel_will_never_take_is_listed_as_refused(world: World) -> None:
    world.people.answers = ["never"]
    world.sink.write([decision("e1", 0, BURST)])
    world.step()
    world.step()
    assert (world.people.got, world.states(), len(world.people.asked_ms)) == ([], ["refused"], 1)


def test_a_claim_without_outcome_becomes_unknown_and_is_never_sent_by_itself(world: World) -> None:
    world.sink.write([decision("e1", 0, BURST)])
    world.read()
    claimed = world.office.outbox.claim(world.office.outbox.due(world.channel, 9), now_ms())
    assert len(claimed) == 1
    world.restart()
    world.step()
    assert world.states() == ["claimed"]
    world.document["unknown_after_ms"] = 1  # time is up
    await_that(lambda: world.states() == ["unknown"], "it counts as unknown even if nobody looks after it")
    world.restart()
    world.step()
    world.document["unknown_after_ms"] = 60_000
    assert world.states() == ["unknown"]
    assert world.office.outbox.claim(claimed, now_ms()) == []
    assert world.people.got == []


def test_a_burst_is_folded_into_one_digest(world: World) -> None:
    world.sink.write([decision(f"e{n}", n, BURST) for n in range(30)])
    world.step()
    assert len(world.people.got) == 1
    assert "30 fraud alerts, 0 of them blocked" in world.people.got[0]
    assert "and 10 more" in world.people.got[0]
    assert world.states() == []


def test_after_single_messages_a_burst_waits_for_the_end_of_the_window(world: World) -> None:
    passed_ms = 0
    channel = notify.connect(world.channel, world.people.settings)
    postman = Postman(
        world.channel, channel, world.office.outbox, Digest(60_000, 3), lambda: now_ms() + passed_ms
    )
    world.sink.write([decision("first", 0, BURST)])
    world.read()
    postman.step()
    world.sink.write([decision(f"e{n}", n, BURST) for n in range(1, 10)])
    world.read()
    postman.step()
    assert len(world.people.got) == 1
    passed_ms = 60_000
    postman.step()
    assert len(world.people.got) == 2
    assert "9 fraud alerts" in world.people.got[1]


def test_of_two_notifiers_one_tells(world: World) -> None:
    world.sink.write([decision(f"e{n}", n, BURST) for n in range(3)])
    world.read()
    other = Office(world.config)
    other.offer(world.records())
    threads = [threading.Thread(target=o.postmen[0].step) for o in (world.office, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.step()
    other.outbox.close()
    told = "\n".join(world.people.got)
    assert [told.count(f"event e{n}:") for n in range(3)] == [1, 1, 1]


def test_a_process_killed_while_it_sends_tells_at_most_once(world: World, tmp_path: Path) -> None:
    world.people.answers = ["wait"]
    world.sink.write([decision("e1", 0, BURST)])
    with world.process(tmp_path) as process:
        assert world.people.arrived.wait(LONG_S)
        kill_family(process.pid)
        process.wait()
        world.people.may_answer.set()
    world.sink.write([decision("e2", 1, BURST)])
    world.document |= {"unknown_after_ms": 3_000, "metrics_port": (port := free_port())}
    sent = Reading("fraudctl_notifications_total", (("channel", world.channel), ("outcome", "sent")), 1.0)
    with world.process(tmp_path):
        await_that(lambda: any("event e2:" in text for text in world.people.got), "the next one is told")
        await_that(lambda: world.states() == ["unknown"], "the first one is unknown")
        await_that(lambda: sent in asking.ask(port), "its figures say so")
        assert shown_as_the_catalogue_has_it(port) == (set(), "")
    assert len([text for text in world.people.got if "event e1:" in text]) <= 1
    counts = json.loads((tmp_path / "status.json").read_text())["channels"][world.channel]
    assert (counts["sent"], counts["unknown"]) == (1, 0)


def shown_as_the_catalogue_has_it(port: int) -> tuple[set[str], str]:
    """What the catalogue has of the notifier and is not told so, and what promtool says against the rest."""
    with open_url(f"http://127.0.0.1:{port}/metrics", LONG_S) as answer:
        shown = answer.read().decode()
    (chapter,) = (one for one in catalogue.CHAPTERS if one.program == "notifier")
    lines = {f"# TYPE {one.name} {one.kind}\n# HELP {one.name} {one.help}" for one in chapter.metrics}
    heads = {f"{kind}\n{about}" for about, kind in pairwise(shown.splitlines())}
    return lines - heads, prometheus.complaints(shown)


def test_two_channels_are_told_independently(
    slack_people: People, email_people: People, dynamodb_server: Any
) -> None:
    world = World("slack", slack_people, dynamodb_server.address)
    world.document["channels"]["email"] = dict(email_people.settings)
    world.restart()
    slack_people.answers = ["never"]
    world.sink.write([decision("e1", 0, BURST)])
    world.read()
    for postman in world.office.postmen:
        postman.step()
    assert (slack_people.got, len(email_people.got)) == ([], 1)
    world.close()


def test_the_alerts_that_live_are_read_and_not_those_that_are_over(dynamodb_server: Any) -> None:
    from pipeline.sinks.dynamodb import reader

    table = {"table": f"alerts_{notifying.own_number()}"}
    sink = sinks.connect("dynamodb", dynamodb_server.address, None, table)
    sink.write([decision("e1", 0, BURST), decision("e2", 1, BURST)])
    assert sink.write([decision("e2", 2)]) == Outcome(written=1)
    sink.close()

    def read(at_ms: int) -> list[str | None]:
        found = reader.alerts(dynamodb_server.address, None, table, at_ms, "ada")
        return [alert["event_id"] for alert in found]

    assert read(now_ms()) == ["e1"]
    assert read(now_ms() + 86_400_001 + 1_000) == []
    client = dynamo.client(dynamodb_server.address)
    ttl = dynamo.call(client.describe_time_to_live, TableName=table["table"])["TimeToLiveDescription"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires_at"}


def test_a_channel_that_lacks_a_setting_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="email needs host, from, to"):
        notify.connect("email", {})
    with pytest.raises(ValueError, match="slack needs webhook_file"):
        notify.connect("slack", {})
    with pytest.raises(ValueError, match="webhook_file"):
        notify.connect("slack", {"webhook_file": str(tmp_path / "absent")})
    there_are = ", ".join(notify.names())
    with pytest.raises(ValueError, match=f"no channel is called 'pager'; there are: {there_are}"):
        notify.connect("pager", {})


def test_a_claim_is_what_it_says() -> None:
    assert Claim("ada", "e1", "slack", "due", 1, 0).identity == ("ada", "e1")
