"""Test processes that run at the same time are given different ports."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import ports

THERE = "from tests import ports; ports._RANGE = {ports}; print(ports.free_port())"


def test_a_port_that_another_process_was_given_is_free_when_that_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, second = ports.free_ports(2)
    monkeypatch.setattr(ports, "_RANGE", [first, second])
    with pytest.raises(AssertionError, match="is free"):
        ports.free_port()
    there = [sys.executable, "-c", THERE.format(ports=[first, second])]
    assert "AssertionError" in subprocess.run(there, capture_output=True, text=True, check=False).stderr
    os.close(ports._lately.pop())
    os.close(ports._lately.pop())
    assert int(subprocess.run(there, capture_output=True, text=True, check=True).stdout) in (first, second)
    assert ports.free_port() in (first, second)
