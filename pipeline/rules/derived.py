"""Values that are made of a transaction's own fields: its hour in a zone, its network, its amount in a
currency.

Knows one transaction at a time and the numbers it is given; knows nothing of expressions. The kernel makes
the same values from the same definitions (`event/Derived.java`): no table of zones, rates or letters is
looked up there, all of it is in the plan.

A value has a `name` that tells it from every other definition, which is what plans and state know it by,
and a `word`, which is what people write. A key (`user_id`, `ip_net(ip)+mcc`) needs no definition: its name
says the values it is made of.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Protocol

from pipeline.records.events import Transaction
from pipeline.records.networks import network_of
from pipeline.records.quantities import MAX_UNITS, Number
from pipeline.rules.expression.tree import Kind, RawValue
from pipeline.rules.zones import Zone

JOIN: Final = "+"
_GLUE: Final = "\0"
"""Between the texts of a key of several values; no text of a transaction holds it."""
_DAY_S: Final = 86_400


class Derived(Protocol):
    """One value made of a transaction."""

    @property
    def name(self) -> str: ...

    @property
    def word(self) -> str: ...

    @property
    def kind(self) -> Kind: ...

    def value(self, transaction: Transaction) -> RawValue | None:
        """Raw as rules are given it; None is absent."""

    def text(self, transaction: Transaction) -> str | None:
        """As distinct, first_seen and previous tell values apart."""

    def as_document(self) -> dict[str, object]:
        """As JSON, for the kernel."""


class _Plain(ABC):
    """The text of a value that is a text, or a whole number."""

    __slots__ = ()

    @abstractmethod
    def value(self, transaction: Transaction) -> RawValue | None: ...

    def text(self, transaction: Transaction) -> str | None:
        value = self.value(transaction)
        return None if value is None else str(value)


@dataclass(frozen=True, slots=True)
class Typed:
    """A further field of one kind. Texts take numbers and truth values as written; otherwise what is of
    another kind is absent."""

    field: str
    kind: Kind

    @property
    def name(self) -> str:
        return f"{TYPED[self.kind]}({self.field})"

    @property
    def word(self) -> str:
        return self.field

    def value(self, transaction: Transaction) -> RawValue | None:
        if self.kind is Kind.TEXT:
            return transaction.text(self.field)
        value = transaction.get(self.field)
        return value if isinstance(value, bool if self.kind is Kind.BOOL else float) else None

    def text(self, transaction: Transaction) -> str | None:
        written = transaction.fields.get(self.field)
        is_right = {
            Kind.TEXT: True,
            Kind.BOOL: isinstance(written, bool),
            Kind.FLOAT: isinstance(written, Number),
        }[self.kind]
        return transaction.text(self.field) if is_right else None

    def as_document(self) -> dict[str, object]:
        return {"name": self.name, "do": TYPED[self.kind], "of": self.field}


TYPED: Final[Mapping[Kind, str]] = {Kind.TEXT: "text", Kind.FLOAT: "number", Kind.BOOL: "bool"}


@dataclass(frozen=True, slots=True)
class Network(_Plain):
    """The /24 of an IPv4 address, the /64 of an IPv6 address: `203.0.113.0/24`, `2001:db8::/64`."""

    kind: Kind = Kind.TEXT
    name: str = "ip_net(ip)"
    word: str = "ip_net"

    def value(self, transaction: Transaction) -> str | None:
        address = transaction.text("ip")
        return None if address is None else network_of(address)

    def as_document(self) -> dict[str, object]:
        return {"name": self.name, "do": "ip_net", "of": "ip"}


TIMES: Final = {"hour": (0, 23), "weekday": (1, 7), "day": (1, 31)}
"""Least and greatest of each."""


@dataclass(frozen=True, slots=True)
class LocalTime(_Plain):
    """The hour, weekday (Monday 1 to Sunday 7) or day of the month of the event in a zone."""

    word: str
    zone: Zone
    kind: Kind = Kind.INT

    @property
    def name(self) -> str:
        return f"{self.word}({self.zone.name} {self.zone.version})"

    def value(self, transaction: Transaction) -> int:
        second = transaction.event_time_ms // 1_000
        local = second + self.zone.offsets_s[bisect_right(self.zone.since_s, second)]
        days, of_day = divmod(local, _DAY_S)
        if self.word == "hour":
            return of_day // 3_600
        return (days + 3) % 7 + 1 if self.word == "weekday" else day_of_month(days)

    def as_document(self) -> dict[str, object]:
        zone = {"since_s": list(self.zone.since_s), "offsets_s": list(self.zone.offsets_s)}
        return {"name": self.name, "do": self.word, **zone}


def day_of_month(days: int) -> int:
    """The day of the month of a day since 1970-01-01 (H. Hinnant, "chrono-compatible low-level date
    algorithms", civil_from_days)."""
    of_era = (days + 719_468) % 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    return of_year - (153 * ((5 * of_year + 2) // 153) + 2) // 5 + 1


@dataclass(frozen=True, slots=True)
class Converted(_Plain):
    """The amount in another currency, rounded once to four digits, half to even.

    `own` is the currency of events that name none, `rates` what one unit of each is worth in `currency`. An
    amount in a currency without a rate, or of 10^14 and beyond, is absent. `mark` tells tables of rates
    apart.
    """

    currency: str
    own: str
    rates: Mapping[str, Fraction]
    mark: str
    kind: Kind = Kind.MONEY

    @property
    def name(self) -> str:
        return f"{self.word[:-1]} {self.mark})"

    @property
    def word(self) -> str:
        return f"amount_in({self.currency})"

    def value(self, transaction: Transaction) -> int | None:
        rate = self.rates.get(str(transaction.fields.get("currency", self.own)))
        units = None if rate is None else round(transaction.amount_units * rate)
        return None if units is None or abs(units) >= MAX_UNITS else units

    def as_document(self) -> dict[str, object]:
        rates = {
            code: [str(rate.numerator), str(rate.denominator)] for code, rate in sorted(self.rates.items())
        }
        return {"name": self.name, "do": "amount_in", "own": self.own, "rates": rates}


class Seen:
    """A transaction as rule sets with derived values see it."""

    __slots__ = ("_derived", "_transaction")

    def __init__(self, transaction: Transaction, derived: Mapping[str, Derived]) -> None:
        self._transaction, self._derived = transaction, derived

    @property
    def amount_units(self) -> int:
        return self._transaction.amount_units

    def get(self, name: str) -> RawValue | None:
        """The value of a field or a derived value, as `Transaction.get`."""
        found = self._derived.get(name)
        return self._transaction.get(name) if found is None else found.value(self._transaction)

    def text(self, name: str) -> str | None:
        """The same as text, as `Transaction.text`."""
        found = self._derived.get(name)
        return self._transaction.text(name) if found is None else found.text(self._transaction)

    def key(self, name: str) -> str | None:
        """The value of a key that features are by; None where one of its parts is absent."""
        if JOIN not in name:
            return self.text(name)
        parts = [self.text(part) for part in name.split(JOIN)]
        return None if None in parts else _GLUE.join(map(str, parts))
