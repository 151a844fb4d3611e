"""Faults: `faults/<name>.yaml` read, checked whole, and turned into frozen values.

A fault says by which means what is broken, and for how long. The means (one module each in
`fraudctl/chaos/means/`) say which settings they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fraudctl.errors import UsageError
from fraudctl.settings import profile as profiles
from fraudctl.traffic.scenario import parse_duration

SETTINGS: Mapping[str, str] = {
    "target": "text", "lasts": "duration", "share": "share", "by": "duration", "limit_kb": "number",
}  # fmt: skip
"""Every setting a means may ask for, and its kind. Durations become milliseconds."""
_COMMON = ("description", "means")


class FaultError(UsageError):
    """A fault file has problems; `problems` holds every one as `key: what`."""

    code = "fault"

    def __init__(self, source: str, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        lines = "".join(f"\n  {problem}" for problem in self.problems)
        super().__init__(
            f"fault {source} has {len(self.problems)} problem(s):{lines}",
            hint="take a shipped one as an example, see docs/faults.md",
        )


@dataclass(frozen=True, slots=True)
class Fault:
    """One file of `faults/`; its name is the file's. `settings` holds what its means needs, checked."""

    name: str
    description: str
    means: str
    settings: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The program or store it strikes; empty where it disturbs the traffic."""
        return str(self.settings.get("target", ""))

    @property
    def lasts_ms(self) -> int:
        """How long it is kept up; 0 where it is over at once."""
        return int(self.settings.get("lasts", 0))

    def lasting(self, lasts_ms: int) -> Fault:
        """The same fault for another time. UsageError where it is over at once."""
        if "lasts" not in self.settings:
            raise UsageError(f"{self.name} is over at once, it cannot last", hint="leave out --for")
        return replace(self, settings={**self.settings, "lasts": lasts_ms})


def names(folder: Path) -> tuple[str, ...]:
    """Names of the faults in a folder, sorted."""
    return tuple(sorted(path.stem for path in folder.glob("*.yaml")))


def find(name: str, folder: Path) -> Fault:
    """The fault of that name in the folder, or the file itself when `name` is a path to one."""
    shipped = folder / f"{name}.yaml"
    path = shipped if shipped.is_file() else Path(name).expanduser()
    if not path.is_file():
        known = ", ".join(names(folder)) or "none"
        raise UsageError(f"there is no fault {name}", hint=f"known: {known}", code="no_fault")
    return load(path)


def load(path: Path) -> Fault:
    """Read and check a file; FaultError names every problem at once."""
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise FaultError(str(path), [f"not YAML: {error}"]) from error
    return parse(path.stem, content, str(path))


def parse(name: str, content: object, source: str = "") -> Fault:
    """Check a document and build the Fault; FaultError names every problem at once."""
    from fraudctl.chaos import means

    if not isinstance(content, dict):
        raise FaultError(source or name, ["file: must be a mapping"])
    problems = [
        f"{key}: must be a text"
        for key in _COMMON
        if not isinstance(content.get(key), str) or not content[key]
    ]
    way = content.get("means")
    if way not in means.names():
        problems.append(f"means: there is no {way!r} (known: {', '.join(means.names())})")
    if problems:
        raise FaultError(source or name, problems)
    one = means.find(str(way))
    found = {key: content[key] for key in content if key not in _COMMON}
    problems += [
        f"{key}: unknown to {way} (it takes: {', '.join(one.NEEDS)})" for key in found.keys() - set(one.NEEDS)
    ]
    problems += [f"{key}: is missing" for key in one.NEEDS if key not in found]
    settings = {key: _value(key, found[key], problems) for key in one.NEEDS if key in found}
    if not problems and "target" in settings and settings["target"] not in one.targets():
        problems.append(
            f"target: {way} cannot strike {settings['target']!r} (but: {', '.join(one.targets())})"
        )
    if problems:
        raise FaultError(source or name, sorted(problems))
    return Fault(name, content["description"], str(way), settings)


def _value(key: str, given: object, problems: list[str]) -> Any:
    kind = SETTINGS[key]
    try:
        if kind == "duration":
            length = parse_duration(str(given))
            if length <= 0:
                raise ValueError("must be above 0")
            return length
        if kind == "share" and not (isinstance(given, int | float) and 0 < given <= 1):
            raise ValueError("must be above 0 and at most 1")
        if kind == "number" and not (isinstance(given, int) and given > 0):
            raise ValueError("must be a whole number above 0")
        if kind == "text" and not isinstance(given, str):
            raise ValueError("must be a text")
    except ValueError as error:
        problems.append(f"{key}: {error}")
    return given


def folder() -> Path:
    """Where the shipped faults lie."""
    return profiles.data_dir("faults")
