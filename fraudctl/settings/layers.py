"""The layers a profile's values come from: options, then the environment, then the file.

Knows which names were asked for, and so which of the given ones nobody asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fraudctl.settings.shipped import server_names
from pipeline.settings.reading import Problem, closest, unknown

_IN_CONTAINERS = ("GRAFANA", "MAIL", "S3")
OF_OUR_IMAGE = ("flink", "dynamodb")
"""servers that run out of our own image, of which no other can be named"""
_IMAGES = (*(name.upper() for name in server_names() if name not in OF_OUR_IMAGE), *_IN_CONTAINERS)
OTHER_VARIABLES = frozenset(
    {
        *(f"FRAUDCTL_IMAGE_{name}" for name in _IMAGES),
        *(f"FRAUDCTL_PORT_{name}" for name in _IN_CONTAINERS),
        "FRAUDCTL_HOME",
        "FRAUDCTL_CACHE",
        "FRAUDCTL_IMAGE",
        "FRAUDCTL_MAVEN_URL",
        "FRAUDCTL_PROFILE",
        "FRAUDCTL_NOTIFY_CONFIG",
        "FRAUDCTL_SUPERVISED_HOME",
    }
)
"""variables that are no settings of a profile, but read elsewhere"""

PREFIX = "FRAUDCTL_"


def variable(path: str) -> str:
    """The environment variable that sets what is at a dotted path."""
    return PREFIX + path.replace(".", "_").replace("-", "_").upper()


class Layers:
    """One profile's layers. `sources` says of every value that was asked for where it came from."""

    def __init__(
        self, content: Mapping[str, object], overrides: Mapping[str, object], environ: Mapping[str, str]
    ) -> None:
        self.problems: list[Problem] = []
        self.sources: dict[str, str] = {}
        self._content, self._overrides = content, overrides
        self._variables = {name: value for name, value in environ.items() if name.startswith(PREFIX)}
        self._asked: set[str] = set()
        self._no_mappings: set[str] = set()
        self._known_variables: set[str] = set()

    def section(self, path: str) -> Mapping[str, object]:
        """The mapping of the file at a dotted path, empty (and a problem) where it has something else."""
        value: Any = self._content
        for name in path.split(".") if path else ():
            value = value.get(name) if isinstance(value, Mapping) else None
        if value is None or isinstance(value, Mapping):
            return value or {}
        if path not in self._no_mappings:
            self._no_mappings.add(path)
            self.problems.append(Problem(path, "must be a mapping"))
        return {}

    def values(self, path: str, names: Iterable[str]) -> dict[str, object]:
        """What the first layer that has one says of each name; what no layer has is left out."""
        found: dict[str, object] = {}
        given = self.section(path)
        for name in names:
            where = f"{path}.{name}" if path else name
            for value, source in self._layers(where, given.get(name)):
                if value is not None:
                    found[name] = value
                    self.sources[where] = source
                    break
            else:
                self.sources[where] = "default"
        return found

    def sets(self, path: str) -> bool:
        """Whether a layer says anything of what lies below a path."""
        by_option = any(one.startswith(f"{path}.") for one in self._overrides)
        return bool(self.section(path)) or by_option or bool(self.variables_below(path))

    def variables_below(self, path: str) -> list[str]:
        """The environment variables for what lies below a path."""
        return sorted(name for name in self._variables if name.startswith(f"{variable(path)}_"))

    def allow(self, variables: Iterable[str]) -> None:
        """These environment variables are known, though they set nothing here."""
        self._known_variables.update(variables)

    def strangers(self) -> Iterator[Problem]:
        """Options and environment variables that nobody asked for."""
        for path in self._overrides.keys() - self._asked:
            yield unknown("", path, self._asked)
        known = {name.removeprefix(PREFIX) for name in self._known_variables}
        for name in sorted(self._variables.keys() - self._known_variables):
            meant = closest(name.removeprefix(PREFIX), known)
            yield Problem(name, f"unknown; did you mean {PREFIX}{meant}" if meant else "unknown")

    def _layers(self, where: str, in_file: Any) -> Iterator[tuple[Any, str]]:
        name = variable(where)
        self._asked.add(where)
        self._known_variables.add(name)
        yield self._overrides.get(where), "flag"
        yield self._variables.get(name), f"environment {name}"
        yield in_file, "file"
