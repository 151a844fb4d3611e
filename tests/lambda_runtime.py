"""A function of Lambda as the service runs it: its zip unpacked, in a Python with what the service has there.

AWS' own runtime client (`awslambdaric`, which is in Lambda's images) calls the handler; here is the other
end, Lambda's Runtime API: events that are asked for one by one, and answers.
"""

from __future__ import annotations

import json
import os
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from queue import Empty, Queue
from typing import Any

from pipeline.records import clock
from tests import bare_python
from tests.threads import serving
from tests.waiting import LONG_S

HAS = ("boto3", "awslambdaric")
"""what is there without being packed"""
ROOT = "/2018-06-01/runtime"
TIME_MS = 60_000
"""what a call may take"""


@dataclass(frozen=True)
class Answer:
    """What became of a call; of one that failed the type of its error."""

    returned: Any = None
    failed: str = ""


@dataclass
class Function:
    """A function that waits for events."""

    events: Queue[str] = field(default_factory=Queue)
    answers: Queue[Answer] = field(default_factory=Queue)
    log: Path = Path()

    def invoke(self, event: Any) -> Answer:
        """One call, and its answer. A moment is seconds in an event, as of a stream of DynamoDB."""
        self.events.put(json.dumps(event, default=datetime.timestamp))
        try:
            return self.answers.get(timeout=LONG_S)
        except Empty:
            raise AssertionError(f"no answer\n{self.log.read_text(errors='replace')[-4_000:]}") from None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    function: Function
    numbers = count(1)


class _Api(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_GET(self) -> None:
        """The next event, as soon as there is one."""
        assert self.path == f"{ROOT}/invocation/next"
        body = self.server.function.events.get().encode()
        self.send_response(200)
        self.send_header("Lambda-Runtime-Aws-Request-Id", f"request-{next(self.server.numbers)}")
        self.send_header("Lambda-Runtime-Deadline-Ms", str(clock.now_ms() + TIME_MS))
        self.send_header("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:eu-central-1:1:function:f")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        """An answer, or that there is none: of a call or of the start."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"null")
        is_error = self.path.endswith("/error")
        answer = Answer(failed=str(body["errorType"])) if is_error else Answer(body)
        self.server.function.answers.put(answer)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def running(packed: Path, folder: Path, handler: str, environment: Mapping[str, str]) -> Iterator[Function]:
    """That function, in folders of its own below `folder`; ended with the block."""
    task = folder / "task"
    with zipfile.ZipFile(packed) as archive:
        archive.extractall(task)
    python = bare_python.interpreter(folder / "python", bare_python.packages(folder / "packages", HAS))
    function = Function(log=folder / "function.log")
    with _served(function) as api:
        env = {"PATH": os.environ["PATH"], "AWS_LAMBDA_RUNTIME_API": api, "LAMBDA_TASK_ROOT": str(task)}
        named = {"AWS_LAMBDA_FUNCTION_NAME": "f", "AWS_REGION": "eu-central-1"}
        with function.log.open("wb") as log:
            process = subprocess.Popen(
                [str(python), "-m", "awslambdaric", handler],
                cwd=task,
                env={**env, **named, **environment},
                stdout=log,
                stderr=log,
            )
        try:
            yield function
        finally:
            process.kill()
            process.wait()


@contextmanager
def _served(function: Function) -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), _Api)
    server.function = function
    with serving(server):
        yield f"127.0.0.1:{server.server_port}"
