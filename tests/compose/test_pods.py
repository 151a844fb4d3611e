"""The pods of the chart run as containers: each started from its rendered specification, none written twice.

There is no kubelet and no operator here: `tests/compose/pods.py` and `release.py` do what they would do.
"""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from fraudctl.console.progress import Progress
from fraudctl.engines.compose.checks import OUR_IMAGE
from fraudctl.engines.kubernetes import mounted, near
from fraudctl.jobs.activations import Signature
from fraudctl.jobs.askers import Asker
from fraudctl.jobs.rules_log import Carried
from fraudctl.jobs.submission import plan_settings, ruleset_content
from fraudctl.kafka import admin
from fraudctl.rules import changes
from fraudctl.rules.changes import Changed, Decide
from pipeline.records.names import writer_group
from pipeline.rules.ruleset import content_hash, parse
from tests.compose import ruling
from tests.compose.conftest import docker
from tests.compose.pods import NEXT_KERNEL
from tests.compose.release import JOBMANAGER, NAME, TASKMANAGER, TOOLBOX, Release, servers
from tests.compose.ruling import carry, ruled
from tests.stack.own_jobs import Setup, assert_same, by_place, by_reference, decided, recorded
from tests.waiting import LONG_S, await_that

PROGRAMS = [f"{NAME}-{name}" for name in ("exporter", "sink-postgres", "sink-redis", "ticker", "toolbox")]
RATE, SECONDS = 200, 10
ALICE = Asker("alice", "laptop")
NEXT_IMAGE = "fraudctl:next"


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
        JOBMANAGER: ["bucket", "kafka"],
        f"{NAME}-exporter": ["kafka"],
        f"{NAME}-sink-postgres": ["kafka", "postgres"],
        f"{NAME}-sink-redis": ["kafka", "redis"],
        f"{NAME}-ticker": ["kafka"],
        TOOLBOX: ["kafka", "postgres", "redis", "signing"],
    }


def test_what_is_simulated_in_the_toolbox_is_decided_and_every_store_holds_it(release: Release) -> None:
    sent = release.fraudctl(*simulating(seed=7))
    assert (sent["sent"], sent["decided"], sent["lost"]) == (RATE * SECONDS, RATE * SECONDS, 0)
    assert sent["alerts"] > 0
    assert verified(release) == {"postgres": RATE * SECONDS, "redis": sent["alerts"]}


def test_a_command_that_is_run_as_a_job_answers_as_it_would_in_the_toolbox(release: Release) -> None:
    job = near.job_of(release.objects, ("verify", "sinks", "--json"), "0a1b2c3d")
    name, spec = job["metadata"]["name"], job["spec"]["template"]["spec"]
    release.pods.start(name, spec, release.objects)
    assert release.pods.result(name) == 0, release.pods.log(name)
    told = json.loads(release.pods.log(name))["data"]["sinks"]
    assert {sink: one["held"] for sink, one in told.items()} == verified(release)
    release.pods.end(name)


def test_a_replay_has_a_flink_of_its_own_and_decides_as_the_live_job_did(release: Release) -> None:
    live, content = compared(release), ruleset_content(release.stack.profile.rules)
    assert (live["changed"], live["added"], live["removed"], live["compared"] > RATE) == (0, 0, 0, True)
    stricter = dict(content) | {"version": "stricter", "thresholds": {"review": 1, "block": 2}}
    changed = compared(release, stricter)
    assert changed["changed"] > 0
    assert set(changed["causes"]) == {"threshold"}, changed["causes"]
    assert topics_of_replays(release) == []


def test_a_replay_that_is_interrupted_leaves_no_topic(release: Release) -> None:
    with release.replaying("--rules", "default") as name:
        await_that(lambda: len(topics_of_replays(release)) == 2, "its topics are made", LONG_S)
        release.pods.delete(name)
        assert topics_of_replays(release) == []


def test_pods_that_are_killed_under_traffic_lose_nothing_and_decide_nothing_otherwise(
    release: Release,
) -> None:
    with simulated(release, seed=8) as answer:
        release.pods.end(TASKMANAGER)
        release.pods.end(f"{NAME}-sink-postgres")
        release.start_taskmanager()
        release.pods.start(
            f"{NAME}-sink-postgres", release.pods.specs[f"{NAME}-sink-postgres"], release.objects
        )
    assert (answer["decided"], answer["lost"]) == (RATE * SECONDS, 0)
    assert_as_the_reference(release)
    verified(release)


def test_another_kernel_goes_on_from_a_savepoint_under_traffic_and_decides_the_same(
    release: Release, next_image: str
) -> None:
    kernels = ("sh", "-c", "ls /opt/cache | grep fraudctl-kernel")
    before = release.pods.run(TASKMANAGER, *kernels).stdout
    with simulated(release, seed=9) as answer:
        savepoint = release.stop_with_savepoint()
        release.apply(next_image, savepoint)
    assert release.pods.run(TASKMANAGER, *kernels).stdout not in ("", before)
    assert (answer["decided"], answer["lost"]) == (RATE * SECONDS, 0)
    assert_as_the_reference(release)
    verified(release)


def test_rules_change_by_a_pod_for_who_asks_elsewhere_and_it_is_told_who_that_was(release: Release) -> None:
    content = dict(ruleset_content(release.stack.profile.rules)) | {"version": "from-elsewhere"}
    files = {"mine.json": json.dumps(content)}
    place = str(mounted.GIVEN / "mine.json")
    applied = ruled(release, ALICE, "apply", place, "--reason=tried", files=files)["data"]
    assert (applied["version"], applied["in_force"]) == ("from-elsewhere", True)
    person = {"author": "alice (key of tester)", "host": "laptop", "reason": "tried"}
    assert person.items() <= applied["by"].items()
    again = ruled(release, ALICE, "apply", "from-elsewhere")
    assert (again["exit_code"], again["error"]["code"]) == (2, "already")
    back = ruled(release, ALICE, "rollback")["data"]
    assert (back["action"], back["version"]) == ("rollback", applied["before"]["version"])
    newest = release.fraudctl("rules", "history")["activations"][:2]
    assert [one["action"] for one in newest] == ["rollback", "apply"]
    assert newest == ruled(release, ALICE, "history")["data"]["activations"][:2]
    assert ruled(release, ALICE, "show")["data"]["version"] == back["version"]


def test_what_a_person_signed_elsewhere_is_written_by_a_pod_that_has_no_key(
    release: Release, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text(ruling.private(ruling.ALICE))
    content = dict(ruleset_content(release.stack.profile.rules)) | {"version": "signed-elsewhere"}
    signed = Signature("tried", tmp_path / "key")

    def change(decide: Decide) -> Changed:
        made = changes.change(
            release.stack, decide, 60.0, Progress(), signed, Carried(partial(carry, release))
        )
        assert isinstance(made, Changed)
        return made

    applied = change(changes.apply(parse(content)))
    back = change(changes.rollback)
    newest = release.fraudctl("rules", "history")["activations"][:2]
    assert [(one["by"]["author"], one["version"]) for one in newest] == [
        ("alice", back.made.version),
        ("alice", "signed-elsewhere"),
    ]
    assert applied.before is not None
    assert applied.before.version == back.made.version


def test_rules_for_which_the_live_job_lacks_a_step_are_refused_by_a_pod_that_asks_its_flink(
    release: Release,
) -> None:
    feature = {"by": "merchant_id", "agg": "count", "window": "1m"}
    content = dict(ruleset_content(release.stack.profile.rules))
    content |= {"version": "more", "features": {**content["features"], "merchant_1m": feature}}
    place = str(mounted.GIVEN / "more.json")
    answer = ruled(release, ALICE, "apply", place, files={"more.json": json.dumps(content)})
    assert (answer["exit_code"], answer["error"]["code"]) == (2, "no_hop")


@pytest.fixture
def next_image() -> Iterator[str]:
    """Ours, with another kernel."""
    maker = f"{NAME}-next-image"
    docker("run", "--name", maker, "--user", "0", "--entrypoint", "python", OUR_IMAGE, "-c", NEXT_KERNEL)
    try:
        docker(
            "commit", "--change", "USER 10001:10001", "--change", 'ENTRYPOINT ["fraudctl"]', maker, NEXT_IMAGE
        )
        yield NEXT_IMAGE
    finally:
        docker("rm", "--force", maker)


@contextmanager
def simulated(release: Release, seed: int) -> Iterator[dict[str, Any]]:
    """Traffic from a second pod of tools, which goes on while the block is executed; what came of it."""
    answer: dict[str, Any] = {}
    failed: list[subprocess.CompletedProcess[str]] = []

    def simulate() -> None:
        done = release.pods.run(TRAFFIC, "fraudctl", *simulating(seed), "--json", wait_s=550.0)
        if done.returncode:
            failed.append(done)
        answer.update(json.loads(done.stdout)["data"] or {})

    objects = release.objects
    release.pods.start(TRAFFIC, release.pods.specs[TOOLBOX], objects)
    release.await_ready(TRAFFIC)
    before, thread = appended(release), threading.Thread(target=simulate)
    thread.start()
    try:
        await_that(lambda: appended(release) > before + 2 * RATE, "events come in")
        yield answer
    finally:
        thread.join()
        release.pods.end(TRAFFIC)
    assert failed == []


TRAFFIC = f"{NAME}-traffic"


def simulating(seed: int) -> list[str]:
    told = ("--rate", str(RATE), "--duration", f"{SECONDS}s", "--seed", str(seed), "--patience", "300s")
    return ["simulate", "--attack", "ip-burst", *told]


def topics_of_replays(release: Release) -> list[str]:
    return [name for name in admin.names(release.stack.kafka) if ".replay-" in name]


def compared(release: Release, ruleset: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What a replay finds beside the live decisions, of the shipped rule set or the given one."""
    given = [] if ruleset is None else [ruleset]
    name = "default" if ruleset is None else content_hash(ruleset)
    with release.replaying("--rules", name, "--diff", "live", rule_sets=given) as job:
        code, said = release.pods.result(job), release.pods.log(job)
    assert code == 0, said
    data: dict[str, Any] = json.loads(said)["data"]
    return data


def appended(release: Release) -> int:
    stack = release.stack
    return sum(admin.end_offsets(stack.kafka, stack.profile.topics.transactions).values())


def assert_as_the_reference(release: Release) -> None:
    """Each event of the whole log has the one decision that the executable specification makes."""
    stack = release.stack
    setup = Setup(
        stack, ruleset_content(stack.profile.rules), settings=plan_settings(stack.profile), token="risk"
    )
    expected, _ = by_reference(setup, recorded(setup))
    found = {place: set(values) for place, values in by_place(decided(setup)).items()}
    assert_same(found, {place: {value} for place, value in expected.items()})


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
