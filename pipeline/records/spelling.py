"""One spelling for what senders spell in many ways: addresses, codes of countries and currencies, blanks.

The kernel does the same (`wire/Spelling.java`), and a test compares them.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from pipeline.records.quantities import Refusal

BLANKS: Final = " \t\n\r\x0b\x0c"
"""A text of nothing else is absent."""
CODES: Final = frozenset(("currency", "country"))
AS_SENT: Final = "ip_as_sent"
"""The field that keeps an address as it was sent, where that differs from its one spelling."""
_LONGEST: Final = 100
_BRACKETED = re.compile(r"\[([^\]]*)\](?::[0-9]{1,5})?")
_WITH_PORT = re.compile(r"([0-9.]+):[0-9]{1,5}")
_NO_ADDRESS = re.compile(r"[^0-9A-Fa-f:.]")
_BETWEEN = re.compile(f"[{BLANKS}]+")


def spelt(name: str, text: str) -> str | None:
    """A text field in its one spelling, None for blanks. Refusal `bad_ip` for a list of addresses."""
    if not text.strip(BLANKS):
        return None
    if name == "ip":
        return address(text)
    return text.strip(BLANKS).upper() if name in CODES and text.isascii() else text


@lru_cache(maxsize=65_536)
def address(text: str) -> str:
    """An IP address in its one spelling (RFC 5952); IPv4 in IPv6 as IPv4, without zone and port.

    What is no address stays as it is. Refusal for several, as proxies write them.
    """
    bare = text.strip(BLANKS)
    if _is_list(bare):
        hint = "several addresses, as from proxies: send that of the client alone"
        raise Refusal("bad_ip", f"{text[:40]!a}: {hint}")
    return _one(bare) or text


def _is_list(text: str) -> bool:
    """Whether there are commas or semicolons in it, or blanks between an address and anything else."""
    if "," in text or ";" in text:
        return True
    parts = _BETWEEN.split(text)
    return len(parts) > 1 and any(_one(part) for part in parts)


def _one(text: str) -> str | None:
    if len(text) > _LONGEST:
        return None
    if found := _BRACKETED.fullmatch(text) or _WITH_PORT.fullmatch(text):
        text = found[1]
    return _of_four(text) or _of_six(text.partition("%")[0])


def _of_four(text: str) -> str | None:
    try:
        return str(IPv4Address(text)) if text.isascii() else None
    except AddressValueError:
        return None


def _of_six(text: str) -> str | None:
    if _NO_ADDRESS.search(text):
        return None
    try:
        found = IPv6Address(text)
    except AddressValueError:
        return None
    return str(found.ipv4_mapped or found)
