"""The Dockerfiles have none of the faults that hadolint knows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from fraudctl.files import countries

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


def test_the_image_has_every_language_in_which_names_of_countries_are_read() -> None:
    kept = re.search(r"for one in root no([^;]*);", (ROOT / "compose" / "Dockerfile").read_text("utf-8"))
    assert kept is not None
    assert re.sub(r"[\\']", " ", kept[1]).split() == countries._LANGUAGES.split()
