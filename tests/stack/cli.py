"""The command line as a user runs it, against the stack of the tests."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fraudctl.home.stack import Stack

ENVELOPE = {"schema_version", "command", "ok", "exit_code", "summary", "data", "error"}


def fraudctl(home: Path, *arguments: str) -> str:
    """Runs one command against the stack in that home and returns its standard output; fails as it fails."""
    done = subprocess.run(
        [sys.executable, "-m", "fraudctl", *arguments, "--home", str(home)],
        text=True,
        capture_output=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def ask(stack: Stack, *arguments: str, wait_s: float = 300.0) -> dict[str, Any]:
    """The envelope of one command with --json; its exit code must be the one the envelope tells."""
    argv = [sys.executable, "-m", "fraudctl", *arguments, "--home", str(stack.home), "--json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=wait_s)
    envelope: dict[str, Any] = json.loads(done.stdout)
    assert envelope.keys() == ENVELOPE, done.stderr
    assert (envelope["exit_code"], envelope["ok"]) == (done.returncode, done.returncode == 0), done.stderr
    return envelope


def data_of(stack: Stack, *arguments: str, wait_s: float = 300.0) -> dict[str, Any]:
    """The answer of a command that must succeed."""
    envelope = ask(stack, *arguments, wait_s=wait_s)
    assert envelope["exit_code"] == 0, envelope
    data: dict[str, Any] = envelope["data"]
    return data
