"""What a process shows is read back as it was counted."""

from __future__ import annotations

import socket
import threading

import pytest

from pipeline.metrics import asking, exposition
from pipeline.metrics.asking import Reading
from pipeline.metrics.outside import DecisionFigures, JobFigures
from tests.ports import free_port


def test_what_is_shown_is_read_back() -> None:
    figures = DecisionFigures(decisions={("approve",): 7}, hits={('a"b\\',): 2})
    figures.delay.add(0.02, 3)
    port = free_port()
    exposition.serve(port, lambda: [figures])
    found = set(asking.ask(port))
    assert Reading("fraudctl_decisions_total", (("decision", "approve"),), 7.0) in found
    assert Reading("fraudctl_rule_hits_total", (("rule", 'a"b\\'),), 2.0) in found
    assert Reading("fraudctl_decision_delay_seconds_bucket", (("le", "0.025"),), 3.0) in found


def test_figures_at_hand_read_the_same() -> None:
    found = list(asking.of([JobFigures(running=True, checkpoints=4)]))
    assert found == [Reading("fraudctl_job_running", (), 1.0), Reading("fraudctl_job_checkpoints", (), 4.0)]


def test_nobody_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="refused"):
        asking.ask(free_port())


def test_who_says_something_else_is_an_os_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        other.listen()
        port = int(other.getsockname()[1])

        def answer() -> None:
            came, _ = other.accept()
            came.recv(1000)
            came.sendall(b"SSH-2.0-nobody\r\n")
            came.close()

        threading.Thread(target=answer, daemon=True).start()
        with pytest.raises(OSError, match=f"port {port} tells no metrics"):
            asking.ask(port)
