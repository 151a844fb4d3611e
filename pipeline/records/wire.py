"""JSON as the topics carry it: an object read member by member, and values written as they came.

Knows text, numbers as written and their limits; knows nothing of what a member means.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from json.encoder import encode_basestring
from typing import Any, Final

from pipeline.records.quantities import Number, Refusal

MAX_EVENT_BYTES: Final = 65_536
MAX_NESTING: Final = 20

Scalar = str | Number | bool
"""A field as it came: text, a number as written, or a truth value. `Number` is a `str`: test for it first."""


def plain(value: Scalar) -> str | int | float | bool:
    """A field as an ordinary JSON-able value: an integer literal becomes int, any other number float."""
    if not isinstance(value, Number):
        return value
    return int(value) if value.lstrip("-").isdigit() else float(value)


class JsonObject(list[tuple[str, Any]]):
    """A JSON object as the list of its members, so that order and duplicates stay visible."""


def _refuse_constant(name: str) -> Any:
    raise Refusal("invalid_json", f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=JsonObject, parse_int=Number, parse_float=Number, parse_constant=_refuse_constant
)


def json_object(text: str) -> JsonObject:
    """The object in a text of our own writing, unchecked. Raises ValueError where there is none."""
    read = _DECODER.decode(text)
    if not isinstance(read, JsonObject):
        raise ValueError("not an object")
    return read


def _nesting(value: Any) -> int:
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        item, depth = open_values.pop()
        if isinstance(item, JsonObject):
            open_values.extend((member, depth + 1) for _, member in item)
        elif isinstance(item, list):
            open_values.extend((member, depth + 1) for member in item)
        else:
            continue
        deepest = max(deepest, depth)
    return deepest


def members_of(value: bytes, max_event_bytes: int = MAX_EVENT_BYTES) -> JsonObject:
    """The members of the object in these bytes, in document order. Raises `Refusal` where they are none."""
    if len(value) > max_event_bytes:
        raise Refusal("too_large", f"{len(value)} bytes, at most {max_event_bytes}")
    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("invalid_utf8", f"byte {error.start}") from None
    try:
        read = _DECODER.decode(text)
    except RecursionError:
        raise Refusal("invalid_json", f"nested deeper than {MAX_NESTING}") from None
    except ValueError as error:
        raise Refusal("invalid_json", str(error)) from None
    if _nesting(read) > MAX_NESTING:
        raise Refusal("invalid_json", f"nested deeper than {MAX_NESTING}")
    if not isinstance(read, JsonObject):
        raise Refusal("not_an_object", "the value is not a JSON object")
    _refuse_duplicates(name for name, _ in read)
    return read


def _refuse_duplicates(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Refusal("duplicate_field", shown(name))
        seen.add(name)


def shown(name: str) -> str:
    """A name as a message can show it."""
    return name[:100].encode("utf-8", "backslashreplace").decode().replace("\0", "\\x00")


_UNCLEAN = re.compile("[\0\ud800-\udfff]")


def is_clean(text: str) -> bool:
    """Whether every store can hold the text: no NUL, no lone surrogate."""
    return _UNCLEAN.search(text) is None


def literal(value: Scalar | int) -> str:
    """A value as JSON, numbers as they were written."""
    if isinstance(value, Number):
        return str(value)
    return encode_basestring(value) if isinstance(value, str) else json.dumps(value)


def object_text(members: Mapping[str, Scalar]) -> str:
    """Members as JSON, without the braces."""
    # Spelt out by type, for this is most of what writing an event costs.
    return ",".join(
        [
            f"{encode_basestring(name)}:{encode_basestring(value) if type(value) is str else literal(value)}"
            for name, value in members.items()
        ]
    )
