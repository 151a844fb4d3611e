"""A real Chromium for tests: the one on the PATH, else Debian's package; driven by WebDriver."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.waiting import LONG_S, await_that

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_PACKAGES: Final = ("chromium", "chromium-driver")
_INSTALL: Final = ("apt-get", "install", "-y", "-q", "--no-install-recommends", *_PACKAGES)
_ELEMENT: Final = "element-6066-11e4-a52e-4f735466cecf"


class Browser:
    """One window."""

    def __init__(self, driver: httpx.Client, options: dict[str, Any]) -> None:
        self._driver = driver
        wanted = {"capabilities": {"alwaysMatch": {"goog:chromeOptions": options}}}
        self._session = f"/session/{self._ask('POST', '/session', wanted)['sessionId']}"

    def open(self, url: str) -> None:
        self._ask("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str) -> Any:
        """What a script in the page returns."""
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": []})

    def press(self, keys: str) -> None:
        """Into what has the focus."""
        held = self._ask("GET", f"{self._session}/element/active")[_ELEMENT]
        self._ask("POST", f"{self._session}/element/{held}/value", {"text": keys})

    def resize(self, width: int, height: int) -> None:
        self._ask("POST", f"{self._session}/window/rect", {"width": width, "height": height})

    def prefer(self, scheme: str) -> None:
        """What a page is told of the colours that are wanted: `light` or `dark`."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        asked = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [feature]}}
        self._ask("POST", f"{self._session}/goog/cdp/execute", asked)

    def screenshot(self) -> str:
        """A PNG in base 64."""
        return str(self._ask("GET", f"{self._session}/screenshot"))

    def close(self) -> None:
        self._ask("DELETE", self._session)

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self._driver.request(method, path, json=body)
        value = answer.json()["value"]
        assert answer.status_code == 200, value
        return value


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A new one with an empty profile. Where none can be had the test is skipped, and fails in CI."""
    chromium, driver = _programs()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = subprocess.Popen(
        [driver, f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=LONG_S, trust_env=False) as client:
            await_that(lambda: _is_ready(client), "chromedriver is ready")
            window = Browser(client, {"binary": chromium, "args": [*FLAGS, f"--user-data-dir={profile}"]})
            try:
                yield window
            finally:
                window.close()
    finally:
        program.terminate()
        program.wait(LONG_S)


def _is_ready(client: httpx.Client) -> bool:
    try:
        return bool(client.get("/status").json()["value"]["ready"])
    except httpx.HTTPError:
        return False


def _programs() -> tuple[str, str]:
    if not all(map(shutil.which, ("chromium", "chromedriver"))):
        _install()
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        _cannot("it was not on the PATH after all")
    assert chromium
    assert driver
    return chromium, driver


def _install() -> None:
    if shutil.which("apt-get") is None or os.geteuid() != 0:
        _cannot(f"install it with: {' '.join(_INSTALL)}")
    done = subprocess.run(_INSTALL, capture_output=True, text=True, check=False)
    if done.returncode:
        _cannot(done.stderr[-500:])


def _cannot(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"no chromium: {why}")
    pytest.skip(f"no chromium: {why}")
