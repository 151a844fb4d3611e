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


@pytest.mark.slow
def test_what_is_marked_stays_and_who_stands_in_the_table_stays_there_as_alerts_come(tmp_path: Path) -> None:
    strange = Strange()
    with served(strange) as page, browser(tmp_path) as window:
        window.open(page.url)
        window.run("getSelection().selectAllChildren(document.querySelector('#live td bdi'))")
        strange.alert("ada", "not-yet")
        news = "return document.getElementById('news').dataset.number"
        asked = (
            "return performance.getEntriesByType('resource').filter(one => one.name.includes('/now')).length"
        )
        await_that(lambda: window.run(asked) >= 2, "the page has asked for news")
        assert window.run(news) == "1"
        assert window.run("return String(getSelection())") == HOSTILE[0]
        window.run("getSelection().empty(); document.querySelector('#live .wide').focus()")
        await_that(lambda: window.run(news) == "2", "the alert is shown")
        assert window.run("return document.activeElement.className") == "wide"


@pytest.mark.slow
def test_a_page_whose_command_has_ended_says_so(tmp_path: Path) -> None:
    with browser(tmp_path) as window:
        with served(Strange()) as page:
            window.open(page.url)
            assert "fraudctl console has ended" not in window.run(TEXT)
        await_that(lambda: "fraudctl console has ended" in window.run(TEXT), "it says that nobody answers")


CONTRASTS = """
const light = (colour) => {
  const parts = colour.match(/[\\d.]+/g).slice(0, 3).map((one) => one / 255);
  const [r, g, b] = parts.map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = (one) => {
  const colour = one ? getComputedStyle(one).backgroundColor : "rgb(255, 0, 255)";
  return one && colour === "rgba(0, 0, 0, 0)" ? behind(one.parentElement) : colour;
};
const faint = [];
for (const one of document.querySelectorAll("body *")) {
  const style = getComputedStyle(one);
  if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
  if (["NOSCRIPT", "TITLE"].includes(one.tagName.toUpperCase())) continue;
  const [a, b] = [light(one instanceof SVGElement ? style.fill : style.color), light(behind(one))];
  const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  if (contrast < 4.5) faint.push(`${one.tagName} ${one.className} ${contrast.toFixed(2)}`);
}
return faint;
"""
"""Texts whose contrast is below what WCAG 2 asks for (AA, 1.4.3)."""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_by_day_and_by_night(tmp_path: Path, scheme: str) -> None:
    with served(Strange()) as page, browser(tmp_path) as window:
        window.prefer(scheme)
        for path in ("", "compare", "rules", "search?q=a", "decision?user=a&event=b"):
            window.open(page.url if not path else f"http://127.0.0.1:{page.port}/{path}")
            is_dark = window.run("return matchMedia('(prefers-color-scheme: dark)').matches")
            assert is_dark == (scheme == "dark")
            assert window.run(CONTRASTS) == []
