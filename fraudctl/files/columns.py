"""Which column becomes which field: by name, by `--map`, by a path into nested objects, or several as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.files.fields import CORE
from fraudctl.files.json_objects import Members
from fraudctl.files.options import ReadOptions
from pipeline.records.quantities import Refusal

_SIGNS = re.compile("[+-]")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two columns of which one has the amount of a row, as books have debit and credit; `sign` is what that
    of the second is taken with."""

    columns: tuple[str, str]
    sign: int

    def units(self, first: int | None, second: int | None) -> int | None:
        """The amount of a row; None where neither column has one. Refusal where both have."""
        if first and second:
            raise Refusal("bad_amount", f"{' and '.join(self.columns)} both hold an amount")
        return first if second is None or first else self.sign * second


class Columns:
    """The columns of a file, or of a sample of its objects, and the fields they become."""

    def __init__(
        self,
        options: ReadOptions,
        names: Sequence[str],
        sample: Sequence[Members] | None = None,
        elsewhere: Container[str] = (),
    ) -> None:
        self.options, self.names = options, list(names)
        self._sample = sample
        self._known = frozenset(names)
        said = dict(options.fields)
        if options.label != "label":
            said["label"] = options.label
        self._fields = {
            field: column
            for field, column in said.items()
            if field not in elsewhere or all(map(self._is_there, self._split(field, column)))
        }
        self.sources = {field: self._split(field, column) for field, column in self._fields.items()}
        self._taken = {column for columns in self.sources.values() for column in columns}

    def _split(self, field: str, column: str) -> tuple[str, ...]:
        """The columns a time is made of, or one of which has the amount: a column that is named like the
        whole text comes first."""
        if field == "event_time" and "+" in column and column not in self._known:
            return tuple(column.split("+"))
        pair = self._pair_of(column) if field == "amount" and column not in self._known else None
        return (column,) if pair is None else (pair[0], pair[1])

    def _pair_of(self, text: str) -> tuple[str, str, str] | None:
        """Two columns and the sign between them."""
        cuts = ((text[:at], text[at + 1 :], mark) for at, mark in enumerate(text) if mark in "+-")
        return next((cut for cut in cuts if self._is_there(cut[0]) and self._is_there(cut[1])), None)

    def of_field(self, field: str) -> tuple[str, ...]:
        """The columns that a field is taken from."""
        return self.sources.get(field, (field,))

    def fields_of(self, column: str) -> list[str]:
        """The fields that a column alone becomes: those mapped to it, else the one of its name, if that is
        not mapped elsewhere and neither dropped nor left out by --keep."""
        mapped = [field for field, columns in self.sources.items() if columns == (column,)]
        if mapped:
            return mapped
        is_free = column not in self.sources and column not in self._taken
        return [column] if is_free and column and self._is_kept(column) else []

    def further(self) -> list[str]:
        """The columns that become fields the pipeline does not know."""
        return [name for name in self.names if set(self.fields_of(name)) - CORE]

    def joined(self) -> tuple[str, ...]:
        """The columns that make the time together; none if it is one column."""
        columns = self.of_field("event_time")
        return columns if len(columns) > 1 else ()

    def pair(self) -> Pair | None:
        """The two columns of which one has the amount; None where one column has all."""
        found = self._pair_of(self._fields["amount"]) if len(self.of_field("amount")) == 2 else None
        return None if found is None else Pair((found[0], found[1]), 1 if found[2] == "+" else -1)

    def paths(self) -> dict[str, list[str]]:
        """Fields from nested objects: the path, by field."""
        return {
            field: columns[0].split(".")
            for field, columns in self.sources.items()
            if len(columns) == 1 and columns[0] not in self._known and "." in columns[0]
        }

    def lacking(self, required: Iterable[str]) -> list[str]:
        """Fields that no row of a table can have."""
        needed = self.not_made(required)
        return [field for field in needed if not all(map(self._is_there, self.of_field(field)))]

    def not_made(self, fields: Iterable[str]) -> list[str]:
        """The fields that are taken from a column, and not made of the row."""
        made = {"event_id"} if self.options.id_from else set()
        made |= {"user_id"} if self.options.user_from else set()
        return [field for field in fields if field not in made]

    def repeated(self) -> list[str]:
        """Names that several columns have, other than those that are left out."""
        return [name for name, n in Counter(self.names).items() if n > 1 and name and self._matters(name)]

    def check_named(self, path: Path) -> None:
        """UsageError when a column that an option names is not in the file."""
        named = [*self._taken, *self.options.drop, *(self.options.keep or ())]
        missing = [name for name in dict.fromkeys(named) if not self._is_there(name)]
        if missing and (self.names or self._sample is None):
            order = [column for columns in self.sources.values() for column in columns]
            shown = sorted(missing, key=lambda name: order.index(name) if name in order else len(order))
            raise UsageError(
                f"{path.name} has no column {', '.join(shown)}",
                hint=f"it has: {', '.join(sorted(filter(None, self._known))) or 'none'}",
                code="no_column",
            )
        if self.options.id_from and "event_id" in self._known and "event_id" not in self.options.drop:
            raise UsageError(
                f"{path.name} has event_id, so none is made of {self.options.id_from}",
                hint="leave --id out, or say --drop event_id",
            )

    def value_in(self, members: Members, field: str) -> Any:
        """The value of a field in an object of JSON, None without."""
        return self.value_at(members, self.of_field(field)[0])

    def value_at(self, members: Members, column: str) -> Any:
        """The value of a column or at a path in an object of JSON, None without."""
        return next((value for name, value in members if name == column), walk(members, column.split(".")))

    def only_value_at(self, members: Members, column: str) -> Any:
        """The same of an object that is read: Refusal where there are two."""
        path = [column] if any(name == column for name, _ in members) else column.split(".")
        return walk(members, path, is_once=True)

    def _is_there(self, column: str) -> bool:
        if column in self._known:
            return True
        path = column.split(".")
        if self._sample is not None:
            return any(walk(members, path) is not None for members in self._sample)
        return len(path) > 1 and path[0] in self._known

    def _is_kept(self, column: str) -> bool:
        options = self.options
        if column in options.drop:
            return False
        return options.keep is None or column in options.keep or column in CORE

    def _matters(self, column: str) -> bool:
        return column in self._taken or bool(self.fields_of(column))


def told_apart(heading: Sequence[str], options: ReadOptions) -> list[str]:
    """The names of the columns. Of those that share one an option may name each by its place among them
    (`Amount#2`); then the others of that name have none, which leaves them out."""
    said = {part for text in options.named for part in (text, *_SIGNS.split(text))}
    times: Counter[str] = Counter()
    found = []
    for name in heading:
        times[name] += 1
        found.append((name, f"{name}#{times[name]}"))
    apart = {name for name, own in found if own in said and name and times[name] > 1}
    return [(own if own in said else "") if name in apart else name for name, own in found]


def walk(value: Any, path: Sequence[str], is_once: bool = False) -> Any:
    """The value at a path into nested objects, None where it does not lead. With `is_once` Refusal where it
    leads to two, for programs differ in which of them they take."""
    for name in path:
        if isinstance(value, Members):
            found = [item for key, item in value if key == name]
            if is_once and len(found) > 1:
                raise Refusal("duplicate_field", name)
            value = found[0] if found else None
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
    return value
