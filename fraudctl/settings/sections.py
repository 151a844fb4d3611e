"""The sections of a profile as they are read: settings of a type, unknown names, files beside the profile."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from fraudctl.settings import shipped
from fraudctl.settings.layers import Layers
from pipeline.settings import reference
from pipeline.settings.reading import Problem, files, names, read, unknown

_T = TypeVar("_T")


class Sections:
    """Of one profile: its layers, into which every problem is put, and the path of its file."""

    def __init__(self, layers: Layers, path: Path) -> None:
        self.layers, self.path = layers, path

    def problem(self, path: str, message: str) -> None:
        self.layers.problems.append(Problem(path, message))

    def refuse_unknown(self, path: str, known: Iterable[str]) -> None:
        known, strange = tuple(known), 0
        unheard = [name for name in self.layers.section(path) if name not in known]
        for before, name in enumerate(unheard):
            problem = unknown(path, name, known, before)
            is_bare = problem.message.startswith("unknown setting")
            strange += is_bare
            # which there are is told once
            bare = Problem(problem.path, "unknown setting") if strange > 1 else problem
            self.layers.problems.append(bare if is_bare else problem)

    def section(self, path: str, kind: type[_T], *others: str) -> _T:
        """Settings of a type whose names, and the others, are all there is at the path."""
        self.refuse_unknown(path, (*names(kind), *others))
        return self.flat(path, kind)

    def flat(self, path: str, kind: type[_T]) -> _T:
        """Settings of a type that has a default for everything."""
        given = self.layers.values(path, names(kind))
        self.beside(path, kind, given)
        found, problems = read(kind, given, path)
        self.layers.problems += problems
        return kind() if found is None else found

    def there(self, path: str, file: Path) -> Path:
        """The file, and a problem where it is not there."""
        if not shipped.is_file(file):
            self.problem(path, f"there is no file {file}")
        return file

    def beside(self, path: str, kind: type[Any], found: dict[str, Any]) -> None:
        """Let the files among what was found be seen from the profile."""
        for name in files(kind):
            if isinstance(found.get(name), str):
                found[name] = str(self._file(f"{path}.{name}", found[name]))

    def _file(self, path: str, given: str) -> Path:
        """A file seen from the profile, or the mark of a reference to a secret elsewhere."""
        if not reference.is_one(given):
            return self.there(path, shipped.beside(self.path.parent, given.removeprefix(reference.FILE)))
        if wrong := reference.problem(given):
            self.problem(path, wrong)
        return reference.marked(given)
