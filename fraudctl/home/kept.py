"""How long the topics of a home keep their records, where the default is another than before."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fraudctl.console.streams import say
from fraudctl.home import stack
from fraudctl.home.typed_files import Damaged, Newer
from fraudctl.settings import shipped
from pipeline.records.clock import DAY_MS

if TYPE_CHECKING:
    from pathlib import Path

    from fraudctl.home.stack import Stack
    from fraudctl.settings.profile import Profile


def with_retention(home: Path, wanted: Profile) -> Profile:
    """The profile, with the longer retention that this home had where nobody has asked for a shorter one:
    what an older version has kept is not cut without being told."""
    known = None if _is_asked_for(wanted) else _known(home)
    if known is None or not is_longer(known.profile.retention_ms, wanted.retention_ms):
        return wanted
    before, days = known.profile.retention_ms, wanted.retention_ms // DAY_MS
    how_long = "for ever" if before < 0 else f"for {before // DAY_MS} days"
    say(
        f"topics keep their records {how_long}, as before; the default is {days} days now:"
        " choose with retention_ms in a profile of yours, or with FRAUDCTL_RETENTION_MS"
    )
    return replace(wanted, retention_ms=before)


def is_longer(one_ms: int, other_ms: int) -> bool:
    """Whether the first is kept longer than the second; what is negative, for ever."""
    return other_ms >= 0 and (one_ms < 0 or one_ms > other_ms)


def _is_asked_for(wanted: Profile) -> bool:
    """Whether somebody chose the retention: in the environment, or a file that is not one of ours."""
    source = wanted.sources.get("retention_ms", "default")
    return source != "default" and not (source == "file" and wanted.name in shipped.profile_names())


def _known(home: Path) -> Stack | None:
    """The stack that was last started there; what cannot be read is said by whoever needs it."""
    try:
        return stack.read(home)
    except (Damaged, Newer):
        return None
