"""What is made of answers that are no success, and of those that are not the server's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig
from elasticsearch import ApiError

from pipeline.connections.trouble import Trouble
from pipeline.sinks.elasticsearch.refusals import (
    BadRequest,
    Failure,
    Missing,
    Unanswered,
    refusal,
    stranger,
    trouble,
    words,
)


def meta(status: int, *, product: bool) -> ApiResponseMeta:
    headers = HttpHeaders({"X-Elastic-Product": "Elasticsearch"} if product else {})
    return ApiResponseMeta(status, "1.1", headers, 0.1, NodeConfig("http", "127.0.0.1", 9200))


def refused(status: int, body: object, *, product: bool = True) -> Failure:
    return refusal(ApiError("words of the client", meta(status, product=product), body))


def said(kind: str, reason: str) -> bytes:
    return json.dumps({"error": {"type": kind, "reason": reason}}).encode()


@pytest.mark.parametrize(
    ("status", "kind", "expected"),
    [
        (401, "security_exception", Trouble.PASSWORD),
        (403, "security_exception", Trouble.PERMISSION),
        (403, "cluster_block_exception", Trouble.BLOCKED),
        (429, "cluster_block_exception", Trouble.BLOCKED),
        (503, "cluster_block_exception", None),
        (429, "es_rejected_execution_exception", None),
        (500, "", None),
    ],
)
def test_a_block_is_not_a_right_that_is_missing_and_a_node_that_only_starts_is_not_blocked(
    status: int, kind: str, expected: Trouble | None
) -> None:
    assert trouble(status, kind) is expected
    assert refused(status, said(kind, "r")).trouble is expected


def test_what_the_server_says_is_told_in_its_words_and_by_its_name_for_it() -> None:
    bad = refused(400, said("parsing_exception", "no such thing"))
    assert (type(bad), str(bad)) == (BadRequest, "no such thing (parsing_exception)")
    assert isinstance(bad, BadRequest)
    assert bad.kind == "parsing_exception"
    missing = refused(404, b'{"error":"alias [x] missing","status":404}')
    assert (type(missing), str(missing)) == (Missing, "alias [x] missing")
    assert str(refused(500, b"")) == "HTTP 500"


def test_of_the_causes_that_the_server_names_the_innermost_that_says_more_is_told() -> None:
    """Elasticsearch 8 puts the cause of a template that is refused beside its root causes, not below them."""
    cause = {"type": "t", "reason": "a", "caused_by": {"type": "u", "reason": "innermost"}}
    outer = {"type": "outer", "reason": "refused"}
    root = {"type": "root", "reason": "root"}
    assert words(outer | {"root_cause": [outer], "caused_by": cause}) == "refused (outer): innermost"
    assert words(outer | {"root_cause": [root], "caused_by": cause}) == "refused (outer): root"
    assert words(outer | {"root_cause": [root | {"caused_by": cause}]}) == "refused (outer): innermost"
    assert words(outer | {"root_cause": [outer]}) == words(outer) == "refused (outer)"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[" * 100_000, b'{"error":1}', b'{"error":{"code":4}}', None]
)
@pytest.mark.parametrize("status", [400, 404])
def test_only_the_server_itself_can_say_that_something_is_missing_or_wrong(status: int, body: Any) -> None:
    told = refused(status, body, product=False)
    assert type(told) is Failure
    assert told.trouble is Trouble.STRANGER
    assert str(told) == f"something that is not Elasticsearch answers there: HTTP {status}"


def test_a_page_is_told_by_its_title_on_one_short_line() -> None:
    page = "<TITLE lang=en>\n Bad \x1b gateway " + "x" * 200 + "</title>"
    for body in (page, page.encode()):
        told = stranger(meta(502, product=False), body)
        assert told.trouble is Trouble.UNREACHABLE
        assert str(told).partition(": ")[2] == "HTTP 502, 'Bad \\x1b gateway " + "x" * 66 + "'"


@pytest.mark.parametrize(
    ("status", "expected"), [(429, True), (502, True), (503, True), (504, True), (500, False), (413, False)]
)
def test_what_may_be_answered_later_is_told_from_what_will_not(status: int, expected: bool) -> None:
    assert isinstance(refused(status, said("some_exception", "r")), Unanswered) is expected
    assert isinstance(refused(status, b"<html>", product=False), Unanswered) is (status in (502, 503, 504))


def test_a_page_that_asks_for_a_login_is_told_as_a_password_that_is_missing() -> None:
    told = stranger(meta(401, product=False), b"")
    assert (told.trouble, str(told)) == (
        Trouble.PASSWORD,
        "something that is not Elasticsearch answers there: HTTP 401",
    )
