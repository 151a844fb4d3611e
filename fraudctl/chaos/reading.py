"""Fault files: `faults/<name>.yaml` read and checked whole; the means say which settings they need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import make_dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from fraudctl.chaos import means
from fraudctl.chaos.fault import Fault
from fraudctl.errors import FileProblems, UsageError
from fraudctl.flink.cluster import TASKMANAGER, is_taskmanager
from fraudctl.settings import shipped
from pipeline.settings.document import DocumentError, read_file
from pipeline.settings.kinds import Duration, Number, Text, Whole, shown
from pipeline.settings.reading import Problem, read, settings, unknown

SETTINGS: Mapping[str, object] = {
    "target": Annotated[str, Text("a text")],
    "lasts": Annotated[int, Duration(1, whole=False)],
    "share": Annotated[float, Number(0, 1, above=True)],
    "by": Annotated[int, Duration(1, whole=False)],
    "limit_kb": Annotated[int, Whole(1, 1_048_576)],
}
"""Every setting a means may ask for, and its kind. Durations become milliseconds."""


class FaultError(FileProblems):
    """A fault file has problems; `problems` holds every one as `key: what`."""

    code = "fault"
    advice = "take a shipped one as an example, see docs/faults.md"


@settings()
class Head:
    """What every fault says."""

    description: Annotated[str, Text("a text")]
    means: Annotated[str, Text("a text")]


def names(folder: Path) -> tuple[str, ...]:
    """Names of the faults in a folder, sorted."""
    return shipped.names(folder)


def find(name: str, folder: Path) -> Fault:
    """The fault of that name in the folder, or the file itself when `name` is a path to one."""
    return load(shipped.find("fault", name, folder))


def load(path: Path) -> Fault:
    """Read and check a file; FaultError names every problem at once."""
    try:
        content = read_file(path).content
    except DocumentError as error:
        raise FaultError(str(path), [error]) from None
    return parse(path.stem, content, str(path))


def parse(name: str, content: object, source: str = "") -> Fault:
    """Check a document and build the Fault; FaultError names every problem at once."""
    if not isinstance(content, Mapping):
        raise FaultError(source or name, ["file: must be a mapping"])
    common, problems = read(Head, {key: content[key] for key in _COMMON if key in content})
    way = content.get("means")
    problems += _of_means(way)
    if common is None or problems:
        raise FaultError(source or name, problems)
    given = {key: content[key] for key in content if key not in _COMMON}
    found, problems = _of_way(common.means, given)
    if problems:
        raise FaultError(source or name, sorted(map(str, problems)))
    return Fault(name, common.description, common.means, found)


@lru_cache(maxsize=32)
def settings_type(way: str) -> type[Any]:
    """What a fault of that means must say beside its description."""
    fields = [(need, SETTINGS[need]) for need in means.find(way).NEEDS]
    return settings()(make_dataclass(f"{way.capitalize()}Settings", fields))


_COMMON = ("description", "means")


def _of_means(way: object) -> list[Problem]:
    if not isinstance(way, str) or way in means.names():
        return []
    return [Problem("means", f"there is no {shown(way)} (known: {', '.join(means.names())})")]


def _of_way(way: str, given: Mapping[str, object]) -> tuple[dict[str, object], list[Problem]]:
    """The settings that means takes, checked, and every problem."""
    one = means.find(way)
    found, problems = read(settings_type(way), {key: given[key] for key in one.NEEDS if key in given})
    strangers = sorted(given.keys() - set(one.NEEDS))
    problems += [_stranger(way, key, one.NEEDS, before) for before, key in enumerate(strangers)]
    chosen = {} if found is None else vars(found).copy()
    if not problems and "target" in chosen and not strikes(way, chosen["target"]):
        words = f"{way} cannot strike {shown(chosen['target'])} (but: {', '.join(one.targets())})"
        problems.append(Problem("target", words))
    return chosen, problems


def strikes(way: str, target: str) -> bool:
    """Whether that means can strike it; of TaskManagers there may be any number."""
    targets = means.find(way).targets()
    return target in targets or (TASKMANAGER in targets and is_taskmanager(target))


def aimed(fault: Fault, program: str) -> Fault:
    """The same fault for another program. UsageError where it strikes none, or not that one."""
    if "target" not in fault.settings or not strikes(fault.means, program):
        raise UsageError(f"{fault.name} cannot strike {program}", hint="see what there is: fraudctl status")
    return replace(fault, settings={**fault.settings, "target": program})


def _stranger(way: str, key: str, needs: Sequence[str], before: int) -> Problem:
    found = unknown("", key, needs, before)
    if "did you mean" in found.message:
        return found
    return Problem(found.path, f"unknown to {way} (it takes: {', '.join(needs)})")


def folder() -> Path:
    """Where the shipped faults lie."""
    return shipped.data_dir("faults")
