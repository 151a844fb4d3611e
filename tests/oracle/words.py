"""What words made of fields mean, by other means than the pipeline's: libraries and plain definitions."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from ipaddress import ip_address, ip_network
from zoneinfo import ZoneInfo

from tests.streams import RATES, UNITS, ZONE, FieldValue

MONEY = ("amount", "amount_in(EUR)", "amount_in(USD)")


def worth(word: str, fields: Mapping[str, FieldValue]) -> FieldValue | None:
    """The value of a field or a word, money in units; None where it is absent."""
    if word.startswith("lower("):
        text = worth(word[6:-1], fields)
        return text.lower() if isinstance(text, str) else None
    if word.startswith("len("):
        text = worth(word[4:-1], fields)
        return len(text) if isinstance(text, str) else None
    if word.startswith("amount_in("):
        return _converted(fields, word[10:-1])
    if word in ("hour", "weekday", "day"):
        epoch = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(fields["event_time"]))
        local = epoch.astimezone(ZoneInfo(ZONE))
        return {"hour": local.hour, "weekday": local.isoweekday(), "day": local.day}[word]
    if word == "ip_net":
        return _net(fields.get("ip"))
    value = fields.get(word)
    if word == "tag":
        return None if value is None else written(value)
    if word == "tip":
        return None if isinstance(value, bool | str) else value
    return (value if isinstance(value, bool) else None) if word == "flag" else value


def written(value: FieldValue) -> str:
    """A value as the text by which values are told apart."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def key_of(name: str, fields: Mapping[str, FieldValue]) -> str | None:
    """The value of a key of one field or several."""
    parts = [worth(part, fields) for part in name.split("+")]
    return None if None in parts else "\x1f".join(written(part) for part in parts if part is not None)


def is_within(address: str, networks: tuple[str, ...]) -> bool:
    """Whether the address is one of these, or lies in one of them."""
    return any(address == one or ("/" in one and ip_address(address) in ip_network(one)) for one in networks)


def _net(address: FieldValue | None) -> str | None:
    if address is None:
        return None
    length = 64 if ":" in str(address) else 24
    return str(ip_network(f"{address}/{length}", strict=False))


def _converted(fields: Mapping[str, FieldValue], wanted: str) -> int | None:
    rates = {code: Decimal(str(rate)) for code, rate in RATES.items()} | {"EUR": Decimal(1)}
    rate = rates.get(str(fields.get("currency", "EUR")))
    if rate is None:
        return None
    with localcontext(prec=200):
        exact = Decimal(int(fields["amount"])) * rate / rates[wanted]
        units = int(exact.to_integral_value(ROUND_HALF_EVEN))
    return units if abs(units) < 10**14 * UNITS else None
