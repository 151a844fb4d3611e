"""Secrets that lie in files: read with each new connection, so that a new one is taken up by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

Secret: TypeAlias = str | Path | None
"""A secret itself, or the file that has it, which is read anew for each connection; None for none."""


def text_of(secret: Secret) -> str | None:
    """The secret as it is now, without the end of its line. Raises OSError where its file cannot be read."""
    return secret.read_text(encoding="utf-8").strip() if isinstance(secret, Path) else secret
