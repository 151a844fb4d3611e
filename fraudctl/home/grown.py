"""That the topics of a home were given more partitions than its profile says, and since which run.

`jobs/grown.json` is written before the first topic grows. A profile that says less is read as if it said as
much; a start of the job from a state of an earlier run begins a new one (`fraudctl.jobs.new_runs`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from pydantic import TypeAdapter

from fraudctl.home import jobs, typed_files
from fraudctl.home.paths import Paths

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile


@dataclass(frozen=True, slots=True)
class Grown:
    """How many partitions there are, and the newest run from before there were so many."""

    partitions: int
    after_run: int


_GROWN: Final = TypeAdapter(Grown)


def read(home: Path) -> Grown | None:
    """None where no topic has grown. Damaged."""
    mend = "remove it, write `partitions` into the profile, and run: fraudctl job submit --from none"
    return typed_files.read(_file(home), _GROWN, mend)


def keep(home: Path, grown: Grown) -> None:
    """Put it on disk."""
    jobs.write_json(_file(home), {"format": typed_files.FORMAT, **asdict(grown)})


def with_partitions(home: Path, profile: Profile) -> Profile:
    """The profile with as many partitions as the topics of this home have."""
    found = read(home)
    if found is None or found.partitions <= profile.partitions:
        return profile
    return replace(profile, partitions=found.partitions)


def _file(home: Path) -> Path:
    return Paths(home).jobs / "grown.json"
