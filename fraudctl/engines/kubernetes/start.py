"""One run of `up`: render the chart, show what would change, apply it, and wait until everything works.

It may be repeated, and interrupted at any point: what is applied is the whole wish each time. Whether a
program works is asked by the probes of its pod, and whether the job runs is the operator's to say.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from fraudctl.console.progress import progress
from fraudctl.console.streams import say
from fraudctl.engines import beginning, chosen
from fraudctl.engines.contract import Elsewhere, Wish
from fraudctl.engines.kubernetes import chart, kept, logs, mounted, programs
from fraudctl.engines.kubernetes.chart import BadValues, Manifest
from fraudctl.engines.kubernetes.cluster import Cluster, Place
from fraudctl.engines.kubernetes.deployment import Deployment
from fraudctl.engines.waiting import Wait
from fraudctl.errors import Failed, UsageError
from fraudctl.home import folder as homes
from fraudctl.home.stack import Paths, Stack
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile
from fraudctl.waiting import until

RELEASE: Final = "fraudctl"
NAMESPACE: Final = "fraudctl"
LOOK_S: Final = 2.0
_SHOWN_LINES: Final = 40


def up(wish: Wish) -> Stack:
    """Bring the wished stack up and give it. Raises BadValues, UsageError, Failed, Unhealthy."""
    refuse(wish)
    paths, asked = Paths(wish.home), wish.elsewhere or Elsewhere()
    place, manifests = rendered(wish.home, asked)
    values = _values(wish.home, asked)
    profile_of(values)
    # A cluster that cannot be asked leaves nothing here that would name it from then on.
    changes = Cluster(place).plan(manifests)
    homes.claim(wish.home)
    beginning.make_folders(paths)
    with beginning.only_one(paths):
        kept.keep(wish.home, place, values)
        homes.close(wish.home)
        profile = profile_of(
            values, kept.keep_trusted(wish.home, str(chart.values_of(values).get("trusted", "")))
        )
        stack = stack_of(wish.home, profile, place)
        replace(stack, extra={"ready": False}).save()
        deadline = time.monotonic() + wish.wait_s
        _apply(Cluster(place), manifests, changes)
        _await(Cluster(place), manifests, deadline)
        stack.save()
        return stack


def rendered(home: Path, asked: Elsewhere) -> tuple[Place, list[Manifest]]:
    """Where a stack is to be, and of what it is made. Raises BadValues, UsageError."""
    place = _place(home, asked)
    return place, chart.render(_values(home, asked), place.of_chart)


def refuse(wish: Wish) -> None:
    """What makes no sense in a cluster."""
    if wish.elsewhere is not None and wish.elsewhere.is_profile_named:
        raise UsageError(
            "profile and rule set are in the values there",
            hint="write them into the file of --values, as `profile` and `rules`",
        )
    if wish.without or wish.added or wish.any_port:
        raise UsageError(
            "a cluster has no servers of ours to leave out, to add, or to find ports for",
            hint="say what runs in the values: see docs/kubernetes.md",
        )


def profile_of(values: Path, trusted: Path | None = None) -> Profile:
    """The profile in a file of values. The files it names lie in the pods, and are not looked at here.

    With a copy of the file of who is trusted it says who must approve, too.
    """
    content = chart.values_of(values).get("profile")
    if not isinstance(content, Mapping):
        raise BadValues(str(values), ["profile: has to be a mapping of settings"])
    seen = mounted.seen_by(content, mounted.NOBODY)
    if trusted is not None:
        signing = {**(content.get("signing") or {}), "trusted": str(trusted)}
        seen |= {"signing": signing, "approval": content.get("approval") or {}}
    return reading.check(seen, values)


def stack_of(home: Path, profile: Profile, place: Place) -> Stack:
    """What commands on this machine know of the stack; its addresses are those that its pods use."""
    addresses = chosen.external_addresses(profile, ())
    addresses["flink"] = f"{place.release}-rest.{place.namespace}.svc:{mounted.REST_PORT}"
    return Stack(home, profile, addresses, extra={"ready": True}, engine=mounted.NAME)


def _values(home: Path, asked: Elsewhere) -> Path:
    values = asked.values or kept.kept_values(home)
    if not values.is_file():
        raise UsageError(
            "of what is the stack made?" if asked.values is None else f"there is no file {values}",
            hint="name a file of values: fraudctl up --engine kubernetes --values my-values.yaml",
        )
    return values


def _place(home: Path, asked: Elsewhere) -> Place:
    """That of the last `up`, unless another is asked for."""
    before = kept.place(home) or Place(NAMESPACE, RELEASE)
    return replace(
        before, namespace=asked.namespace or before.namespace, context=asked.context or before.context
    )


def _apply(cluster: Cluster, manifests: Sequence[Manifest], changes: str) -> None:
    if not changes:
        say("nothing differs from what runs")
        return
    lines = [line for line in changes.splitlines() if line.startswith(("+", "-"))]
    say("\n".join(lines[:_SHOWN_LINES]))
    if len(lines) > _SHOWN_LINES:
        say(f"… and {len(lines) - _SHOWN_LINES} lines more; all: fraudctl deploy plan")
    for line in cluster.apply(manifests):
        say(line)


def _await(cluster: Cluster, manifests: Sequence[Manifest], deadline: float) -> None:
    """The setup first, without which nothing works; then the programs, then the job."""
    _await_setup(cluster, manifests, deadline)
    wanted = [_component(one) for one in manifests if one["kind"] == "Deployment"]
    waiting(cluster, deadline).for_programs(wanted)
    with progress("starting the job") as shown:
        Deployment(cluster).await_running(max(10.0, deadline - time.monotonic()), shown)


def waiting(cluster: Cluster, deadline: float) -> Wait:
    """Waiting for programs until then (monotonic seconds)."""
    return Wait(
        lambda: programs.states(cluster),
        lambda name: logs.tail(cluster, name, 15),
        lambda server: (server.name,),
        deadline,
        LOOK_S,
    )


def _await_setup(cluster: Cluster, manifests: Sequence[Manifest], deadline: float) -> None:
    [name] = [one["metadata"]["name"] for one in manifests if one["kind"] == "Job"]
    with progress("making topics and tables"):
        until(
            lambda: _is_set_up(cluster, name),
            max(10.0, deadline - time.monotonic()),
            lambda: _not_set_up(cluster, name, "in time"),
            LOOK_S,
        )


def _is_set_up(cluster: Cluster, name: str) -> bool:
    """Failed, without further waiting, where its pod will never start or the Job has given up."""
    conditions = (cluster.find("job", name) or {}).get("status", {}).get("conditions", ())
    ended = {one["type"] for one in conditions if one["status"] == "True"}
    if "Failed" in ended:
        raise _not_set_up(cluster, name, "at the last of several tries")
    if reason := programs.never_starts(cluster.get("pods", f"job-name={name}")):
        raise _not_set_up(cluster, name, f"as the setup's pod cannot start: {reason}")
    return "Complete" in ended


def _not_set_up(cluster: Cluster, name: str, why: str) -> Failed:
    said = logs.tail(cluster, mounted.SETUP, 8)
    told = "".join(f"\n  {line}" for line in said)
    return Failed(
        f"topics and tables could not be made {why}{told or ', and nothing was said'}",
        hint=f"see: kubectl describe job {name}",
        code="setup",
    )


def _component(manifest: Any) -> str:
    return str(manifest["metadata"]["labels"][programs.COMPONENT])
