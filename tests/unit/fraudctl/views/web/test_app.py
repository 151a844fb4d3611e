"""The page as an intruder, or somebody with hostile data, would find it; really served, no stack running."""

from __future__ import annotations

import html
import http.client
import re
import time
from collections.abc import Iterator
from urllib.parse import urlencode

import httpx
import pytest

from fraudctl.views.pulse import Pulse
from fraudctl.views.watcher import View
from fraudctl.views.web.guard import HEADERS
from fraudctl.views.web.serving import Page
from pipeline.records.visible import visible
from tests.unit.fraudctl.views.web.page_double import HOSTILE, Strange, served
from tests.waiting import LONG_S

PATHS = ("/", "/now", "/search?q=a", "/rules", "/compare", "/decision?user=a&event=b", "/static/console.js")


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with served(Strange()) as one:
        yield one


@pytest.fixture
def stranger(page: Page) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"http://127.0.0.1:{page.port}", trust_env=False) as client:
        yield client


@pytest.fixture
def known(page: Page, stranger: httpx.Client) -> httpx.Client:
    assert stranger.get(page.url).status_code == 303
    return stranger


def body(known: httpx.Client, target: str) -> str:
    """The page at an address that may be longer than httpx makes one."""
    connection = http.client.HTTPConnection("127.0.0.1", known.base_url.port, timeout=LONG_S)
    try:
        cookie = "; ".join(f"{name}={value}" for name, value in known.cookies.items())
        connection.request("GET", target, headers={"Cookie": cookie})
        answer = connection.getresponse()
        assert answer.status == 200
        return answer.read().decode("utf-8")
    finally:
        connection.close()


@pytest.mark.parametrize("path", PATHS)
def test_without_the_token_nothing_is_shown(stranger: httpx.Client, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.text) == (403, stranger.get("/?token=").text)
    assert "fraudctl console printed" in answer.text


@pytest.mark.parametrize("token", ["", "wrong", "é", "%ff", "x" * 60_000])
def test_a_wrong_token_is_refused_and_gets_no_cookie(stranger: httpx.Client, token: str) -> None:
    answer = stranger.get(f"/?token={token}")
    assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)
    port = stranger.base_url.port
    assert (
        stranger.get("/", headers={"cookie": f"fraudctl_{port}={token[:9_000]}".encode()}).status_code == 403
    )


def test_the_token_leaves_the_address_for_a_cookie_that_no_script_and_no_other_site_gets(
    page: Page, stranger: httpx.Client
) -> None:
    answer = stranger.get(page.url)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert stranger.get("/").status_code == 200


@pytest.mark.parametrize("path", [*PATHS, "/nothing", "/static/../app.py"])
def test_every_answer_forbids_script_of_others_referrers_frames_and_caches(
    known: httpx.Client, path: str
) -> None:
    for answer in (known.get(path), known.get(path, headers={"cookie": "none=1"})):
        assert HEADERS.items() <= dict(answer.headers).items()
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert not any(name.startswith("access-control") for name in answer.headers)


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "evil.example:80", ""])
def test_a_name_that_is_not_ours_is_refused_even_with_the_token(
    page: Page, known: httpx.Client, host: str
) -> None:
    for path in ("/", page.url):
        answer = known.get(path, headers={"host": host})
        assert (answer.status_code, "set-cookie" in answer.headers) == (421, False)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_the_page_is_only_read(known: httpx.Client, method: str) -> None:
    assert known.request(method, "/").status_code == 405


@pytest.mark.parametrize("text", HOSTILE, ids=["script", "ansi", "right-to-left", "64 KB"])
def test_what_strangers_sent_is_shown_as_text_on_every_page(known: httpx.Client, text: str) -> None:
    whole = html.escape(visible(text), quote=True).replace("&quot;", "&#34;").replace("&#x27;", "&#39;")
    found = body(known, f"/decision?{urlencode({'user': text, 'event': text})}")
    assert found.count(f"<bdi>{whole}</bdi>") == 3
    for answer in (found, body(known, "/"), body(known, f"/search?{urlencode({'q': text})}")):
        assert "<script>alert" not in answer
        assert not re.search("[\x00-\x08\x0e-\x1f\u202a-\u202e]|<b>|<i>|<u>", answer)


def test_values_and_the_reason_made_of_them_stand_in_lines_of_their_own(known: httpx.Client) -> None:
    shown = known.get("/decision?user=a&event=b").text
    assert "<bdi>users = 5\n5 users from one address</bdi>" in shown


def test_the_overview_links_each_alert_to_its_explanation(known: httpx.Client) -> None:
    links = [html.unescape(one) for one in re.findall('href="(/decision[^"]*)"', known.get("/").text)]
    assert len(links) == len(HOSTILE)
    for link, event in zip(links, HOSTILE, strict=True):
        assert visible(event) in html.unescape(body(known, link))


def test_no_page_asks_for_anything_from_elsewhere_or_has_script_or_style_within(known: httpx.Client) -> None:
    for path in PATHS[:-1]:
        text = known.get(path).text
        assert not re.search(r'(src|href|action)="(?!/|#)', text)
        assert not re.search(r"<script>|<style|\sstyle=|\son\w+=", text)


def test_what_is_not_newer_is_not_sent_again(known: httpx.Client) -> None:
    assert known.get("/now?after=1").status_code == 204
    assert known.get("/now?after=0").status_code == 200


def test_what_went_wrong_is_said_on_the_page(known: httpx.Client) -> None:
    assert "no &lt;shadow&gt; runs" in known.get("/compare").text
    assert "fraudctl explain" in known.get("/decision?user=a&event=nobody").text


def test_a_surprise_is_said_on_a_page_of_its_own_and_guarded_as_all_others(known: httpx.Client) -> None:
    answer = known.get("/decision?user=a&event=surprise")
    assert answer.status_code == 500
    assert "KeyError" in answer.text
    assert "&lt;b&gt;never thought of" in answer.text
    assert HEADERS.items() <= dict(answer.headers).items()
    assert known.get("/static/console.js%00").status_code in (404, 500)


def test_a_look_that_grows_old_is_sent_again_with_its_age() -> None:
    old = Strange()
    old.age_s = 100.0
    with served(old) as page, httpx.Client(trust_env=False) as client:
        client.get(page.url)
        answer = client.get(f"http://127.0.0.1:{page.port}/now?after=1")
    assert (answer.status_code, "no news for 100 s" in answer.text) == (200, True)


@pytest.mark.parametrize(
    "headers",
    [{"authorization": "Bearer {}"}, {"x-token": "{}"}, {"cookie": "token={}"}, {"referer": "/?token={}"}],
)
def test_the_token_counts_in_the_address_and_its_own_cookie_alone(
    page: Page, stranger: httpx.Client, headers: dict[str, str]
) -> None:
    token = page.url.partition("token=")[2]
    given = {name: text.format(token) for name, text in headers.items()}
    assert stranger.get("/", headers=given).status_code == 403


def test_a_head_is_answered_without_a_body_and_guarded(known: httpx.Client) -> None:
    assert known.head("/").status_code == 200
    assert known.head("/", headers={"cookie": "none=1"}).status_code == 403


class Ill(Strange):
    """A job that does not run, and a store that differs."""

    def view(self) -> View:
        now_s = time.time()
        faults = {"postgres": 0, "redis": 3}
        pulse = Pulse(now_s, job_wanted=True, job_running=False, verified_s=now_s, verified_faults=faults)
        return View(1, (pulse,), ())


def test_a_job_that_is_down_and_stores_that_differ_are_said_first() -> None:
    with served(Ill()) as page, httpx.Client(trust_env=False) as client:
        client.get(page.url)
        shown = client.get(f"http://127.0.0.1:{page.port}/").text
    told = re.findall('<p class="trouble" role="alert">(.*?)</p>', shown)
    assert told == [
        "the job is wanted and does not run",
        "the stores differ from the log; run: fraudctl verify sinks --repair",
    ]
    assert "3 differences" in shown
