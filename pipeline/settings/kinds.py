"""The kinds of values a setting can have: what is read from a file or the environment, and how it is refused.

A kind stands in the annotation of a field: `batch: Annotated[int, Whole(1, 1_000)] = 100`. It reads a value
as it was written (the environment has texts alone), or raises ValueError with words for the person who wrote
it; it also says its shape for editors, as JSON Schema. Everything else about settings is in
`pipeline.settings.reading`. pydantic is loaded when a kind is first used, not with this module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from pipeline.settings import duration

MAX_TEXT = 1_000
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_SHOWN = 60
_BEFORE_AT = re.compile(r"\S*@")
"""what may be a name and a password in an address"""
_HIDDEN = "…@"
_AN_OPTION = re.compile(r"(?i)password\s*=")
_NO_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")
_RESERVED = "cannot be read: in a name or password write / as %2F, ? as %3F, # as %23, @ as %40 and % as %25"


def shown(value: object) -> str:
    """A value as a message shows it: at most 60 characters of it."""
    if isinstance(value, int) and value.bit_length() > 200:
        return f"a number of {value.bit_length()} bits"
    if isinstance(value, Mapping | list | tuple):
        return f"a {'mapping' if isinstance(value, Mapping) else 'list'} of {len(value)}"
    if isinstance(value, str):
        return repr(value[:_SHOWN]) + ("…" if len(value) > _SHOWN else "")
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class Kind:
    """What every kind has."""

    def read(self, value: Any) -> Any:
        """The value, of the kind's type. Raises ValueError."""
        raise NotImplementedError

    def shape(self) -> dict[str, object]:
        """The JSON Schema of what `read` takes."""
        raise NotImplementedError

    def written(self, value: Any) -> Any:
        """A read value as a file would have it."""
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # pydantic itself has asked, so it is imported by now

        written = core_schema.plain_serializer_function_ser_schema(self.written)
        return core_schema.no_info_plain_validator_function(self.read, serialization=written)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, object]:
        return self.shape()


@dataclass(frozen=True)
class Whole(Kind):
    """A whole number within bounds."""

    least: int
    most: int

    def read(self, value: Any) -> int:
        if isinstance(value, str) and _WHOLE.fullmatch(value):
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int) or not self.least <= value <= self.most:
            raise ValueError(f"must be a whole number from {self.least} to {self.most}, not {shown(value)}")
        return value

    def shape(self) -> dict[str, object]:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True)
class Number(Kind):
    """A number within bounds; the lower one is left out if it is `above`."""

    least: float
    most: float
    above: bool = False

    def read(self, value: Any) -> float:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", value):
            value = float(value)
        good = isinstance(value, int | float) and not isinstance(value, bool)
        if not good or not self.least <= value <= self.most or (self.above and value == self.least):
            raise ValueError(f"must be {self._bounds()}, not {shown(value)}")
        return float(value)

    def shape(self) -> dict[str, object]:
        low = "exclusiveMinimum" if self.above else "minimum"
        return {"type": "number", low: self.least, "maximum": self.most}

    def _bounds(self) -> str:
        if self.above:
            return f"above {self.least:g} and at most {self.most:g}"
        return f"a number from {self.least:g} to {self.most:g}"


@dataclass(frozen=True)
class Duration(Kind):
    """A duration, read as milliseconds; with `bare`, a number without unit is milliseconds as well."""

    least_ms: int
    most_ms: int = duration.MOST_MS
    bare: bool = False
    whole: bool = True

    def read(self, value: Any) -> int:
        if self.bare and (not isinstance(value, str) or _WHOLE.fullmatch(value)):
            return Whole(self.least_ms, self.most_ms).read(value)
        return duration.parse(value, max(self.least_ms, 0), self.most_ms, whole=self.whole)

    def shape(self) -> dict[str, object]:
        form = duration.PATTERN if self.whole else duration.PATTERN_WITH_FRACTION
        text: dict[str, object] = {"type": "string", "pattern": f"^{form}$"}
        return {"anyOf": [Whole(self.least_ms, self.most_ms).shape(), text]} if self.bare else text

    def written(self, value: Any) -> Any:
        return value if self.bare and value <= 0 else duration.write(value)


@dataclass(frozen=True)
class Text(Kind):
    """A text that says something, matching `form` where there is one; `what` names it in the refusal."""

    what: str = "a non-empty text"
    form: str | None = None
    is_secret: bool = False
    """whether no message may show what was given"""

    def read(self, value: Any) -> Any:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"must be {self.what}")
        if len(value) > MAX_TEXT:
            raise ValueError(f"is longer than {MAX_TEXT} characters")
        if self.form is not None and not re.fullmatch(self.form, value):
            given = "" if self.is_secret else f", not {shown(_BEFORE_AT.sub(_HIDDEN, value))}"
            raise ValueError(f"must be {self.what}{given}")
        return value

    def shape(self) -> dict[str, object]:
        sized = {"type": "string", "minLength": 1, "maxLength": MAX_TEXT}
        return sized if self.form is None else sized | {"pattern": f"^({self.form})$"}


@dataclass(frozen=True)
class File(Text):
    """The path of a file that must be there; in a profile it lies beside the profile."""

    what: str = "the path of a file"

    def read(self, value: Any) -> Any:
        return Path(super().read(str(value) if isinstance(value, Path) else value))

    def written(self, value: Any) -> Any:
        return None if value is None else str(value)


@dataclass(frozen=True)
class Address(Text):
    """Where a server is: a URL, whose password stands before its host or nowhere, or words of its own."""

    def read(self, value: Any) -> Any:
        text = super().read(value)
        if _AN_OPTION.search(text):
            raise ValueError("holds a password among its options: write it into a file, see credentials_file")
        scheme, _, rest = text.partition("://")
        authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if scheme != "unix" and (
            "@" in rest[len(authority) :] or _NO_ESCAPE.search(authority.rpartition("@")[0])
        ):
            raise ValueError(_RESERVED)
        return text


class Topic(Text):
    """The name of a Kafka topic."""

    def __init__(self) -> None:
        super().__init__(
            "a topic name: letters, digits, dot, dash, underscore, at most 249",
            r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,249}",
        )


@dataclass(frozen=True)
class Truth(Kind):
    """true or false."""

    def read(self, value: Any) -> bool:
        found = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
        if not isinstance(found, bool):
            raise ValueError(f"must be true or false, not {shown(value)}")
        return found

    def shape(self) -> dict[str, object]:
        return {"type": "boolean"}


@dataclass(frozen=True)
class Choice(Kind):
    """One of some words, or a text of the form `other`."""

    words: tuple[str, ...]
    other: str | None = None

    def read(self, value: Any) -> str:
        is_other = self.other is not None and isinstance(value, str) and re.fullmatch(self.other, value)
        if is_other or (isinstance(value, str) and value in self.words):
            return str(value)
        raise ValueError(f"must be one of {', '.join(self.words)}, is {shown(value)}")

    def shape(self) -> dict[str, object]:
        words: dict[str, object] = {"enum": list(self.words)}
        return {"anyOf": [words, {"type": "string", "pattern": f"^{self.other}$"}]} if self.other else words


@dataclass(frozen=True)
class Cents(Kind):
    """An amount above 0 with at most two decimals, read as hundredths."""

    def read(self, value: Any) -> int:
        try:
            text = "" if isinstance(value, bool) else str(value)
            exact = Decimal(text if len(text) <= 40 else "") * 100
            whole = int(exact)
        except (InvalidOperation, ValueError, OverflowError):
            exact, whole = Decimal("0.1"), 0
        if exact != whole or not 0 < whole < 10**12:
            raise ValueError(f"must be an amount above 0 with at most 2 decimals, is {shown(value)}")
        return whole

    def shape(self) -> dict[str, object]:
        return {"type": "number", "exclusiveMinimum": 0, "description": "at most two decimals"}

    def written(self, value: Any) -> Any:
        return value / 100


@dataclass(frozen=True)
class Scalar(Kind):
    """What a server's own setting can be: a text of one line, a number, true or false."""

    def read(self, value: Any) -> str | int | float | bool:
        if value is None:
            raise ValueError("has no value")
        if not isinstance(value, str | int | float):
            raise ValueError("must be a text, a number, true or false")
        if isinstance(value, str) and (len(value) > MAX_TEXT or not value.isprintable()):
            raise ValueError(f"must be one line of at most {MAX_TEXT} characters")
        return value

    def shape(self) -> dict[str, object]:
        return {"type": ["string", "number", "boolean"]}


ServersOwn = Text("a setting's name: letters, digits, dot, dash, underscore", "[A-Za-z0-9._-]{1,200}")
"""The name of a setting of a server that has its own list of them."""
