"""A release of the chart as containers, beside servers of a Compose project, and its operator."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from fraudctl.engines.compose.checks import OUR_IMAGE
from fraudctl.engines.kubernetes import flink_pod, replay, start
from fraudctl.errors import FraudctlError
from fraudctl.flink.cluster import as_yaml
from fraudctl.flink.rest import Flink
from fraudctl.home import own
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import LIVE
from pipeline.connections.flink import FlinkRest
from tests.chart import example, one, render
from tests.compose import ruling
from tests.compose.conftest import FILES, docker
from tests.compose.pods import Pods, Spec, by_name
from tests.ports import free_port
from tests.waiting import await_that

NAME = "fraud"
JOBMANAGER, TASKMANAGER = f"{NAME}-jobManager", f"{NAME}-taskManager"
TOOLBOX = f"{NAME}-toolbox"
TASKMANAGER_ARGV = ["taskmanager.sh", "start-foreground"]
BUCKET = "/bucket"
"""a folder that stands for a bucket"""
KAFKA = {
    "bootstrap": "kafka:9092",
    "security": "plain",
    "tls": False,
    "username": own.USER,
    "password_file": "secrets/kafka/password",
}
READY_S = 240.0
_OF_A_CLUSTER = ("kubernetes.", "high-availability.")


@dataclass(frozen=True)
class Servers:
    """Kafka, PostgreSQL and Valkey, as the Compose files start them."""

    network: str
    kafka: str
    """its address on this machine"""
    passwords: Mapping[str, str]


@contextmanager
def servers() -> Iterator[Servers]:
    project, port = f"pods{uuid.uuid4().hex[:8]}", free_port()
    told = {"KAFKA": port, "POSTGRES": free_port(), "REDIS": free_port()}
    env = {**os.environ, **{f"FRAUDCTL_SERVERS_{name}_PORT": str(one) for name, one in told.items()}}
    compose = ["docker", "compose", "-p", project, "-f", str(FILES / "compose.yaml")]
    try:
        words = [*compose, "up", "--detach", "--wait", "kafka", "postgres", "redis"]
        done = subprocess.run(words, env=env, capture_output=True, text=True, check=False, timeout=400)
        assert done.returncode == 0, done.stderr
        yield Servers(f"{project}_default", f"127.0.0.1:{port}", _passwords(f"{project}_secrets"))
    finally:
        subprocess.run([*compose, "down", "--volumes"], env=env, capture_output=True, check=False)


class Release:
    """Its pods; Flink's are started as the operator would have it, without an API server."""

    def __init__(self, folder: Path, found: Servers) -> None:
        self.folder, self._servers = folder, found
        (folder / "bucket").mkdir()
        (folder / "bucket").chmod(0o777)
        (folder / "kafka").write_text(found.passwords["kafka"])
        self.pods = Pods(folder / "pods", found.network, _secrets(found))
        self.objects: list[dict[str, Any]] = []

    @property
    def stack(self) -> Stack:
        """As it is seen from this machine, which reaches Kafka."""
        profile = start.profile_of(self.folder / "values.yaml", self.folder / "trusted")
        kafka = own.kafka_in_container(self.folder, self._servers.kafka)
        servers = {**profile.servers, "kafka": replace(profile.server("kafka"), external=kafka)}
        return Stack(self.folder / "home", replace(profile, servers=servers), {"kafka": kafka.bootstrap})

    def apply(self, image: str = OUR_IMAGE, savepoint: str | None = None) -> None:
        """Start all anew, of that image; the job from a savepoint. Waits until everything is ready."""
        self.objects = render(self._values(image), NAME)
        wanted = by_name(self.objects)
        self._set_up(wanted)
        self.start_flink(savepoint)
        programs = [name for name in wanted if self._is_program(name)]
        for name in programs:
            self.restart(name)
        for name in (JOBMANAGER, TASKMANAGER, *programs):
            self.await_ready(name)
        await_that(self.runs, f"the job runs\n{self.pods.log(JOBMANAGER)}", READY_S)

    def start_flink(self, savepoint: str | None = None) -> None:
        job = one(self.objects, "FlinkDeployment", NAME)["spec"]["job"]
        program = ["--job-classname", job["entryClass"], *job["args"]]
        argv = ["standalone-job.sh", "start-foreground", *program]
        self._start_flink(NAME, "jobManager", self.objects, argv, savepoint)
        self.start_taskmanager()

    def start_taskmanager(self) -> None:
        self._start_flink(NAME, "taskManager", self.objects, TASKMANAGER_ARGV)

    @contextmanager
    def replaying(self, *arguments: str, rule_sets: Sequence[Mapping[str, Any]] = ()) -> Iterator[str]:
        """A replay in pods of its own, as the command makes them, gone with the block; its pod's name."""
        flink = replay.flink_of(self.objects, "0a1b")
        cluster = flink["metadata"]["name"]
        job = replay.job_of(self.objects, cluster, ("replay", *arguments, "--json"), "0a1b", 600.0)
        objects = [*self.objects, flink, replay.rule_sets_of(job, rule_sets)]
        name = job["metadata"]["name"]
        try:
            argv = ["jobmanager.sh", "start-foreground"]
            self._start_flink(cluster, "jobManager", objects, argv)
            self._start_flink(cluster, "taskManager", objects, TASKMANAGER_ARGV)
            self.pods.start(name, job["spec"]["template"]["spec"], objects)
            yield name
        finally:
            for one_of_it in (name, f"{cluster}-jobManager", f"{cluster}-taskManager"):
                self.pods.end(one_of_it)

    def restart(self, name: str) -> None:
        """Another pod of that Deployment, for one that is gone or is asked to go."""
        if name in self.pods.specs:
            self.pods.delete(name)
        self.pods.start(name, by_name(self.objects)[name], self.objects)

    def stop_with_savepoint(self) -> str:
        """As the operator begins an upgrade; the savepoint."""
        path = self.flink.stop_with_savepoint(self.flink.live(LIVE)[0].job_id, f"file://{BUCKET}/savepoints")
        for name in (JOBMANAGER, TASKMANAGER):
            self.pods.end(name)
        return path

    @property
    def flink(self) -> Flink:
        [port] = docker("port", self.pods.container(JOBMANAGER), "8081").splitlines()[:1]
        return Flink(FlinkRest(address=port), timeout_s=10)

    def runs(self) -> bool:
        """Whether one job runs, with all its tasks."""
        try:
            jobs = self.flink.live(LIVE)
            return len(jobs) == 1 and self.flink.job(jobs[0].job_id).running
        except FraudctlError:
            return False

    def await_ready(self, name: str) -> None:
        ready = "readinessProbe"
        await_that(lambda: self.pods.answers(name, ready), f"{name}\n{self.pods.log(name)}", READY_S)

    def fraudctl(self, *arguments: str) -> dict[str, Any]:
        """What a command in the toolbox answers, which must succeed."""
        done = self.pods.run(TOOLBOX, "fraudctl", *arguments, "--json")
        assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
        data: dict[str, Any] = json.loads(done.stdout)["data"]
        return data

    def _set_up(self, wanted: Mapping[str, Spec]) -> None:
        [name] = [name for name in wanted if name.startswith(f"{NAME}-setup-")]
        self.pods.start(name, wanted[name], self.objects)
        assert self.pods.result(name) == 0, self.pods.log(name)

    def _is_program(self, name: str) -> bool:
        return any((it["kind"], it["metadata"]["name"]) == ("Deployment", name) for it in self.objects)

    def _start_flink(
        self,
        cluster: str,
        role: str,
        objects: list[dict[str, Any]],
        argv: list[str],
        savepoint: str | None = None,
    ) -> None:
        spec, name = one(objects, "FlinkDeployment", cluster)["spec"], f"{cluster}-{role}"
        found = by_name(objects)[name]
        [container] = found["containers"]
        command = {"command": [spec["flinkConfiguration"]["kubernetes.entry.path"]], "args": argv}
        conf = self.folder / f"conf-{name}"
        conf.mkdir(exist_ok=True)
        (conf / "config.yaml").write_text(as_yaml(self._told(cluster, spec, savepoint)))
        for file, text in spec["logConfiguration"].items():
            (conf / file).write_text(text)
        more = ["--volume", f"{conf}:{flink_pod.CONF}:ro", "--volume", f"{self.folder / 'bucket'}:{BUCKET}"]
        aliases = (cluster, f"{cluster}-rest") if role == "jobManager" else (f"{cluster}-taskmanager",)
        more += [word for alias in aliases for word in ("--network-alias", alias)]
        if name == JOBMANAGER:
            more += ["--publish", "127.0.0.1::8081"]
        self.pods.start(name, {**found, "containers": [container | command]}, objects, more)

    def _told(self, cluster: str, spec: Spec, savepoint: str | None) -> dict[str, str | int]:
        """What Flink and the operator put into the configuration of a pod."""
        told = {key: value for key, value in spec["flinkConfiguration"].items() if _is_ours(key)}
        everywhere = dict.fromkeys(
            ("jobmanager.bind-host", "rest.bind-address", "taskmanager.bind-host"), "0.0.0.0"
        )
        own: dict[str, str | int] = {
            **everywhere,
            "jobmanager.rpc.address": cluster,
            "rest.address": f"{cluster}-rest",
            "taskmanager.host": f"{cluster}-taskmanager",
            "parallelism.default": spec.get("job", {"parallelism": 1})["parallelism"],
            "jobmanager.memory.process.size": spec["jobManager"]["resource"]["memory"],
            "taskmanager.memory.process.size": spec["taskManager"]["resource"]["memory"],
        }
        return {**told, **own, **({"execution.state-recovery.path": savepoint} if savepoint else {})}

    def _values(self, image: str) -> dict[str, Any]:
        """Those for a cluster on one machine, with these servers and the folder for a bucket."""
        trusted = "".join(
            f"{name} {ruling.public(key)}\n"
            for name, key in (("tester", ruling.KEY), ("alice", ruling.ALICE))
        )
        values = example(
            "kind",
            image={"tag": image.partition(":")[2]},
            trusted=trusted,
            secrets={name: {"secretName": f"fraudctl-{name}"} for name in ("kafka", "redis")},
            profile={
                "servers": {
                    "kafka": {"external": KAFKA},
                    "postgres": {"external": {"address": "postgresql://fraudctl@postgres:5432/fraudctl"}},
                    "redis": {"external": {"address": "redis://default@redis:6379"}},
                },
                "sinks": {"redis": {"password_file": "secrets/redis/password"}},
            },
            flink={
                "configuration": {
                    "execution.checkpointing.dir": f"file://{BUCKET}/checkpoints",
                    "execution.checkpointing.savepoint-dir": f"file://{BUCKET}/savepoints",
                    "execution.checkpointing.interval": "2 s",
                }
            },
        )
        (self.folder / "trusted").write_text(trusted)
        (self.folder / "values.yaml").write_text(yaml.safe_dump(values))
        return values


def _is_ours(key: str) -> bool:
    return not key.startswith(_OF_A_CLUSTER)


def _secrets(found: Servers) -> dict[str, dict[str, str]]:
    return {
        "risk-signing": {"key": ruling.private(ruling.KEY)},
        "fraudctl-kafka": {"password": found.passwords["kafka"]},
        "fraudctl-postgres": {"password": found.passwords["postgres"]},
        "fraudctl-redis": {"password": found.passwords["redis"]},
        "fraudctl-bucket": {"credentials": "[default]\n"},
    }


def _passwords(volume: str) -> dict[str, str]:
    see = ("run", "--rm", "--volume", f"{volume}:/secrets:ro", "--entrypoint", "cat", OUR_IMAGE)
    return {name: docker(*see, f"/secrets/{name}") for name in ("kafka", "postgres", "redis")}
