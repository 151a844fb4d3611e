"""The settings that the service lets a program make; `allowed_settings.txt` says where that is written."""

from __future__ import annotations

from pathlib import Path


def allowed_settings() -> frozenset[str]:
    """By Flink's own names."""
    lines = Path(__file__).with_name("allowed_settings.txt").read_text(encoding="utf-8").splitlines()
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))
