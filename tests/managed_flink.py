"""A double of Managed Service for Apache Flink: one application that starts, stops and takes snapshots.

It plays the part that moto does not: states follow one another as the service's own, each seen once.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

CREATED_S = 1_700_000_000


@dataclass
class ManagedFlink:
    """`starts` are the run configurations it was started with; with `fails` no start succeeds."""

    url: str = ""
    status: str = "READY"
    following: list[str] = field(default_factory=list)
    snapshots: list[str] = field(default_factory=list)
    starts: list[dict[str, Any]] = field(default_factory=list)
    fails: bool = False

    def answer(self, operation: str, asked: dict[str, Any]) -> dict[str, Any]:
        return getattr(self, f"_{operation}")(asked) or {}

    def _DescribeApplication(self, asked: dict[str, Any]) -> dict[str, Any]:
        shown = self.status
        if self.following:
            self.status = self.following.pop(0)
        detail = {
            "ApplicationARN": f"arn:aws:kinesisanalytics:eu-central-1:123456789012:application/{asked}",
            "ApplicationName": asked["ApplicationName"],
            "RuntimeEnvironment": "FLINK-2_2",
            "ApplicationStatus": shown,
            "ApplicationVersionId": 1 + len(self.starts),
        }
        return {"ApplicationDetail": detail}

    def _StartApplication(self, asked: dict[str, Any]) -> None:
        self.starts.append(asked["RunConfiguration"]["ApplicationRestoreConfiguration"])
        self.status, self.following = "STARTING", ["READY" if self.fails else "RUNNING"]

    def _StopApplication(self, asked: dict[str, Any]) -> None:
        if not asked["Force"]:
            self.snapshots.append(f"at-stop-{len(self.snapshots) + 1}")
        self.status, self.following = "STOPPING", ["READY"]

    def _CreateApplicationSnapshot(self, asked: dict[str, Any]) -> None:
        self.snapshots.append(asked["SnapshotName"])

    def _ListApplicationSnapshots(self, asked: dict[str, Any]) -> dict[str, Any]:
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
            answer = json.dumps(double.answer(self.headers["X-Amz-Target"].split(".")[1], body)).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
