"""Plans that follow each other: which one computes an event, and what it may rely on of the time before it.

Knows times and numbers; knows nothing of how a value is made.

Versions. Each plan is in force from its T on, the first from the beginning; no T is less than the one before.
An event e is computed by the plan in force at due(e). State goes on from plan to plan. A plan's number for a
condition, column or memory means the same as in all plans since the one it names; of entries and memories
from before that, it knows nothing.

Floor. Entries up to here earlier plans have let go: of the first plan none, then the greater of the floor
before and T - 1 - H before, where H is how far the hop kept entries, lateness included, 0 where that plan had
no such hop.

Warming. A feature is complete after a moment: the greatest of the floor and, for each condition and column it
uses, T - 1 of the plan since which the number means it; for one with a memory, T - 1 of that. A feature that
reaches back further than its moment is listed as warming. On the clock of arrivals a moment is
ARRIVAL_SLACK_MS later: it is made of dues, and events arrive after they are due. What is not listed has the
value as if the rule set had been in force from the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pipeline.rules.plan import Hop, Plan, PlanSettings
from pipeline.rules.planned_feature import MemoryFeature, PlannedFeature

ALWAYS: Final = -(1 << 62)
"""Before every time."""


ARRIVAL_SLACK_MS: Final = 60_000
"""So much later than due an event may arrive and still be known to warming by its due."""


@dataclass(frozen=True, slots=True)
class Version:
    """A plan and T, the time from which it is in force."""

    from_ms: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class HopVersion:
    """The hop of plan `number` and what it may rely on; `starts` has T - 1 of every plan up to this."""

    hop: Hop
    number: int
    floor: int
    starts: Sequence[int]

    def complete_after(self, feature: PlannedFeature) -> int:
        """The moment after which the state holds everything that the feature looks at."""
        after = self._known_after(feature)
        return after if self.hop.clock == "event" or after == ALWAYS else after + ARRIVAL_SLACK_MS

    def _known_after(self, feature: PlannedFeature) -> int:
        hop = self.hop
        if isinstance(feature, MemoryFeature):
            return self.starts[hop.memories[feature.agg].since[feature.memory]]
        since = [hop.conditions.since[number] for number in feature.conditions]
        if feature.column is not None:
            since.append(hop.columns.since[hop.columns.definitions.index(feature.column)])
        return max([self.floor, *(self.starts[number] for number in since)])


def hop_versions(versions: Sequence[Version], settings: PlanSettings) -> list[list[HopVersion]]:
    """The hops of each version, in the order of its plan."""
    starts = [ALWAYS, *(version.from_ms - 1 for version in versions[1:])]
    floors = _floors(versions, starts, settings)
    return [
        [HopVersion(hop, number, floors[number][hop.name], starts[: number + 1]) for hop in version.plan.hops]
        for number, version in enumerate(versions)
    ]


def _floors(
    versions: Sequence[Version], starts: Sequence[int], settings: PlanSettings
) -> list[dict[str, int]]:
    """For each version the floor by the name of a hop."""
    keys = {hop.name for version in versions for hop in version.plan.hops}
    floors = [dict.fromkeys(keys, ALWAYS)]
    for before, start in zip(versions, starts[1:], strict=False):
        held_ms = {hop.name: settings.held_ms(hop.held_ms) for hop in before.plan.hops}
        floors.append({key: max(floor, start - held_ms.get(key, 0)) for key, floor in floors[-1].items()})
    return floors
