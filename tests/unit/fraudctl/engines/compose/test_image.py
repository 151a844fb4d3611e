"""The Dockerfiles have none of the faults that hadolint knows."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[5]
HADOLINT = Path(sys.executable).with_name("hadolint")
FILES = sorted(
    [ROOT / "compose" / "Dockerfile", *(ROOT / "tests" / "compose" / "standin").glob("*ockerfile")]
)


def complaints(text: str) -> str:
    done = subprocess.run(
        [HADOLINT, "--no-color", "-"], input=text, text=True, capture_output=True, check=False
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_hadolint_has_no_complaint(file: Path) -> None:
    assert complaints(file.read_text(encoding="utf-8")) == ""


def test_hadolint_sees_a_fault() -> None:
    assert "DL3002" in complaints("FROM debian:bookworm\nUSER root\n")
