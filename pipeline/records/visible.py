"""Text of strangers made visible: what would steer a terminal or turn the reading order is spelt out."""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Final

_STEERS: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode's categories of controls, formats (right-to-left marks among them), surrogates and what is none."""
_BREAKS: Final = re.compile(r"[^\n\t]+")


def visible(text: str, most: int | None = None) -> str:
    """The text with every character that is not seen written as `\\u202e`, and cut with `…` after `most`."""
    kept = text if most is None or len(text) <= most else f"{text[: most - 1]}…"
    return kept if kept.isprintable() else "".join(map(_spelt, kept))


def visible_lines(text: str) -> str:
    """The same of a text that may have several lines and tabs, which stay."""
    return text if text.isprintable() else _BREAKS.sub(lambda part: visible(part[0]), text)


def visible_json(text: str) -> str:
    """JSON that says the same, with such characters escaped as JSON escapes them."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    steers = unicodedata.category(character) in _STEERS
    return json.dumps(character)[1:-1] if steers else character


def _spelt(character: str) -> str:
    if unicodedata.category(character) not in _STEERS:
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
