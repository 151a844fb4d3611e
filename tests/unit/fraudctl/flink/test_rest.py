from __future__ import annotations

import socket
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from fraudctl.errors import Failed, FraudctlError, Unhealthy
from fraudctl.flink.answers import Checkpoint, Checkpoints, Job, Overview, failed_checkpoints
from fraudctl.flink.connection import through
from fraudctl.flink.rest import Flink
from pipeline.connections.flink import FlinkRest
from tests.threads import serving
from tests.unit.fraudctl.flink.flink_double import Cluster, flink_double


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with flink_double() as double:
        yield double


def refusal(error: FraudctlError) -> tuple[str, int, str]:
    return error.code, error.exit_code, error.message


def test_the_overview_tells_version_taskmanagers_and_slots(cluster: Cluster) -> None:
    cluster.add("a")
    assert Flink(cluster.rest).overview() == Overview("2.2.1", 1, 2, 1)


def test_only_jobs_that_have_not_ended_are_live_the_oldest_first(cluster: Cluster) -> None:
    cluster.add("b", start_ms=5)
    cluster.add("a", start_ms=9)
    cluster.add("c", state="FAILED")
    cluster.add("d", name="other")
    found = Flink(cluster.rest).live("fraudctl-live")
    assert found == (
        Job("b", "fraudctl-live", "RUNNING", 5, -1, True),
        Job("a", "fraudctl-live", "RUNNING", 9, -1, True),
    )


def test_the_list_of_jobs_says_whether_all_tasks_of_each_run(cluster: Cluster) -> None:
    cluster.add("a")
    assert [job.running for job in Flink(cluster.rest).live("fraudctl-live")] == [True]
    cluster.task_state = "INITIALIZING"
    assert [job.running for job in Flink(cluster.rest).live("fraudctl-live")] == [False]


def test_a_job_runs_only_when_all_its_tasks_run(cluster: Cluster) -> None:
    flink = Flink(cluster.rest)
    cluster.add("a")
    before = flink.job("a").running
    cluster.task_state = "INITIALIZING"
    assert [before, flink.job("a").running] == [True, False]


def test_stopping_with_a_savepoint_gives_its_path_and_ends_the_job(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add("a")
    path = Flink(cluster.rest).stop_with_savepoint("a", tmp_path.as_uri())
    assert (path, cluster.jobs["a"]["state"]) == ((tmp_path / "savepoint-1").as_uri(), "FINISHED")


def test_a_savepoint_that_fails_says_the_innermost_reason(cluster: Cluster, tmp_path: Path) -> None:
    cluster.add("a")
    cluster.savepoints = False
    with pytest.raises(Failed) as raised:
        Flink(cluster.rest).savepoint("a", tmp_path.as_uri())
    assert refusal(raised.value) == (
        "savepoint_failed",
        1,
        "no savepoint: CheckpointException: not all tasks run",
    )


def test_cancelling_a_job_that_has_ended_asks_for_nothing(cluster: Cluster) -> None:
    cluster.add("a", state="FINISHED")
    Flink(cluster.rest).cancel("a")
    assert cluster.asked == ["GET /jobs/overview"]


def test_the_newest_of_checkpoint_and_savepoint_is_the_latest(cluster: Cluster) -> None:
    cluster.add("a")
    one = {"id": 4, "external_path": "file:/c/chk-4", "latest_ack_timestamp": 100, "state_size": 7}
    two = {"id": 5, "external_path": "file:/s/5", "latest_ack_timestamp": 90, "is_savepoint": True}
    cluster.completed = {"completed": one, "savepoint": two}
    found = Flink(cluster.rest).checkpoints("a")
    assert found == Checkpoints(3, 1, 0, 1, Checkpoint(4, "file:///c/chk-4", 100, 7, False))


@pytest.mark.parametrize(
    ("completed", "failed", "in_progress", "restores", "restored", "numbers", "began_and_failed"),
    [
        (0, 2, 0, 0, None, range(0), 0),
        (3, 1, 0, 0, None, range(1, 4), 0),
        (3, 1, 1, 0, None, range(1, 5), 0),
        (3, 3, 0, 0, None, range(1, 6), 2),
        (0, 1, 0, 1, 13, range(0), 0),
        (3, 3, 0, 1, 40, range(41, 46), 2),
        (900, 30, 0, 1, 40, range(960, 970), 29),
        (5, 4, 0, 27, 16, range(14, 19), 0),
    ],
)
def test_a_checkpoint_that_was_tried_before_all_tasks_ran_has_not_failed(
    completed: int,
    failed: int,
    in_progress: int,
    restores: int,
    restored: int | None,
    numbers: range,
    began_and_failed: int,
) -> None:
    """`restored` is the number of the newest one restored, `numbers` are those of the history."""
    counts = {"completed": completed, "failed": failed, "in_progress": in_progress, "restored": restores}
    latest = {} if restored is None else {"restored": {"id": restored}}
    history = [{"id": number} for number in reversed(numbers)]
    found = failed_checkpoints({"counts": counts, "latest": latest, "history": history})
    assert found == began_and_failed


@pytest.mark.parametrize("failed", [0, 3])
def test_of_a_job_whose_tasks_were_restored_those_have_failed_that_the_history_tells(failed: int) -> None:
    """Flink's own count has what was tried while tasks did not run: it looks like a burst of failures."""
    counts = {"completed": 11, "failed": 4 + failed, "in_progress": 0, "restored": 2}
    states = ["FAILED"] * failed + ["COMPLETED"] * (10 - failed)
    history = [{"id": 24 - number, "status": state} for number, state in enumerate(states)]
    latest = {"restored": {"id": 16}}
    assert failed_checkpoints({"counts": counts, "latest": latest, "history": history}) == failed


def test_a_refusal_is_told_from_a_cluster_that_is_away(cluster: Cluster) -> None:
    flink = Flink(cluster.rest)
    with pytest.raises(Failed) as refused:
        flink.job("nosuch")
    cluster.away = True
    with pytest.raises(Unhealthy) as away:
        flink.jobs()
    assert [refused.value.code, away.value.code] == ["flink_refused", "flink_unreachable"]


def answering(content: bytes, status: int = 200) -> httpx.MockTransport:
    return httpx.MockTransport(lambda request: httpx.Response(status, content=content))


@pytest.mark.parametrize(
    ("status", "content", "told"),
    [
        (200, b"<html>", "Flink at http://f.invalid does not answer: Expecting value"),
        (503, b"", "Flink at http://f.invalid does not answer: HTTP 503 Service Unavailable"),
        (404, b"<html>", "Flink refused /jobs/overview: HTTP 404 Not Found"),
        (400, b'{"errors":["no such thing"]}', "Flink refused /jobs/overview: no such thing"),
        (302, b"", "Flink refused /jobs/overview: HTTP 302 Found"),
    ],
)
def test_an_answer_that_is_none_is_told_in_one_line(status: int, content: bytes, told: str) -> None:
    with through("http://f.invalid", answering(content, status)), pytest.raises(FraudctlError) as raised:
        Flink(FlinkRest(address="http://f.invalid")).jobs()
    assert raised.value.message.startswith(told)


def test_an_answer_that_does_not_come_in_time_is_one_of_a_cluster_that_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        flink = Flink(FlinkRest(address=f"127.0.0.1:{mute.getsockname()[1]}"), timeout_s=0.1)
        with pytest.raises(Unhealthy, match="does not answer: timed out"):
            flink.jobs()


class Answering(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1, so that a connection may be kept; the server counts the connections."""

    protocol_version = "HTTP/1.1"
    connections = 0

    def setup(self) -> None:
        type(self).connections += 1
        super().setup()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "11")
        self.end_headers()
        self.wfile.write(b'{"jobs":[]}')

    def log_message(self, format: str, *args: object) -> None:
        """Tests talk enough."""


def test_questions_to_one_cluster_share_a_connection_whoever_asks() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answering)
    server.daemon_threads = True
    with serving(server):
        url = f"http://127.0.0.1:{server.server_address[1]}"
        found = [Flink(FlinkRest(address=url), timeout_s).jobs() for timeout_s in (1.0, 2.0, 3.0)]
    assert (found, Answering.connections) == ([(), (), ()], 1)


def test_a_port_without_a_server_is_unreachable_with_a_hint() -> None:
    with pytest.raises(Unhealthy) as raised:
        Flink(FlinkRest(address="127.0.0.1:1")).overview()
    assert (raised.value.code, raised.value.exit_code, bool(raised.value.hint)) == (
        "flink_unreachable",
        3,
        True,
    )


def test_the_watermark_is_asked_of_the_ends_of_a_job_alone_and_is_the_least_there(cluster: Cluster) -> None:
    cluster.add("a")
    cluster.tasks = ("source", "hop", "score")
    cluster.watermarks = {"source": [900, 900], "hop": [500], "score": [300, 400]}
    assert Flink(cluster.rest).watermark("a") == 300
    assert cluster.asked == ["GET /jobs/a", "GET /jobs/a/vertices/v-score/watermarks"]
    cluster.watermarks["score"] = [-(2**63), -(2**63)]
    assert Flink(cluster.rest).watermark("a") is None
