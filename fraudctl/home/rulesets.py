"""The rule sets a home has used: their content by hash, and which job began with which, when.

`rules/<hash>.json` holds content, written once; `rules/history.jsonl` one line per job that was handed to
Flink. A decision names its rule set by hash, so every decision can be explained as long as these are kept.
"""

from __future__ import annotations

import json
import os
import shlex
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from fraudctl.errors import UsageError
from fraudctl.home.private_files import open_private, write_atomically
from fraudctl.settings.shipped import data_dir
from pipeline.rules import ruleset
from pipeline.rules.ruleset import RuleSetError, content_hash
from pipeline.settings.document import Content

if TYPE_CHECKING:
    from pipeline.rules.ruleset import RuleSet

_HISTORY = "history.jsonl"
SHORTEST_HASH = 6
MAX_JSON: Final = 16_000_000
"""The longest kept rule set: a file of YAML, fifty plug-ins and their models fit in it."""


@dataclass(frozen=True, slots=True)
class Begun:
    """One job that began with a rule set, a line of the history."""

    at_ms: int
    hash: str
    version: str
    job: str
    run: int


_BEGUN: Final = TypeAdapter(Begun)


def shipped() -> dict[str, Path]:
    """The rule sets that come along, by name."""
    return {path.stem: path for path in sorted((data_dir("profiles") / "rules").glob("*.yaml"))}


def store(home: Path, content: Content) -> str:
    """Keep a rule set's content under its hash, which is returned; the file has the time of the last use."""
    kept = {section: value for section, value in content.items() if section != "tests"}
    name = content_hash(kept)
    path = place(home, name)
    if not path.exists():
        write_atomically(path, json.dumps(kept, ensure_ascii=False, indent=1) + "\n")
    now_ns = time.time_ns()
    os.utime(path, ns=(now_ns, now_ns))  # by itself a file's time is too coarse to tell two uses apart
    return name


def place(home: Path, name: str) -> Path:
    """Where the content of that hash is kept."""
    return home / "rules" / f"{name}.json"


def record_start(home: Path, content: Content, job: str, run: int, at_ms: int) -> None:
    """Keep the content and note that a job began with it."""
    entry = Begun(at_ms, store(home, content), str(content.get("version")), job, run)
    with open_private(home / "rules" / _HISTORY, "a") as out:
        out.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")


def history(home: Path) -> list[Begun]:
    """Every start of a job, the oldest first. A line of another form, cut off by a crash, is left out."""
    try:
        lines = (home / "rules" / _HISTORY).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        try:
            found.append(_BEGUN.validate_json(line))
        except ValueError:
            continue
    return found


def stored(home: Path) -> dict[str, Path]:
    """The kept rule sets by hash."""
    return {path.stem: path for path in sorted((home / "rules").glob("*.json"))}


def locate(name: str, home: Path | None = None) -> Path:
    """Where a rule set is: a file, a shipped name, or (of a home) a kept version or the start of a hash.

    Of several kept under one version the one used last counts. UsageError when there is none; whether the
    file is a sound rule set is not looked at.
    """
    path = shipped().get(name) or Path(name).expanduser()
    if path.is_file():
        return path
    if home is not None and (kept := _kept_as(name, home)):
        return kept[0]
    raise UsageError(
        f"no rule set is called {name!r}",
        hint=f"give a file, a shipped one ({', '.join(shipped())}), or a version of: fraudctl rules history",
        code="no_rule_set",
    )


def find(name: str, home: Path) -> tuple[RuleSet, str]:
    """The rule set that `locate` finds, and where. UsageError with every problem when it is not sound."""
    path = locate(name, home)
    return read(path), str(path)


def _kept_as(name: str, home: Path) -> list[Path]:
    """The kept rule sets of that version, then those whose hash begins so; the one used last first."""
    kept = sorted(stored(home).values(), key=lambda file: file.stat().st_mtime_ns, reverse=True)
    found = [file for file in kept if _version(file) == name]
    if len(name) >= SHORTEST_HASH:
        found += [file for file in kept if file.stem.startswith(name)]
    return found


def _version(path: Path) -> str | None:
    """The version that a kept rule set says; None when the file cannot be read."""
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["version"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def by_hash(home: Path, wanted: str) -> RuleSet | None:
    """The kept rule set of exactly that hash, else a shipped one, None when there is none to be read."""
    for path in (place(home, wanted), *shipped().values()):
        try:
            found = _recorded(path) if path.suffix == ".json" else read(path)
        except (UsageError, RuleSetError):
            continue
        if found.hash == wanted:
            return found
    return None


def newest(home: Path) -> RuleSet | None:
    """The one that was used last in a home, as far as the home tells; None where there is none."""
    kept = sorted(stored(home).values(), key=lambda file: file.stat().st_mtime_ns)
    try:
        return _recorded(kept[-1]) if kept else None
    except RuleSetError:
        return None


def load(path: Path) -> RuleSet:
    """A rule set from YAML or from kept JSON. RuleSetError with every problem."""
    return ruleset.parse(_content(path)) if path.suffix == ".json" else ruleset.load(path)


def _recorded(path: Path) -> RuleSet:
    """A kept one, as it was in force once."""
    return ruleset.recorded(_content(path))


def _content(path: Path) -> Content:
    try:
        with path.open("rb") as file:
            text = file.read(MAX_JSON + 1)
        if len(text) > MAX_JSON:
            raise ValueError(f"longer than {MAX_JSON:,} bytes")
        found: Content = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise RuleSetError([ruleset.Problem("", None, f"cannot be read: {error}")]) from None
    return found


def read(path: Path) -> RuleSet:
    """The same, for who only wants it whole: UsageError with every problem."""
    try:
        return load(path)
    except RuleSetError as error:
        raise UsageError(
            f"{path} is no rule set: {error}",
            hint=f"run: fraudctl rules lint {shlex.quote(str(path))}",
            code="ruleset",
        ) from error
