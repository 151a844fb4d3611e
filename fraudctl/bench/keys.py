"""`bench --keys`: what an event costs, by how much its keys hold and by how many keys there are in state.

Each case is a bounded job of its own over a topic of its own, as in a capacity run. First every key gets what
it is to hold; from then on events fall on random keys, and the TaskManager's processor time is divided by
them. `max_entries` is what a key is to hold, so it holds just that all the time. Processor time does not
depend on what else the machine does nearly as much as a rate does, and so stands first.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from fraudctl.bench.answers import Cost, Costs, Measured
from fraudctl.bench.capacity import FIRST_MS, bounded_job, fill, time_job
from fraudctl.bench.conditions import surroundings
from fraudctl.bench.processor import Sampler
from fraudctl.console.progress import Progress
from fraudctl.jobs.submission import job_config, plan_settings
from pipeline.records import clock

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

HELD = (10, 100, 1_000, 10_000)
IN_STATE = (1_000, 100_000, 1_000_000)
MEASURED = 100_000
HELD_EVENTS = 200_000
"""Events that fill the keys of a case of `HELD`: the more each holds, the fewer keys there are. No case has
fewer, since the job's code is compiled meanwhile."""
HELD_WITH_MANY_KEYS = 4
EVENT_RATE = 2_000.0
"""Events a second in event time: with it all that a key holds lies within its windows."""


@dataclass(frozen=True, slots=True)
class Case:
    """So many keys in each hop, each holding so many entries."""

    keys: int
    held: int

    @property
    def filling(self) -> int:
        """Events until every key holds that, and the job is warm."""
        return max(self.keys * self.held, HELD_EVENTS)

    @property
    def events(self) -> int:
        return self.filling + MEASURED


def cases(held: Sequence[int], in_state: Sequence[int]) -> list[tuple[str, Case]]:
    """What is to be run, by name."""
    by_held = [(f"{n:,} events in the window of a key", Case(max(1, HELD_EVENTS // n), n)) for n in held]
    by_keys = [(f"{n:,} keys in state", Case(n, 1 if n > 100_000 else HELD_WITH_MANY_KEYS)) for n in in_state]
    return by_held + by_keys


@dataclass(frozen=True, slots=True)
class KeyTraffic:
    """Events of a case: every user has one address and one device, so the keys of all hops hold the same."""

    token: str
    seed: int
    start_ms: int
    rate: float
    case: Case

    def time_ms(self, number: int) -> int:
        """Event time of that event, epoch milliseconds."""
        return self.start_ms + int(number * 1000 / self.rate)

    def events(self, count: int) -> Iterator[tuple[bytes, bytes]]:
        """Key and value of the events 0 to count - 1: round after round first, then users at random."""
        draw, keys, filling = random.Random(self.seed).random, self.case.keys, self.case.filling
        for number in range(count):
            user = number % keys if number < filling else int(draw() * keys)
            yield (
                b"u%d" % user,
                b'{"event_id":"%s-%d","user_id":"u%d","event_time":%d,"amount":%d.50,"currency":"EUR",'
                b'"ip":"10.%d.%d.%d","device_id":"d%d","card_id":"c%d","country":"DE"}'
                % (
                    self.token.encode(),
                    number,
                    user,
                    self.time_ms(number),
                    5 + user % 90,
                    user >> 16 & 255,
                    user >> 8 & 255,
                    user & 255,
                    user,
                    user,
                ),
            )


def run(
    stack: Stack, held: Sequence[int], in_state: Sequence[int], seed: int, wait_s: float, progress: Progress
) -> Costs:
    """The cost of an event in each case. `good` is false when a case lost an event."""
    found: list[Cost] = [
        {"case": name, **_cost(stack, case, seed, wait_s, progress)} for name, case in cases(held, in_state)
    ]
    lost = sum(one["lost"] for one in found)
    return {
        "good": not lost,
        "sent": sum(one["sent"] for one in found),
        "decided": sum(one["decided"] for one in found),
        "lost": lost,
        "duplicates": sum(one["duplicates"] for one in found),
        "late": sum(one["late"] for one in found),
        "costs": found,
        **surroundings(stack, job_config(stack, 0)),
    }


def _cost(stack: Stack, case: Case, seed: int, wait_s: float, progress: Progress) -> Measured:
    token = f"k{clock.now_ms():x}"
    traffic = KeyTraffic(token, seed, FIRST_MS, EVENT_RATE, case)
    settings = replace(plan_settings(stack.profile), max_entries=case.held)
    with bounded_job(stack, token, keep=False, settings=settings) as config:
        names = config.topics
        fill(stack, names.transactions, traffic, case.events, progress)
        with Sampler(stack, names.decisions) as sampler:
            time_job(stack, config, wait_s, progress)
        decided = sampler.decided()
    return {
        "keys": case.keys,
        "held": case.held,
        "cpu_us_per_event": sampler.cpu_us_per_event(case.filling),
        "wall_us_per_event": sampler.wall_us_per_event(case.filling),
        "sent": case.events,
        "decided": min(decided, case.events),
        "lost": max(0, case.events - decided),
        "duplicates": max(0, decided - case.events),
        "late": 0,
    }
