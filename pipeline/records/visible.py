"""Text of strangers made visible: what would steer a terminal or turn the reading order is spelt out."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

from pipeline.records.ids import UNSEEN

_STEERS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of controls, formats (right-to-left marks among them), surrogates and what is none."""
_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
"""What may be in no id, although Python calls some of it printable: fillers, joiners, variation selectors."""
_BREAKS: Final = re.compile(r"[^\n\t]+")


def visible(text: str, most: int | None = None) -> str:
    """The text with every character that is not seen written as `\\u202e`, and cut with `…` after `most`."""
    kept = text if most is None or len(text) <= most else f"{text[: most - 1]}…"
    return kept if _is_seen(kept) else "".join(map(_spelt, kept))


def visible_lines(text: str) -> str:
    """The same of a text that may have several lines and tabs, which stay."""
    return text if _is_seen(text) else _BREAKS.sub(lambda part: visible(part[0]), text)


def visible_json(text: str) -> str:
    """JSON that says the same, with such characters escaped as JSON escapes them."""
    return text if _is_seen(text) else "".join(map(_escaped, text))


def _is_seen(text: str) -> bool:
    return text.isprintable() and (text.isascii() or _UNSEEN.search(text) is None)


def _is_spelt(character: str) -> bool:
    return unicodedata.category(character) in _STEERS or _UNSEEN.match(character) is not None


def _escaped(character: str) -> str:
    return json.dumps(character)[1:-1] if _is_spelt(character) else character


def _spelt(character: str) -> str:
    if not _is_spelt(character):
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
