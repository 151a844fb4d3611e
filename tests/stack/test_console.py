"""The page in a real browser, and the view in a terminal, beside a job that decides about an attack."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fraudctl.home.stack import Stack
from tests.chromium import Browser, browser
from tests.console_page import console
from tests.stack.cli import data_of
from tests.stack.flow import await_sinks
from tests.waiting import await_that

ENTER = "\ue007"
TEXT = "return document.body.innerText"


@pytest.fixture(scope="module")
def window(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A browser that has come to the page with its token."""
    with console(stack) as url, browser(tmp_path_factory.mktemp("chromium")) as one:
        one.open(url)
        yield one


@pytest.fixture(scope="module")
def attack(stack: Stack, window: Browser) -> str:
    """The name of an attack that was sent while the page stood open, untouched; its alerts are on it."""
    window.run("window.stayed = true")
    options = ("--attack", "ip-burst", "--rate", "100", "--duration", "6s", "--seed", "31")
    sent = data_of(stack, "simulate", *options)
    assert sent["recall"] == 1.0
    name: str = sent["run"]
    await_that(lambda: f"{name}-" in window.run(TEXT), "an alert of the attack is on the page")
    return name


def link_to(attack: str) -> str:
    """Script that finds the newest alert of the attack."""
    found = "[...document.querySelectorAll('#live td a')].find(one => one.innerText.startsWith({}))"
    return found.format(json.dumps(attack))


def test_an_alert_comes_onto_the_page_without_a_reload_and_opens_its_explanation(
    stack: Stack, window: Browser, attack: str
) -> None:
    assert window.run("return window.stayed"), "the page was loaded again"
    event = window.run(f"const one = {link_to(attack)}; one.focus(); return one.innerText")
    window.press(ENTER)
    await_that(lambda: window.run("return location.pathname") == "/decision", "the explanation opens")
    shown, said = window.run(TEXT), data_of(stack, "explain", event)
    total = " + ".join(str(one["points"]) for one in said["reasons"])
    assert f"score {said['score']} ({total})" in shown
    for reason in said["reasons"]:
        assert reason["text"] in shown
    for name in said["features"]:
        assert name in shown
    assert window.run("return document.title") == event


def test_what_is_searched_is_found_and_the_rule_sets_are_shown(
    stack: Stack, window: Browser, attack: str
) -> None:
    await_sinks(stack)
    alerts = data_of(stack, "alerts")["alerts"]
    event = next(one["event_id"] for one in alerts if one["event_id"].startswith(attack))
    window.run("location.pathname = '/'")
    await_that(lambda: window.run("return Boolean(document.querySelector('#q'))"), "the overview is back")
    window.run(f"const q = document.querySelector('#q'); q.value = {json.dumps(event)}; q.form.submit()")
    await_that(lambda: window.run("return location.pathname") == "/search", "the search is made")
    assert event in window.run("return document.querySelector('tbody').innerText")
    window.run("document.querySelector('nav a[href=\"/rules\"]').click()")
    await_that(lambda: window.run("return location.pathname") == "/rules", "the rule sets are shown")
    live = data_of(stack, "rules", "history")["activations"][-1]
    assert live["version"] in window.run(TEXT)


def test_a_snapshot_for_the_terminal_knows_the_same(stack: Stack, attack: str) -> None:
    found = data_of(stack, "top", "--once")
    assert found["alerts"][0]["event_id"].startswith(attack)
    assert (found["job_running"], found["stopped"], found["alerts_trouble"]) == (True, [], None)
    assert found["lag"].keys() == {"job", *(f"sink-{sink}" for sink in stack.profile.sinks)}
    assert None not in (found["events_s"], found["decisions_s"], found["checkpoint_age_s"])
