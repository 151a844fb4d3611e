"""Which texts may be ids: of a length that every store can hold as a key, and of characters that are seen.

Two ids that look the same on a screen are two keys, so that a sender who may put in what nobody sees can be
a new user, card or device with every payment. The kernel does the same (`wire/Ids.java`), and a test compares
them. Knows nothing of the fields around an id.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from pipeline.records.quantities import Refusal
from pipeline.records.visible import UNSEEN

MAX_ID_BYTES: Final = 256
LONGEST_ID_BYTES: Final = 1_000
"""No limit may be above: with what marks an id used again, the shortest key of a store (1,024) is full."""

BLANKS: Final = "\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
"""Spaces of other widths, which nobody tells from others."""
_UNSEEN = re.compile(f"[{UNSEEN}{BLANKS}]")


def is_id(name: str) -> bool:
    """Whether a field of that name is an id: `event_id`, `card_id`, and further ones such as `session_id`."""
    return name.endswith("_id")


@dataclass(frozen=True, slots=True)
class IdLimits:
    """What an id may be; `allow_any` takes every character that stores can hold."""

    max_bytes: int = MAX_ID_BYTES
    allow_any: bool = False

    def are_met_by(self, text: str) -> bool:
        """Whether an id in ASCII, as most are, is within the limits; False says nothing of others."""
        if not text.isascii() or len(text) > self.max_bytes:
            return False
        return self.allow_any or (text.isprintable() and text[:1] != " " != text[-1:])

    def check(self, name: str, text: str) -> None:
        """Refusal `id_too_long` or `bad_id` for the value of that field, a text without half surrogates."""
        if self.are_met_by(text):
            return
        length = len(text.encode())
        if length > self.max_bytes:
            raise Refusal("id_too_long", f"{name} has {length} bytes, at most {self.max_bytes}")
        if not self.allow_any and (found := _UNSEEN.search(text)):
            raise Refusal("bad_id", f"{name} has U+{ord(found[0]):04X}, which nobody sees")
        if not self.allow_any and text != text.strip(" "):
            raise Refusal("bad_id", f"{name} has U+0020 at an end, which nobody sees")


IDS: Final = IdLimits()
ANY_IDS: Final = IdLimits(max_bytes=1 << 30, allow_any=True)
"""For what has been accepted before."""
