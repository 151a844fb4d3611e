"""What `up` is to start, as far as nobody says: what runs already goes on as it is."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl import engines
from fraudctl.home import grown, kept, rulesets
from fraudctl.settings import reading

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack
    from fraudctl.settings.profile import Profile


def ready(home: Path) -> Stack | None:
    """The stack that came up in this home and still runs."""
    known = engines.running(home)
    return known if known is not None and known.extra.get("ready") else None


def profile(home: Path, name: str | None, rules: str | None, taskmanagers: int | None = None) -> Profile:
    """The profile asked for; that of the running stack where no other and no rules are asked for."""
    if name is None and rules is None and (known := ready(home)) is not None:
        return known.profile if taskmanagers is None else _with_workers(known.profile, taskmanagers)
    overrides: dict[str, object] = {"rules": str(rulesets.locate(rules).absolute())} if rules else {}
    overrides |= {"servers.flink.taskmanagers": taskmanagers} if taskmanagers else {}
    loaded = reading.load(name, overrides, os.environ)
    return kept.with_retention(home, grown.with_partitions(home, loaded))


def _with_workers(running: Profile, taskmanagers: int) -> Profile:
    flink = replace(running.server("flink"), taskmanagers=taskmanagers)
    return replace(running, servers={**running.servers, "flink": flink})
