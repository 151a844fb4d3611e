"""Under which key a transaction is sent, which decides its partition: its user, or another of its fields."""

from __future__ import annotations

import json
from typing import Final

USER: Final = "user_id"
FIELDS: Final = (USER, "ip", "device_id", "card_id", "merchant_id")
"""those that a profile may place transactions by"""


def key_of(field: str, user: bytes, value: bytes) -> bytes:
    """The key of a transaction of that user; the user's where it lacks the field."""
    if field == USER:
        return user
    found = json.loads(value).get(field)
    return found.encode() if isinstance(found, str) and found else user
