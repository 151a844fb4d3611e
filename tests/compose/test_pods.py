"""The pods of the chart run as containers: each started from its rendered specification, none written twice.

There is no kubelet and no operator here: `tests/compose/pods.py` and `release.py` do what they would do.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from fraudctl.engines.kubernetes import near
from fraudctl.kafka import admin
from pipeline.records.names import writer_group
from tests.compose.release import JOBMANAGER, NAME, TASKMANAGER, TOOLBOX, Release, servers
from tests.waiting import LONG_S, await_that

PROGRAMS = [f"{NAME}-{name}" for name in ("exporter", "sink-postgres", "sink-redis", "ticker", "toolbox")]
RATE, SECONDS = 200, 10


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Release]:
    with servers() as found:
        made = Release(tmp_path_factory.mktemp("release"), found)
        try:
            made.apply()
            yield made
        finally:
            made.pods.stop()


def test_every_pod_meets_its_probes_and_may_do_no_more_than_its_specification_says(release: Release) -> None:
    names = [JOBMANAGER, TASKMANAGER, *PROGRAMS]
    assert sorted(release.pods.specs) == sorted([*names, *_setups(release)])
    kinds = ("startupProbe", "livenessProbe", "readinessProbe")
    unmet = [(name, kind) for name in names for kind in kinds if not release.pods.answers(name, kind)]
    assert unmet == []
    asking = "id -u; id -g; grep -E 'CapEff|NoNewPrivs' /proc/1/status; touch /x /etc/fraudctl/x 2>&1"
    for name in names:
        said = release.pods.run(name, "sh", "-c", asking).stdout.split()
        assert said[:6] == ["10001", "10001", "CapEff:", "0000000000000000", "NoNewPrivs:", "1"], name
        assert said.count("Read-only") == 2, name


def test_a_pod_has_the_secrets_that_it_needs_and_no_others(release: Release) -> None:
    found = {
        name: sorted(release.pods.run(name, "ls", "/etc/fraudctl/secrets").stdout.split())
        for name in (JOBMANAGER, *PROGRAMS)
    }
    assert found == {
        JOBMANAGER: ["bucket"],
        f"{NAME}-exporter": [],
        f"{NAME}-sink-postgres": ["postgres"],
        f"{NAME}-sink-redis": ["redis"],
        f"{NAME}-ticker": [],
        TOOLBOX: ["postgres", "redis", "signing"],
    }


def test_what_is_simulated_in_the_toolbox_is_decided_and_every_store_holds_it(release: Release) -> None:
    sent = release.fraudctl(*simulating(seed=7))
    assert (sent["sent"], sent["decided"], sent["lost"]) == (RATE * SECONDS, RATE * SECONDS, 0)
    assert sent["alerts"] > 0
    assert verified(release) == {"postgres": RATE * SECONDS, "redis": sent["alerts"]}


def test_a_command_that_is_run_as_a_job_answers_as_it_would_in_the_toolbox(release: Release) -> None:
    job = near.manifest(release.objects, ("verify", "sinks", "--json"), "0a1b2c3d")
    name, spec = job["metadata"]["name"], job["spec"]["template"]["spec"]
    release.pods.start(name, spec, release.objects)
    assert release.pods.result(name) == 0, release.pods.log(name)
    told = json.loads(release.pods.log(name))["data"]["sinks"]
    assert {sink: one["held"] for sink, one in told.items()} == verified(release)
    release.pods.end(name)


def simulating(seed: int) -> list[str]:
    told = ("--rate", str(RATE), "--duration", f"{SECONDS}s", "--seed", str(seed), "--patience", "300s")
    return ["simulate", "--attack", "ip-burst", *told]


def verified(release: Release) -> dict[str, int]:
    """How many decisions each store holds once its writer has caught up; all must be as in the log."""
    stack = release.stack
    topic = stack.profile.topics.decisions

    def behind() -> int:
        return sum(
            sum(admin.lag(stack.kafka, writer_group(one), topic).values()) for one in ("postgres", "redis")
        )

    await_that(lambda: behind() == 0, "the writers have caught up", LONG_S)
    found = release.fraudctl("verify", "sinks")
    return {sink: one["held"] for sink, one in found["sinks"].items()}


def _setups(release: Release) -> list[str]:
    return [name for name in release.pods.specs if name.startswith(f"{NAME}-setup-")]
