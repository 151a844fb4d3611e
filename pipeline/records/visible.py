"""Text of strangers made visible: what would steer a terminal or turn the reading order is spelt out."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

_STEERS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of controls, formats (right-to-left marks among them), surrogates and what is none."""
UNSEEN: Final = (
    # Controls with ESC, line ends and DEL; C1.
    "\0-\x1f\x7f-\x9f"
    # Separators of lines and paragraphs; marks, embeddings, overrides and isolates of direction.
    "\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    # Default_Ignorable_Code_Point of Unicode 16, which has zero widths, joiners, fillers, selectors and tags.
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    # Marks of annotations; controls of hieroglyphs, an empty note, an empty pattern of dots, a filler.
    "\ufff9-\ufffb\U00013430-\U0001343f\U0001d159\u2800\U00016fe4"
)
"""What nobody sees, although Python calls some of it printable: fillers, joiners, variation selectors."""
_UNSEEN: Final = re.compile(f"[{UNSEEN}]")
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
