"""What can be asked of a setting whose parts were read, such as that a list is not empty."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


class Check:
    """What is asked of a value whose parts were read: it stands beside the value's type in the annotation."""

    def check(self, value: Any) -> Any:
        """The value. Raises ValueError."""
        raise NotImplementedError

    def narrow(self, shape: dict[str, object]) -> dict[str, object]:
        """The JSON Schema of the parts, with this."""
        return shape

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        from pydantic_core import core_schema  # pydantic itself has asked, so it is imported by now

        return core_schema.no_info_after_validator_function(self.check, handler(source))

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, object]:
        return self.narrow(handler(schema))


class Span(Check):
    """Two values, the second not below the first."""

    def check(self, value: Any) -> Any:
        if value[0] > value[1]:
            raise ValueError("least is above most")
        return value


class Filled(Check):
    """At least one value in a list or a mapping."""

    def check(self, value: Any) -> Any:
        if not value:
            raise ValueError("must not be empty")
        return value

    def narrow(self, shape: dict[str, object]) -> dict[str, object]:
        return shape | {"minItems" if shape.get("type") == "array" else "minProperties": 1}


@dataclass(frozen=True)
class Weighed(Check):
    """Weights by name, at least so many; a weight of 0 is next to nothing."""

    least: int
    what: str

    def check(self, value: Any) -> Any:
        if len(value) < self.least:
            raise ValueError(f"must name {self.what}")
        return {name: max(weight, 1e-9) for name, weight in value.items()}

    def narrow(self, shape: dict[str, object]) -> dict[str, object]:
        return shape | {"minProperties": self.least}
