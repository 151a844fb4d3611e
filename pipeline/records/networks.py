"""Networks of addresses: which one an address lies in, and whether it lies in one of several.

The kernel does the same (`wire/Networks.java`), on addresses in their one spelling.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Final

NET_BITS: Final = {4: 24, 6: 64}
"""How much of an address says its network."""
_BITS: Final = {4: 32, 6: 128}

Network = IPv4Network | IPv6Network


@lru_cache(maxsize=65_536)
def number(address: str) -> tuple[int, int] | None:
    """Version and number of an address in its one spelling; None for what is none."""
    try:
        if ":" in address:
            return (6, int(IPv6Address(address))) if "%" not in address else None
        return (4, int(IPv4Address(address))) if address.isascii() else None
    except AddressValueError:
        return None


@lru_cache(maxsize=65_536)
def network_of(address: str) -> str | None:
    """The /24 or /64 of an address as text; None for what is no address."""
    found = number(address)
    if found is None:
        return None
    version, of = found
    rest = _BITS[version] - NET_BITS[version]
    first = of >> rest << rest
    return f"{IPv4Address(first) if version == 4 else IPv6Address(first)}/{NET_BITS[version]}"


def network(text: str) -> Network | None:
    """A network as lists have it: `10.0.0.0/8`, `2001:db8::/32`; None for anything else.

    Bits behind the length may be set and are cut off, IPv4 within IPv6 is IPv4.
    """
    address, slash, length = text.partition("/")
    if not slash or not length.isdecimal() or not length.isascii() or number(address) is None:
        return None
    try:
        found = ip_network(text, strict=False)
    except ValueError:
        return None
    if isinstance(found, IPv6Network) and found.prefixlen >= 96 and found.network_address.ipv4_mapped:
        return IPv4Network((found.network_address.ipv4_mapped, found.prefixlen - 96))
    return found


class Networks:
    """Several networks, to be asked about addresses."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._firsts: dict[tuple[int, int], set[int]] = {}
        for text in texts:
            if (found := network(text)) is not None:
                rest = _BITS[found.version] - found.prefixlen
                known = self._firsts.setdefault((found.version, rest), set())
                known.add(int(found.network_address) >> rest)

    def has(self, address: str) -> bool:
        """Whether the address lies in one of them; what is no address lies in none."""
        found = number(address)
        if found is None:
            return False
        version, of = found
        return any(of >> rest in firsts for (kind, rest), firsts in self._firsts.items() if kind == version)
