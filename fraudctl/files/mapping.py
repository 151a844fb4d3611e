"""What is said of a file, on the command line or in a mapping file: the same names, checked the same way.

A mapping file (`payments.map.yaml`) holds what the options of `ingest` and `backtest` would say, so that it
can lie beside the file in version control. What the command line says counts before it.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import yaml

from fraudctl.errors import FileProblems
from fraudctl.files import options
from fraudctl.files.options import FORMATS, IDS, KINDS, UNIT_NS, ReadOptions
from pipeline.settings.document import DocumentError, read_file
from pipeline.settings.kinds import Choice, Text, Truth, Whole
from pipeline.settings.reading import read, settings

Column = Annotated[str, Text("the name of a column")]
_CALLED = {"id_from": "id"}


class MappingError(FileProblems):
    """A mapping file has problems, each by its path."""

    code = "mapping"
    advice = "have one made: fraudctl inspect FILE --write payments.map.yaml"


@settings(_CALLED)
class Said:
    """How a file is read. What is not said is recognised, or asked for."""

    map: dict[Annotated[str, Text("the name of a field")], Column] | None = None
    """field: column; a time of several columns joins them with +, nested objects have paths with dots"""
    label: Column | None = None
    """the column that tells fraud (1) from legit (0)"""
    drop: tuple[Column, ...] | None = None
    """columns to leave out"""
    keep: tuple[Column, ...] | None = None
    """of further columns keep only those"""
    kind: dict[Column, Annotated[str, Choice(KINDS)]] | None = None
    """column: kind"""
    id_from: Annotated[str, Choice(IDS)] | None = None
    """make ids of the row's number or of its hash"""
    user_from: Annotated[str, Choice(("row",))] | None = None
    """no column says who paid: every row is a user of its own"""
    zone: Annotated[str, Text("a zone such as Europe/Berlin")] | None = None
    """of times without one"""
    zone_name: (
        dict[
            Annotated[str, Text("the name of a zone, such as CST")],
            Annotated[str, Text("an offset or a zone")],
        ]
        | None
    ) = None
    """what names of zones stand for that several have: CST: '-06:00'"""
    time_unit: Annotated[str, Choice(tuple(UNIT_NS))] | None = None
    """what times in numbers count"""
    time_format: tuple[Annotated[str, Text("a format as in strptime")], ...] | None = None
    """how times are written, as in strptime"""
    time_start: Annotated[str, Text("a time such as 2026-01-31T00:00:00Z")] | None = None
    """what times in numbers count from"""
    decimal: Annotated[str, Choice((",", "."))] | None = None
    """the sign before decimals"""
    round: Annotated[int, Whole(0, 4)] | None = None
    """round amounts to so many digits"""
    minor_units: Annotated[bool, Truth()] | None = None
    """amounts are in cents, by each currency's exponent"""
    currency: Annotated[str, Text("a currency", "[A-Za-z]{3}")] | None = None
    """of rows that name none"""
    country_codes: Annotated[bool, Truth()] | None = None
    """names and other codes of countries as their two letters"""
    absent: tuple[Annotated[str, Text("a word that stands for nothing")], ...] | None = None
    """words that stand for nothing, such as NULL"""
    format: Annotated[str, Choice(FORMATS)] | None = None
    """whatever the file's name says"""
    records: Annotated[str, Text("a path such as data.items")] | None = None
    """the list within objects of JSON whose elements are the rows"""
    delimiter: Annotated[str, Text("one character, or tab")] | None = None
    """what parts the cells of CSV"""
    quote: Annotated[str, Text("one character, or none")] | None = None
    """the quote of CSV"""
    encoding: Annotated[str, Text("an encoding such as cp1252")] | None = None
    """other than UTF-8 and UTF-16"""
    skip_lines: Annotated[int, Whole(0, 1_000_000)] | None = None
    """lines of CSV before the heading"""

    def over(self, other: Said) -> Said:
        """What this says, and where it says nothing, the other. Mappings are joined."""
        own, below = vars(self), vars(other)
        return Said(**{name: _over(own[name], below[name]) for name in own})

    def options(self) -> ReadOptions:
        """The same for a reader. UsageError where a value cannot be."""
        return ReadOptions(
            fields=self.map or {},
            format=self.format,
            encoding=self.encoding,
            delimiter=options.delimiter(self.delimiter),
            decimal=self.decimal,
            zone=self.zone,
            zone_names=self.zone_name or {},
            time_unit=self.time_unit,
            time_formats=self.time_format or (),
            time_start_ms=options.moment_ms("--time-start", self.time_start),
            id_from=self.id_from,
            user_from=self.user_from,
            kinds=self.kind or {},
            round_to=self.round,
            currency=self.currency,
            absent=frozenset(self.absent or ()),
            drop=frozenset(self.drop or ()),
            keep=None if self.keep is None else frozenset(self.keep),
            label=self.label or "label",
            quote=self.quote or '"',
            skip_lines=self.skip_lines or 0,
            minor_units=bool(self.minor_units),
            records=self.records,
            country_codes=bool(self.country_codes),
        )

    def document(self) -> dict[str, object]:
        """What a mapping file says: only what is said, by its names there."""
        return {
            _CALLED.get(name, name): list(value) if isinstance(value, tuple) else value
            for name, value in vars(self).items()
            if value is not None and value is not False and value not in ({}, ())
        }

    def words(self) -> list[str]:
        """The same as words of a command line."""
        return [word for name, value in self.document().items() for word in _words(name, value)]


def text(said: Said) -> str:
    """A mapping file that says the same."""
    head = "# How a file of payments is read: fraudctl backtest FILE --mapping THIS\n"
    return head + yaml.safe_dump(said.document(), allow_unicode=True, sort_keys=False, width=100)


def load(path: Path) -> Said:
    """Read and check a mapping file; MappingError names every problem at once."""
    try:
        content = read_file(path).content
    except DocumentError as error:
        raise MappingError(str(path), [error]) from None
    found, problems = read(Said, {} if content is None else content)
    if found is None or problems:
        raise MappingError(str(path), [one if one.path else f"file: {one}" for one in problems])
    found.options()
    return found


def named(mark: str) -> str:
    """A delimiter as an option can say it."""
    return {"\t": "tab", "\x01": "soh"}.get(mark, mark)


def shell(words: list[str]) -> str:
    """A command line as a shell reads it."""
    return " ".join(map(shlex.quote, words))


def _over(own: Any, below: Any) -> Any:
    if isinstance(own, dict) and isinstance(below, dict):
        return own | {name: one for name, one in below.items() if name not in own}
    return below if own is None else own


def _words(name: str, value: Any) -> Iterator[str]:
    option = f"--{name.replace('_', '-')}"
    if value is True:
        yield option
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from (option, f"{key}={one}")
    else:
        for one in value if isinstance(value, list) else [value]:
            yield from (option, str(one))
