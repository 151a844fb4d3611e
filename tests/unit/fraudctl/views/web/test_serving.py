"""The page in a real browser: alerts come by themselves, open by keyboard, and hold no script."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from fraudctl.errors import UsageError
from fraudctl.views.web.serving import Page
from tests.chromium import browser
from tests.unit.fraudctl.views.web.page_double import HOSTILE, Strange, served
from tests.waiting import await_that

ENTER = "\ue007"
TEXT = "return document.body.innerText"


@pytest.mark.slow
def test_a_browser_shows_an_alert_as_it_comes_and_opens_its_explanation_by_keyboard(tmp_path: Path) -> None:
    strange = Strange()
    with served(strange) as page, browser(tmp_path) as window:
        window.open(page.url)
        assert window.run("return location.href") == f"http://127.0.0.1:{page.port}/"
        assert window.run("return document.cookie") == ""
        assert "not-yet" not in window.run(TEXT)
        window.run("document.querySelector('#live a').focus(); window.stayed = true")
        strange.alert("ada", "not-yet")
        await_that(lambda: "not-yet" in window.run(TEXT), "the alert is shown")
        assert window.run("return window.stayed"), "the page was loaded again"
        assert "script" in window.run("return document.activeElement.innerText"), "the focus was lost"
        window.run("document.querySelector('#live a').focus()")
        window.press(ENTER)
        await_that(lambda: "score 90 (60 + 30)" in window.run(TEXT), "the explanation opens")
        assert window.run("return document.title") == "not-yet"


@pytest.mark.slow
def test_in_a_browser_strange_ids_are_text_nothing_is_blocked_and_a_phone_is_wide_enough(
    tmp_path: Path,
) -> None:
    with served(Strange()) as page, browser(tmp_path) as window:
        window.open(page.url)
        window.resize(400, 800)
        shown = window.run(TEXT)
        assert HOSTILE[0] in shown
        assert r"\x1b[2J\x07evil" in shown
        assert r"abc\u202efdp.exe" in shown
        assert (
            window.run("return document.querySelectorAll('main script, main b, main i, main u').length") == 0
        )
        assert window.run("return document.documentElement.scrollWidth <= window.innerWidth")
        assert window.run("return document.styleSheets[0].cssRules.length") > 10
        loaded = window.run("return performance.getEntriesByType('resource').map(one => one.name)")
        assert all(name.startswith(f"http://127.0.0.1:{page.port}/") for name in loaded)


def test_a_port_that_is_taken_is_refused_if_asked_for_and_passed_over_if_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(UsageError, match=f"port {port} cannot be had"):
            Page(Strange(), port)
    first, second = Page(Strange(), None), Page(Strange(), None)
    assert first.port != second.port
    first.close()
    second.close()
