"""The dashboards beside Grafana itself: `make dashboards-check [GRAFANA=http://127.0.0.1:13000]`.

Always: TypeScript finds each to be a `Dashboard` of Grafana's own schema, which npm fetches into `build/`.
With GRAFANA, a Grafana that has them (`up --engine compose --with grafana` beside traffic): it has each,
gives data for every query, and a Chromium sees every panel without an error; pictures go to
`build/dashboards/`.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from fraudctl.console import streams
from fraudctl.monitoring import dashboards
from fraudctl.monitoring.panels import Dashboard, document
from pipeline.connections.proxies import open_url
from tests.chromium import Browser, browser
from tests.waiting import LONG_S, await_that

BUILD: Final = Path(__file__).parents[1] / "build"
_PACKAGES: Final = ("@grafana/schema@13.2.3", "typescript@5.9.3")
_HEAD: Final = "import { Dashboard } from '@grafana/schema';\n"
_KNOWN: Final = re.compile(
    r"Type '\"[\w-]+\"' is not assignable to type '\w+'|'\"expr\"' does not exist in type 'AnnotationQuery"
)
"""A word where the schema has an enumeration of that word, which JSON has not; and what an annotation asks
Prometheus, whose own affair that is.
"""
_FAILED: Final = "[data-testid*='Panel status error'], [data-testid*='Panel header error']"


def main(grafana: str | None) -> None:
    wrong = list(_against_the_schema())
    if grafana:
        with (
            tempfile.TemporaryDirectory(prefix="fraudctl-grafana-") as folder,
            browser(Path(folder)) as window,
        ):
            wrong += [
                line for board in dashboards.ALL for line in _in_grafana(grafana.rstrip("/"), board, window)
            ]
    streams.answer("\n".join(wrong) or f"{len(dashboards.ALL)} dashboards are as they should be")
    sys.exit(1 if wrong else 0)


def _against_the_schema() -> Iterator[str]:
    """What TypeScript says against them."""
    folder = BUILD / "grafana-schema"
    folder.mkdir(parents=True, exist_ok=True)
    npm = shutil.which("npm")
    if npm is None:
        sys.exit("error: npm, with which Grafana's schema is fetched, is not on the PATH")
    subprocess.run([npm, "install", "--silent", "--prefix", str(folder), *_PACKAGES], check=True)
    for board in dashboards.ALL:
        text = json.dumps(document(board, "https://runbook.example"), indent=1)
        (folder / f"{board.name}.ts").write_text(f"{_HEAD}export const board: Dashboard = {text};\n")
    compiler = folder / "node_modules" / ".bin" / "tsc"
    files = [f"{board.name}.ts" for board in dashboards.ALL]
    options = (
        "--noEmit",
        "--strict",
        "--skipLibCheck",
        "--moduleResolution",
        "bundler",
        "--module",
        "esnext",
    )
    done = subprocess.run(
        [compiler, *options, *files], cwd=folder, capture_output=True, text=True, check=False
    )
    yield from (line for line in done.stdout.splitlines() if line.strip() and not _KNOWN.search(line))


def _in_grafana(grafana: str, board: Dashboard, window: Browser) -> Iterator[str]:
    """What is wrong with one in a Grafana that runs."""
    uid = f"fraudctl-{board.name}"
    source = _source(grafana)
    for panel in _asked(f"{grafana}/api/dashboards/uid/{uid}")["dashboard"]["panels"]:
        for target in panel["targets"]:
            if not _has_data(grafana, source, target):
                yield f"{board.name}: {panel['title']}: no data for {target['expr']}"
    window.resize(1600, 1200)
    window.open(f"{grafana}/d/{uid}?kiosk&var-source={source}&from=now-15m&to=now")
    shown = "return document.querySelectorAll('[data-panelid], [data-griditem-key]').length"
    await_that(
        lambda: window.run(shown) >= len(board.panels), f"all panels of {board.name} are drawn", LONG_S
    )
    failed = window.run(f'return [...document.querySelectorAll("{_FAILED}")].map(one => one.innerText)')
    yield from (f"{board.name}: a panel says: {said}" for said in failed)
    (BUILD / "dashboards").mkdir(parents=True, exist_ok=True)
    (BUILD / "dashboards" / f"{board.name}.png").write_bytes(base64.b64decode(window.screenshot()))


def _source(grafana: str) -> str:
    """The identity of its Prometheus."""
    return next(
        str(one["uid"]) for one in _asked(f"{grafana}/api/datasources") if one["type"] == "prometheus"
    )


def _has_data(grafana: str, source: str, target: dict[str, Any]) -> bool:
    query = {**target, "datasource": {"uid": source}, "intervalMs": 15_000, "maxDataPoints": 100}
    body = json.dumps({"queries": [query], "from": "now-15m", "to": "now"}).encode()
    request = urllib.request.Request(
        f"{grafana}/api/ds/query", body, {"Content-Type": "application/json"}, method="POST"
    )
    answer = _asked(request)["results"][target["refId"]]
    return any(any(frame["data"]["values"]) for frame in answer.get("frames", ()))


def _asked(request: urllib.request.Request | str) -> Any:
    with open_url(request, LONG_S) as answer:
        return json.load(answer)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None)
