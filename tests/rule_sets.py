"""Rule sets for tests to which it does not matter what is in them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ONE_RULE: Final[Mapping[str, Any]] = {
    "version": "one",
    "rules": {"r": {"when": "amount > 5", "points": 60}},
    "thresholds": {"review": 50, "block": 80},
}
"""Asks for nothing but the amount, so that its plan computes nothing."""
