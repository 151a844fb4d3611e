"""What tells two events apart in every store, also when they bear the same id.

An event is known by its user and its event id. One whose id another event of the user had within
`dedup_window`, with other content, is not a copy: stores know it by the id and the hash of its content, in
one text. No event id of a sender has that form, so the two never meet. Knows nothing of decisions or stores.
"""

from __future__ import annotations

import re
from typing import Final

Identity = tuple[str, str]
"""(user_id, stored id)"""

REUSED: Final = "#reused-"
"""What stands between the two in a stored id."""

_EXTENDED = re.compile(f"(.*){re.escape(REUSED)}([0-9a-f]{{16}})", re.DOTALL)


def stored_id(event_id: str, content_hash: str | None) -> str:
    """The id in stores: the event's own, or with the hash of its content where the id is used again."""
    return event_id if content_hash is None else f"{event_id}{REUSED}{content_hash}"


def sent_id(stored: str) -> str:
    """The id that the sender gave, of one in a store."""
    extended = _EXTENDED.fullmatch(stored)
    return extended[1] if extended else stored


def is_extended(event_id: str) -> bool:
    """Whether it has the form of a stored id that is used again; no sender may use it."""
    return REUSED in event_id and _EXTENDED.fullmatch(event_id) is not None
