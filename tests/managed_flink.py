"""A double of Managed Service for Apache Flink: applications that start, stop and take snapshots.

It plays the part that moto does not: states follow one another as the service's own, each seen once. The live
application is there whatever it is called; others are those of replays, which have to be made.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.threads import serving

CREATED_S = 1_700_000_000
REPLAY = "-replay-"


class Refusal(Exception):
    """What the service does not do, by its own name for why."""


@dataclass
class Application:
    """How one is. `asked` is what it was made with, `starts` are the configurations it was started with."""

    status: str = "READY"
    asked: dict[str, Any] = field(default_factory=dict)
    following: list[str] = field(default_factory=list)
    starts: list[dict[str, Any]] = field(default_factory=list)

    def seen(self) -> str:
        shown = self.status
        if self.following:
            self.status = self.following.pop(0)
        return shown

    def go(self, *states: str) -> None:
        self.status, self.following = states[0], list(states[1:])


@dataclass
class ManagedFlink:
    """With `fails` no start succeeds. `works` is what the job of a second application does at its start.

    As many deletions of one that runs are refused as `is_busy` says; `deleted` are the names of others.
    """

    url: str = ""
    live: Application = field(default_factory=Application)
    others: dict[str, Application] = field(default_factory=dict)
    snapshots: list[str] = field(default_factory=list)
    deleted: list[str] = field(default_factory=list)
    fails: bool = False
    is_busy: int = 0
    lingers: int = 0
    """how many looks longer one that is to stop is seen to"""
    works: Callable[[dict[str, Any]], None] = lambda asked: None

    @property
    def status(self) -> str:
        return self.live.status

    @status.setter
    def status(self, status: str) -> None:
        self.live.status = status

    @property
    def starts(self) -> list[dict[str, Any]]:
        return self.live.starts

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        return getattr(self, f"_{operation}")(asked) or {}

    def _of(self, asked: dict[str, Any]) -> Application:
        name = asked["ApplicationName"]
        if REPLAY not in name:
            return self.live
        if name not in self.others:
            raise Refusal("ResourceNotFoundException")
        return self.others[name]

    def _detail(self, name: str, found: Application, shown: str) -> dict[str, Any]:
        detail = {
            "ApplicationARN": f"arn:aws:kinesisanalytics:eu-central-1:123456789012:application/{name}",
            "ApplicationName": name,
            "RuntimeEnvironment": "FLINK-2_2",
            "ApplicationStatus": shown,
            "ApplicationVersionId": 1 + len(found.starts),
            "CreateTimestamp": CREATED_S,
        }
        return {"ApplicationDetail": detail}

    def _CreateApplication(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["ApplicationName"]
        if name in self.others:
            raise Refusal("ResourceInUseException")
        self.others[name] = Application(asked=asked)
        return self._detail(name, self.others[name], "READY")

    def _DescribeApplication(self, asked: dict[str, Any]) -> dict[str, Any]:
        found = self._of(asked)
        shown = found.seen()
        if shown == "DELETING":
            del self.others[asked["ApplicationName"]]
        return self._detail(asked["ApplicationName"], found, shown)

    def _ListApplications(self, asked: dict[str, Any]) -> dict[str, Any]:
        """One at a time, so that who does not ask again misses some."""
        names = ["another-replay-of-somebody", *sorted(self.others)]
        number = int(asked.get("NextToken", "0"))
        detail = self._detail(names[number], Application(), "RUNNING")["ApplicationDetail"]
        detail = {name: one for name, one in detail.items() if name != "CreateTimestamp"}
        more = {"NextToken": str(number + 1)} if number + 1 < len(names) else {}
        return {"ApplicationSummaries": [detail], **more}

    def _StartApplication(self, asked: dict[str, Any]) -> None:
        found = self._of(asked)
        found.starts.append(asked["RunConfiguration"]["ApplicationRestoreConfiguration"])
        if found is self.live or self.fails:
            found.go("STARTING", "READY" if self.fails else "RUNNING")
        else:
            found.go("RUNNING")
            self.works(found.asked)

    def _StopApplication(self, asked: dict[str, Any]) -> None:
        if not asked["Force"]:
            self.snapshots.append(f"at-stop-{len(self.snapshots) + 1}")
        self._of(asked).go("STOPPING", *["STOPPING"] * self.lingers, "READY")

    def _DeleteApplication(self, asked: dict[str, Any]) -> None:
        found = self._of(asked)
        if asked["CreateTimestamp"] != CREATED_S or found is self.live:
            raise Refusal("InvalidArgumentException")
        if self.is_busy and found.status != "READY":
            self.is_busy -= 1
            raise Refusal("ResourceInUseException")
        found.go("DELETING")
        self.deleted.append(asked["ApplicationName"])

    def _CreateApplicationSnapshot(self, asked: dict[str, Any]) -> None:
        self.snapshots.append(asked["SnapshotName"])

    def _ListApplicationSnapshots(self, asked: dict[str, Any]) -> dict[str, Any]:
        if self._of(asked) is not self.live:
            raise Refusal("UnsupportedOperationException")  # whether it does is not known: better not asked
        found = [
            {
                "SnapshotName": name,
                "SnapshotStatus": "READY",
                "ApplicationVersionId": 1,
                "SnapshotCreationTimestamp": CREATED_S + number,
            }
            for number, name in enumerate(self.snapshots)
        ]
        return {"SnapshotSummaries": found}


@contextmanager
def managed_flink() -> Iterator[ManagedFlink]:
    """It answers at `url` until the end."""
    double = ManagedFlink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            operation = self.headers["X-Amz-Target"].split(".")[1]
            try:
                self._send(200, double.answer(operation, body))
            except Refusal as refusal:
                self._send(400, {"__type": str(refusal), "message": f"{operation}: {refusal}"})

        def _send(self, status: int, content: dict[str, Any]) -> None:
            answer = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    with serving(server):
        yield double
