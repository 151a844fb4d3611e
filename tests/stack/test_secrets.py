"""Secrets of a running stack change while payments come, and no decision is lost or made twice."""

from __future__ import annotations

import psycopg

from fraudctl.home.stack import Stack
from tests.stack.cli import ask, data_of
from tests.stack.flow import await_decisions, await_sinks, send_all, workload

EVENTS = 600


def test_every_server_gets_another_secret_and_the_stack_goes_on(stack: Stack) -> None:
    known = {one["name"]: one["file"] for one in data_of(stack, "secrets", "list")["secrets"]}
    assert set(known) == {"flink", "kafka", "postgres", "redis"}
    before = {name: stack.secret(name) for name in known}
    load = workload()
    send_all(stack, load, 0, EVENTS // 2)
    done = data_of(stack, "secrets", "rotate", "--yes", wait_s=400)["rotated"]
    assert [(one["name"], one["restarted"]) for one in done] == [
        ("flink", True),
        ("kafka", False),
        ("postgres", False),
        ("redis", True),
    ]
    assert [name for name in known if stack.secret(name) == before[name]] == []
    servers = data_of(stack, "status")["servers"]
    with psycopg.connect(next(one["dsn"] for one in servers if one["name"] == "postgres")) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    send_all(stack, load, EVENTS // 2, EVENTS)
    found = await_decisions(stack, load, EVENTS)
    assert {len({one.value for one in all_of}) for all_of in found.values()} == {1}
    await_sinks(stack)
    data_of(stack, "verify", "sinks")


def test_what_asks_first_and_what_has_no_secret_is_refused(stack: Stack) -> None:
    unasked, unknown = ask(stack, "secrets", "rotate"), ask(stack, "secrets", "rotate", "prometheus", "--yes")
    assert (unasked["exit_code"], unasked["error"]["hint"]) == (2, "say so with: --yes")
    assert (unknown["exit_code"], unknown["error"]["message"]) == (2, "prometheus has no secret")
