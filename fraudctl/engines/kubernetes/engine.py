"""The Kubernetes engine: a stack as objects of a cluster, from the chart in `deploy/kubernetes/fraudctl`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event

from fraudctl.console.progress import progress
from fraudctl.console.streams import say
from fraudctl.engines import external, inside, nearby
from fraudctl.engines.contract import (
    Check,
    Condition,
    Elsewhere,
    Ended,
    Line,
    ProgramState,
    ServerHealth,
    Wish,
)
from fraudctl.engines.kubernetes import (
    chart,
    checks,
    kept,
    left,
    logs,
    mounted,
    near,
    programs,
    replay,
    rules,
    start,
)
from fraudctl.engines.kubernetes.alone import Foreign
from fraudctl.engines.kubernetes.chart import Manifest
from fraudctl.engines.kubernetes.cluster import Cluster
from fraudctl.engines.kubernetes.deployment import GONE_WRONG, Deployment
from fraudctl.errors import Failed, FraudctlError
from fraudctl.home import folder as homes
from fraudctl.home.folder import Removed
from fraudctl.home.stack import Stack, read
from fraudctl.jobs import askers
from fraudctl.jobs.live_answers import LiveStatus
from fraudctl.jobs.rules_log import Carried
from fraudctl.waiting import until
from pipeline.settings.document import Content


class Engine:
    """A stack in a cluster.

    Seen from a pod of its own it has no place that is kept in the home: its servers answer, and nobody there
    looks after its programs.
    """

    @property
    def has_processes(self) -> bool:
        return False

    @property
    def is_elsewhere(self) -> bool:
        return not (mounted.FOLDER / mounted.JOB_NAME).is_file()

    def live_job(self, stack: Stack) -> Deployment | Foreign:
        return Foreign(stack) if _is_alone(stack.home) else Deployment(kept.cluster(stack.home))

    def up(self, wish: Wish) -> Stack:
        return start.up(wish)

    def render(self, home: Path, asked: Elsewhere) -> Sequence[Manifest]:
        """See `fraudctl.engines.releases`."""
        return start.rendered(home, asked)[1]

    def text(self, manifest: Manifest) -> str:
        return f"---\n{chart.text_of(manifest)}"

    def write(self, manifests: Sequence[Manifest], folder: Path) -> Sequence[str]:
        return chart.write(manifests, folder)

    def plan(self, home: Path, asked: Elsewhere) -> str:
        place, manifests = start.rendered(home, asked)
        return Cluster(place).plan(manifests)

    def down(self, home: Path) -> bool:
        """No pod of any program or replay is left; what the chart made stays, and the job's state."""
        if not self.is_running(home):
            return False
        cluster = kept.cluster(home)
        ended = replay.end(cluster)
        for name in ended:
            say(f"{name} is asked to end, which drops its topics")
        with progress("stopping the job with a savepoint") as shown:
            Deployment(cluster).stop(120.0, shown)
        for name in _deployments(cluster):
            cluster.ask(["scale", "deployment", name, "--replicas=0"])
        until(
            lambda: _is_empty(cluster),
            120.0,
            lambda: Failed("pods are still there after two minutes", hint="see: kubectl get pods"),
            1.0,
        )
        for name in left.of(cluster, ended):
            say(f"{name} did not come to its end; {nearby.CLEAN}")
        return True

    def purge(self, home: Path) -> Removed:
        """Everything the chart made goes, and what is kept here; topics, stores and buckets are not ours."""
        if not home.exists():
            return Removed(home)
        homes.refuse_unremovable(home)
        if kept.place(home) is not None:
            kept.cluster(home).remove()
        return homes.remove(home)

    def is_running(self, home: Path) -> bool:
        if _is_alone(home):
            return True
        return kept.place(home) is not None and any(one.is_wanted for one in self.seen_in(home).values())

    def health(self, stack: Stack) -> list[ServerHealth]:
        """Servers elsewhere are what those who use them say of them: nothing here need reach them."""
        if _is_alone(stack.home):
            return [_asked(stack, name) for name in stack.addresses]
        found = [_of_program(one) for one in self.programs(stack).values()]
        reason = _why_unwell(self.live_job(stack).status())
        return [
            ServerHealth("flink", "Flink", stack.address("flink"), not reason, reason, ()),
            *found,
            *_of_replays(kept.cluster(stack.home)),
        ]

    def programs(self, stack: Stack) -> Mapping[str, ProgramState]:
        return {} if _is_alone(stack.home) else self.seen_in(stack.home)

    def seen_in(self, home: Path) -> Mapping[str, ProgramState]:
        return programs.states(kept.cluster(home)) if kept.place(home) is not None else {}

    def start(self, stack: Stack, program: str) -> None:
        """With one pod; the number that the values say comes back with the next `up`."""
        cluster = kept.cluster(stack.home)
        if not programs.states(cluster)[programs.check(cluster, program)].is_wanted:
            self._scale(cluster, program, 1)

    def stop(self, stack: Stack, program: str) -> None:
        cluster = kept.cluster(stack.home)
        self._scale(cluster, programs.check(cluster, program), 0)
        until(
            lambda: programs.states(cluster)[program].condition is Condition.STOPPED,
            120.0,
            lambda: Failed(f"{program} has not ended after two minutes", hint="see: kubectl get pods"),
            1.0,
        )

    def kill(self, stack: Stack, program: str) -> None:
        """One pod, at once; what made it makes another."""
        cluster = kept.cluster(stack.home)
        found = cluster.get("pods", programs.selector(cluster, programs.check(cluster, program)))
        if found:
            name = found[0]["metadata"]["name"]
            cluster.ask(["delete", "pod", name, "--grace-period=0", "--force", "--wait=false"])

    def restart(self, stack: Stack, name: str, wait_s: float) -> list[str]:
        cluster, deadline = kept.cluster(stack.home), time.monotonic() + wait_s
        if name == "flink":
            with progress("restarting Flink") as shown:
                Deployment(cluster).restart(wait_s, shown)
            return list(programs.FLINK)
        programs.check(cluster, name)
        if name in programs.FLINK:
            cluster.delete(programs.selector(cluster, name), "pods")
        else:
            cluster.ask(["rollout", "restart", f"deployment/{cluster.place.release}-{name}"])
            asked = ["rollout", "status", f"deployment/{cluster.place.release}-{name}"]
            cluster.ask([*asked, f"--timeout={int(wait_s)}s"], wait_s=wait_s + 10)
        start.waiting(cluster, deadline).for_programs([name])
        return [name]

    def log_names(self, home: Path) -> list[str]:
        return sorted(self.seen_in(home))

    def logs(self, home: Path, programs: Sequence[str], lines: int, follow: bool) -> Iterator[Line]:
        return logs.read(kept.cluster(home), programs, lines, follow)

    def run(self, stack: Stack, program: str, argv: Sequence[str], wait_s: float) -> Ended:
        """In one of the program's pods."""
        cluster = kept.cluster(stack.home)
        found = cluster.get("pods", programs.selector(cluster, programs.check(cluster, program)))
        if not found:
            raise Failed(f"{program} has no pod", hint=f"see: fraudctl restart {program}")
        through = cluster.command(["exec", found[0]["metadata"]["name"], "--"])
        return inside.run(through, argv, wait_s)

    def near(
        self,
        stack: Stack,
        arguments: Sequence[str],
        wait_s: float,
        begun: Event | None = None,
        unwanted: Event | None = None,
    ) -> Ended:
        """See `fraudctl.engines.nearby`: by a Job of what the values of the last `up` say."""
        _, manifests = start.rendered(stack.home, Elsewhere())
        return near.run(kept.cluster(stack.home), manifests, arguments, wait_s, begun, unwanted)

    def rules(self, stack: Stack, arguments: Sequence[str], files: Mapping[str, str], wait_s: float) -> Ended:
        """See `fraudctl.engines.nearby`: by a Job of what the values of the last `up` say."""
        _, manifests = start.rendered(stack.home, Elsewhere())
        return rules.run(kept.cluster(stack.home), manifests, arguments, files, askers.here(), wait_s)

    def rules_log(self, stack: Stack, wait_s: float) -> Carried:
        """See `fraudctl.engines.nearby`: by a Job for each question."""
        _, manifests = start.rendered(stack.home, Elsewhere())
        return Carried(lambda signed: rules.carry(kept.cluster(stack.home), manifests, signed, wait_s))

    def replay(
        self,
        stack: Stack,
        arguments: Sequence[str],
        rule_sets: Sequence[Content],
        wait_s: float,
        needs_flink: bool,
    ) -> Ended:
        """See `fraudctl.engines.nearby`: by a Flink and a Job of what the values of the last `up` say."""
        _, manifests = start.rendered(stack.home, Elsewhere())
        return replay.run(kept.cluster(stack.home), manifests, arguments, rule_sets, wait_s, needs_flink)

    def replays_under_way(self, stack: Stack) -> list[str]:
        return replay.under_way(kept.cluster(stack.home))

    def forget_replays_left(self, stack: Stack) -> None:
        left.forget(kept.cluster(stack.home))

    def examine(self, home: Path, environ: Mapping[str, str]) -> list[Check]:
        return checks.examine(home)

    def _scale(self, cluster: Cluster, program: str, replicas: int) -> None:
        if program in programs.FLINK:
            raise Failed(
                f"{program} is the operator's to start and stop", hint="stop the job: fraudctl job stop"
            )
        cluster.ask(["scale", "deployment", f"{cluster.place.release}-{program}", f"--replicas={replicas}"])


def _is_alone(home: Path) -> bool:
    """Whether a home is that of a pod, which is only seen from within."""
    try:
        stack = read(home)
        return stack is not None and stack.engine == mounted.NAME and kept.place(home) is None
    except FraudctlError:
        return False


def _deployments(cluster: Cluster) -> list[str]:
    return [one["metadata"]["name"] for one in cluster.get("deployments.apps")]


def _is_empty(cluster: Cluster) -> bool:
    states = programs.states(cluster).values()
    return all(one.condition is Condition.STOPPED for one in states) and not replay.has_pods(cluster)


def _why_unwell(job: LiveStatus) -> str:
    """Empty if it is well: it runs, and the operator could do what it was asked for since."""
    flink, told = job["flink"], job["keeper"]
    if told["last_error"]:
        return f"the operator says {told['state']}: {told['last_error']}"
    runs = bool(flink and flink["all_tasks_running"]) or job["wanted"] == "stopped"
    return "" if runs and told["state"] not in GONE_WRONG else f"the operator says {told['state']}"


def _of_replays(cluster: Cluster) -> list[ServerHealth]:
    """Those that are under way, and those of which something may be left; neither is a trouble."""
    told = dict.fromkeys(replay.under_way(cluster), nearby.UNDER_WAY)
    told |= dict.fromkeys(left.of(cluster, list(told)), f"it did not come to its end; {nearby.CLEAN}")
    return [ServerHealth(name, "Replay", "", True, said, ()) for name, said in told.items()]


def _asked(stack: Stack, name: str) -> ServerHealth:
    reason = external.reason_unwell(stack, name)
    return ServerHealth(name, external.title(name), stack.addresses[name], not reason, reason, ())


def _of_program(state: ProgramState) -> ServerHealth:
    wants_nothing = state.condition in (Condition.STOPPED, Condition.STOPPING)
    said = state.reason or f"it is {state.condition}"
    reason = "" if state.runs else ("it is stopped" if wants_nothing else said)
    return ServerHealth(state.name, state.name, "", state.runs, reason, (state,))
