"""The form of decisions in the audit index, without a server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.records.decision_bytes import Undecodable, take_apart
from pipeline.records.decision_record import Delivery
from pipeline.records.decisions import Decision, Hit, Source, encode_decision
from pipeline.records.events import Transaction
from pipeline.records.quantities import Number
from pipeline.sinks.elasticsearch import index
from pipeline.sinks.elasticsearch.index import Found

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=8)
HOSTILE = st.sampled_from(
    ['},{"_index":"', '"_source":', ',"sort":[', ',"late":', ',"features":{', "]", "\n", "a\\"]
)
NAMES = st.sampled_from(["vip", "_index", "_source", "sort", "extra", "extra_terms", "position", "ip", "lat"])
VALUES = st.one_of(
    TEXT, HOSTILE, st.booleans(), st.builds(Number, st.sampled_from(["1.50", "-0.0", "7", "2e3"]))
)


def delivery(event_id: str = "e", user_id: str = "ada", offset: int = 0, **fields: Any) -> Delivery:
    hits = (Hit("ip_burst", 60, f"why {event_id}"),)
    transaction = Transaction(event_id, user_id, 1_764_000_000_123, 125_000, fields)
    decision = Decision(
        transaction,
        60,
        "review",
        Source("t", 3, offset),
        hits,
        {"mean": Number("12.30")},
        "v1",
        "abc",
        late=False,
        saturated=False,
    )
    return Delivery(encode_decision(decision), 3, offset, 1, 1_764_000_100_000, None)


def place_of(one: Delivery) -> dict[str, Any]:
    parts = take_apart(one.value)
    name = index.document_id(parts.identity)
    return {"_index": "risk-2025.11", "_type": "_doc", "_id": name, "_version": one.position}


def answer(batch: list[Delivery], kind: str) -> bytes:
    """What a server says to a search or a multi-get that finds these documents."""
    hits = []
    for n, one in enumerate(batch):
        head = json.dumps(place_of(one), ensure_ascii=False, separators=(",", ":"))[:-1]
        text = index.document(one, take_apart(one.value))
        more = ',"_score":null,"_source":' if kind == "search" else ',"found":true,"_source":'
        hits.append(f"{head}{more}{text}" + (f',"sort":[{n}]}}' if kind == "search" else "}"))
    if kind == "search":
        return f'{{"_scroll_id":"abc==","took":1,"hits":{{"hits":[{",".join(hits)}]}}}}'.encode()
    absent = '{"_index":"risk-2025.12","_id":"3:ada:z","found":false}'
    return f'{{"docs":[{",".join([*hits, absent])}]}}'.encode()


@pytest.mark.parametrize("kind", ["search", "multi-get"])
@given(data=st.lists(st.tuples(TEXT | HOSTILE, TEXT | HOSTILE, st.dictionaries(NAMES, VALUES)), max_size=4))
def test_documents_read_back_as_what_is_expected_of_their_decisions(kind: str, data: Any) -> None:
    batch = [
        delivery(event, user, n, **{k: v for k, v in fields.items() if k != "ip" or type(v) is str})
        for n, (event, user, fields) in enumerate(data)
    ]
    found = list(index.documents(answer(batch, kind)))
    assert [one.version for one in found] == [one.position for one in batch]
    read = [index.read(one, "risk") for one in found]
    assert read == [index.expected(one, take_apart(one.value)) for one in batch]
    assert all(len(one.fields) == len(index.COMPARED) for one in read)


@given(TEXT, TEXT)
def test_an_id_says_which_event_it_is_of(user_id: str, event_id: str) -> None:
    one = delivery(event_id, user_id)
    found = Found("risk-2025.11", index.document_id((user_id, event_id)), 1, "{}")
    assert index.read(found, "risk").identity == (user_id, event_id)
    assert index.expected(one, take_apart(one.value)).identity == (user_id, event_id)


def test_an_id_is_never_longer_than_a_server_takes_and_differs_for_each_event() -> None:
    users = ["a", "ab", "é" * 300, "x" * 509, "x" * 510, "x" * 60_000]
    found = [index.document_id((user, "b:c")) for user in users]
    assert max(len(one.encode()) for one in found) <= 512
    assert len({*found, index.document_id(("a:b", "c"))}) == len(users) + 1


def test_what_lies_under_another_events_id_is_read_as_that_events() -> None:
    one = delivery("e")
    text = index.document(one, take_apart(one.value))
    read = index.read(Found("risk-2025.11", "3:bob:e", 1, text), "risk")
    assert read.identity == ("bob", "e")
    assert dict(zip(index.COMPARED, read.fields, strict=True))["user_id"] == "ada"


def test_a_document_in_another_months_index_is_not_as_expected() -> None:
    one = delivery("e")
    text = index.document(one, take_apart(one.value))
    read = index.read(Found("risk-2024.01", "3:ada:e", 1, text), "risk")
    assert read.fields != index.expected(one, take_apart(one.value)).fields


@pytest.mark.parametrize("text", ["{}", '{"score":1}', '{"event_id":1,"features":{},"late":1}'])
def test_a_document_of_another_shape_has_no_position(text: str) -> None:
    read = index.read(Found("risk-2025.11", "x", 1, text), "risk")
    assert (read.identity, read.position, set(read.fields)) == (("", "x"), -1, {None})


def test_a_line_break_between_tokens_is_refused_for_it_would_end_the_document() -> None:
    one = delivery()
    broken = one._replace(value=one.value.replace(b',"late":', b',\n"late":'))
    with pytest.raises(Undecodable):
        index.document(broken, take_apart(one.value))


@pytest.mark.parametrize("time", [None, 5, "", "yesterday", "2025/11/24"])
def test_a_time_of_another_form_has_no_month(time: object) -> None:
    with pytest.raises(Undecodable):
        index.month(time)


@pytest.mark.parametrize("wrong", [('"position":5', '"position":"5"'), ('"partition":1', '"partition":"1"')])
def test_a_document_whose_numbers_are_texts_is_unreadable(wrong: tuple[str, str]) -> None:
    text = (
        '{"position":5,"decided_at":1,"event_id":"e","user_id":"ada","event_time":"2026-01-01T00:00:00.000Z",'
        '"amount":1,"source":{"topic":"t","partition":1,"offset":2},"features":{},"late":false,'
        '"saturated":false,"score":0,"decision":"approve","reasons":[],"ruleset_version":"v",'
        '"ruleset_hash":"h"}'
    )
    place, name = "a-2026.01", "3:ada:e"
    assert index.read(index.Found(place, name, 5, text), "a").position == 5
    found = index.read(index.Found(place, name, 5, text.replace(*wrong)), "a")
    assert (found.identity, found.position) == (("ada", "e"), -1)


@pytest.mark.parametrize("name", ["x", "xy"])
def test_what_the_server_cannot_say_of_a_document_is_told_in_its_words(name: str) -> None:
    answer = f'{{"docs":[{{"_index":"i","_id":"{name}","error":{{"type":"t","reason":"r"}}}}]}}'
    with pytest.raises(index.Unread) as told:
        list(index.documents(answer.encode()))
    assert str(told.value) == '"error":{"type":"t","reason":"r"}'
