"""From the columns of a file to the options that read it; everything decided here is noted."""

from __future__ import annotations

from collections.abc import Sequence

from fraudctl.files.currencies import has_three_digits
from fraudctl.files.fields import IDS
from fraudctl.files.mapping import Said
from fraudctl.inspection import amounts, books, envelopes, fitting, keys, label_times, names, places, words
from fraudctl.inspection.clocks import Clock
from fraudctl.inspection.columns import Column
from fraudctl.inspection.notes import How, Proposal
from pipeline.records.fields import LABEL_FIELDS, RESERVED, STRING_FIELDS

_REQUIRED = ("event_id", "event_time", "amount", "label", "user_id")
_OTHERS = (
    "label_time",
    "currency",
    "ip",
    "device_id",
    "card_id",
    "merchant_id",
    "country",
    "channel",
    "lat",
    "lon",
)
_ALONE = ("event_id", "event_time", "amount", "label", "label_time", "currency")
"""Fields whose column is no other field."""


class Proposer:
    """Chooses a column for each field and the options its cells need. `typed` says that values have types,
    `ids_may_be_numbers` that ids of a number type are read as text anyway."""

    def __init__(
        self, columns: Sequence[Column], proposal: Proposal, typed: bool, ids_may_be_numbers: bool
    ) -> None:
        self._columns, self._proposal = {one.name: one for one in columns}, proposal
        self._typed, self._ids_may_be_numbers = typed, ids_may_be_numbers
        self._told = frozenset(proposal.said.map or ())
        self._current = envelopes.of_after(columns)
        """those that hold what rows are, and not what they were before a change"""
        self.chosen: dict[str, list[Column]] = {}
        """the columns of each field"""

    def propose(self) -> None:
        """Every step, in the order in which one needs the other."""
        self._envelope()
        for field in (*_REQUIRED, *_OTHERS):
            self._choose(field)
        self._ids()
        self._user()
        clock = Clock(self._columns, self._proposal, "event_time" in self._told)
        clock.propose(self.chosen.get("event_time", []))
        self._label_time()
        self._amount()
        self._country()
        self._currency()
        self._kinds()
        words.note_truths(self._columns.values(), self.chosen, self._proposal)
        self._reserved()
        keys.note(self._current, self.chosen, self._said().drop or (), self._proposal)
        words.propose_absent(self._columns.values(), self.chosen, self._proposal)

    def _said(self) -> Said:
        return self._proposal.said

    def _taken(self) -> set[str]:
        return {one.name for field in _ALONE for one in self.chosen.get(field, ())}

    def _envelope(self) -> None:
        if (place := envelopes.place(self._columns.values())) is not None:
            text = f"rows are in envelopes: what they are after a change counts ({place}), not what they were"
            self._proposal.note(How.recognised, text)

    def _choose(self, field: str) -> None:
        given = self._given(field)
        if given is not None:
            self.chosen[field] = [self._columns[name] for name in given if name in self._columns]
            return
        parts = fitting.time_parts(self._current) if field == "event_time" else []
        out = self._taken() | set(self._said().drop or ())
        if field == "merchant_id":
            out |= {one.name for one in self.chosen.get("user_id", ())}
        found = fitting.candidates(field, self._current, out)
        if field == "event_time":
            found = fitting.moments_first(fitting.utc_first(found))
        pair = books.pair(self._current) if field == "amount" else []
        if field == "event_time" and found and (clock := fitting.clock_of(found[0], self._current)):
            parts = [found[0], clock]
        if parts and not (found and found[0].name == field):
            self._take(field, parts, found)
        elif pair and not any(names.is_named(field, one.name) for one in found):
            self.chosen[field] = pair
            books.propose(pair, self._proposal)
        elif found:
            self._take(field, found[:1], found[1:])
        elif field == "label":
            self._not_a_label()
        elif field == "event_time" and (only := fitting.only_time(self._current, out)):
            self.chosen[field] = [only]
            self._proposal.say(Said(map={field: only.name}))
            self._proposal.note(How.assumed, f"{only.name} alone holds times: it is taken as event_time")

    def _not_a_label(self) -> None:
        """Columns that are named as the label is, and hold other than a label."""
        for name, column in self._columns.items():
            if (
                names.rank("label", name) is not None
                and column.examples
                and name not in (self._said().drop or ())
            ):
                text = (
                    f"{name} is no label, for it holds other than 1 and 0: {', '.join(column.examples)[:60]}"
                )
                self._proposal.note(How.assumed, text)

    def _given(self, field: str) -> list[str] | None:
        if field == "label" and self._said().label:
            return [str(self._said().label)]
        column = (self._said().map or {}).get(field)
        if column is None or column in self._columns:
            return None if column is None else [column]
        return column.split("+") if field == "event_time" else self._pair_of(column) or [column]

    def _pair_of(self, text: str) -> list[str]:
        """Two columns that are said with a sign between them."""
        cuts = ([text[:at], text[at + 1 :]] for at, mark in enumerate(text) if mark in "+-")
        return next((cut for cut in cuts if all(name in self._columns for name in cut)), [])

    def _take(self, field: str, found: list[Column], others: list[Column]) -> None:
        self.chosen[field] = found
        name = "+".join(one.name for one in found)
        if name == field:
            return
        if field == "label":
            self._proposal.say(Said(label=name))
        else:
            self._proposal.say(Said(map={field: name}))
        more = [fitting.option(field, one.name) for one in others if one not in found][:3]
        self._proposal.note(How.recognised, f"{field} is {name}", *more)

    def _ids(self) -> None:
        said = self._said()
        if not self.chosen.get("event_id") and said.id_from is None:
            self._proposal.say(Said(id_from="row"))
            text = "no column is an id of the payment: ids are made of the row's line"
            self._proposal.note(How.assumed, text, "--map event_id=COLUMN", "--id hash")
            if "event_id" in self._columns and "event_id" not in (said.drop or ()):
                self._drop("event_id")
        found = {one.name: one for field in IDS for one in self.chosen.get(field, ())}
        for name, column in found.items():
            if cell := fitting.with_exponent(column):
                text = (
                    f"{name} holds {cell!r}: what wrote it may have cut digits off, and made one of several"
                )
                self._proposal.note(How.assumed, text)

    def _user(self) -> None:
        if self._said().user_from:
            return
        if found := self.chosen.get("user_id"):
            if fitting.is_sparse("user_id", found[0]) and "user_id" not in self._told:
                self._proposal.say(Said(user_from="row"))
                text = f"{found[0].name} is empty in most rows: each of these is a user of its own"
                self._proposal.note(How.assumed, text, "--map user_id=COLUMN")
            return
        if cards := self.chosen.get("card_id"):
            self._proposal.say(Said(map={"user_id": cards[0].name}))
            self.chosen["user_id"] = cards
            text = f"no column says who paid: {cards[0].name} stands for the user"
        else:
            self._proposal.say(Said(user_from="row"))
            text = "no column says who paid: every row is a user of its own, so nothing is counted by user"
        self._proposal.note(How.assumed, text, "--map user_id=COLUMN")

    def _label_time(self) -> None:
        found = self.chosen.get("label_time")
        if not found or "label_time" in self._told:
            return
        if not label_times.propose(found[0].name, fitting.tested(found[0]), self._proposal):
            del self.chosen["label_time"]
            self._unmap("label_time")

    def _amount(self) -> None:
        if found := self.chosen.get("amount"):
            self._own_currency(found)
            has_currency = bool(self.chosen.get("currency") or self._said().currency)
            name = " and ".join(one.name for one in found)
            cells = [cell for one in found for cell in one.cells()]
            self._exponent(name, cells)
            amounts.propose(name, cells, has_currency, self._proposal)
            if (other := fitting.other_part(found[0], self._columns)) is not None:
                text = f"amounts are in parts, {found[0].name} and {other}: write them as one number"
                self._proposal.note(How.open, text, "--map amount=COLUMN")
            if not any("number" in one.types for one in found):
                self._thousands(name, cells)
            if len(found) == 1:
                books.note_side(found[0], self._columns.values(), self._proposal)
        else:
            left_out = self._said().drop or ()
            text = fitting.nothing_like("amount", "an amount", self._columns.values(), left_out)
            self._proposal.note(How.open, text, "--map amount=COLUMN")

    def _exponent(self, name: str, cells: Sequence[str]) -> None:
        """Whole numbers beside a column that says how many of their digits are behind the point."""
        beside = next((one for one in self._columns.values() if names.is_exponent(one.name)), None)
        if beside is None or self._said().minor_units is not None or not amounts.are_whole(cells):
            return
        if set(beside.cells()) <= {"0", "2", "3"}:
            self._proposal.say(Said(minor_units=True))
            text = f"{name} is in minor units, as {beside.name} says: by the digits of each currency"
            self._proposal.note(How.assumed, text, "--major-units")

    def _thousands(self, name: str, cells: Sequence[str]) -> None:
        """Ask where points part three digits and no others, unless a currency has so many."""
        said, currency = self._said(), self.chosen.get("currency", [])
        has_three = has_three_digits([said.currency, *(cell for one in currency for cell in one.cells())])
        if said.decimal is None and not has_three and (cell := amounts.perhaps_thousands(cells)):
            text = f"{name} shows a point that may part decimals or thousands: {cell!r}"
            self._proposal.note(How.open, text, "--decimal ,", "--decimal .")

    def _own_currency(self, found: Sequence[Column]) -> None:
        """The currency that amounts have by the name of their column. Another column that is named like a
        currency is then that of something else."""
        code = names.currency_in(found[0].name)
        column = self.chosen.get("currency", [])
        is_of_else = bool(column) and not names.is_named("currency", column[0].name)
        if code is None or self._said().currency or (column and not is_of_else):
            return
        if is_of_else and "currency" not in self._told:
            del self.chosen["currency"]
            self._unmap("currency")
        self._proposal.say(Said(currency=code))
        self._proposal.note(How.recognised, f"{found[0].name} is in {code} by its name")

    def _unmap(self, field: str) -> None:
        mapped = {name: column for name, column in (self._said().map or {}).items() if name != field}
        self._proposal.said = Said(**{**vars(self._said()), "map": mapped or None})

    def _country(self) -> None:
        own = [one for one in (self._columns.get("country"),) if one is not None and one.filled]
        if (found := self.chosen.get("country", own)) and self._said().country_codes is None:
            places.propose(found[0].name, fitting.tested(found[0]), self._proposal)

    def _currency(self) -> None:
        own = [one for one in (self._columns.get("currency"),) if one is not None and one.filled]
        for column in self.chosen.get("currency", own)[:1]:
            places.note_currencies(column.name, fitting.tested(column), self._proposal)

    def _kinds(self) -> None:
        """Values of JSON and Parquet whose type is another than the field's."""
        if not self._typed:
            return
        given = self._said().kind or {}
        for field, found in self.chosen.items():
            types = found[0].types if found else set()
            is_text = field in ("event_id", "user_id", *STRING_FIELDS)
            if is_text and "number" in types and not self._ids_may_be_numbers and field not in given:
                self._kind(field, found[0], "text")
            if field == "amount" and "number" not in types and field not in given:
                self._kind(field, found[0], "number")

    def _kind(self, field: str, column: Column, kind: str) -> None:
        self._proposal.say(Said(kind={field: kind}))
        self._proposal.note(How.recognised, f"{column.name} is taken as {kind}")

    def _reserved(self) -> None:
        mapped = {one.name for found in self.chosen.values() for one in found}
        for name in dict.fromkeys(self._outer(name) for name in self._columns):
            if name in mapped or name in (self._said().drop or ()):
                continue
            if name == "source" and name in self._columns and "channel" not in self.chosen:
                self._proposal.say(Said(map={"channel": "source"}))
                self._proposal.note(
                    How.assumed, "source is a name of a decision: it becomes channel", "--drop source"
                )
            elif name in RESERVED and name not in LABEL_FIELDS:
                self._drop(name)
                self._proposal.note(How.assumed, f"{name} is a name of a decision: it is left out")
            elif (
                name in ("label", "label_time")
                and name not in self.chosen
                and (name not in self._columns or self._columns[name].filled)
            ):
                self._drop(name)
                self._proposal.note(How.assumed, f"{name} holds no {name.replace('_', ' ')}: it is left out")

    def _outer(self, name: str) -> str:
        """The column, or in files of values with types the outermost object that it is in."""
        return name.partition(".")[0] if self._typed else name

    def _drop(self, name: str) -> None:
        self._proposal.said = Said(**{**vars(self._said()), "drop": (*(self._said().drop or ()), name)})
