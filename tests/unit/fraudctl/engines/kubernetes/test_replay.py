"""A replay beside the live job: the Flink it is given, its Job, and that nothing is left of either."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from fraudctl.engines.kubernetes import mounted, replay
from fraudctl.engines.kubernetes.cluster import ANSWER_S
from fraudctl.errors import Failed
from fraudctl.home import rulesets
from tests.chart import EXAMPLES, example, one, problems, render
from tests.unit.fraudctl.engines.kubernetes.answering import Answering

CONTENT = rulesets.read(rulesets.locate("default")).content
ASKED = ("replay", "--rules", "0a1b2c3d", "--diff", "live")


class Replaying(Answering):
    """It takes notes at a FlinkDeployment, too."""

    def __init__(self, state: dict[str, Any], refused: str = "") -> None:
        super().__init__(state, refused)
        self.notes: dict[str, str] = {}
        self.noted = False

    def patch(self, kind: str, name: str, change: Mapping[str, Any]) -> None:
        assert (kind, name) == ("flinkdeployments.flink.apache.org", "fraud")
        for note, text in change["metadata"]["annotations"].items():
            if text is None:
                del self.notes[note]
            else:
                self.notes[note] = text
        self.noted = self.noted or bool(self.notes)

    def run(self, needs_flink: bool = True) -> Any:
        return replay.run(self, render(example("eks")), ASKED, [CONTENT], 0.1, needs_flink, look_s=0.01)


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_flink_is_a_session_cluster_that_the_operator_takes(name: str) -> None:
    objects = render(example(name), "a-release-whose-name-is-as-long-as-may-be")
    made = replay.flink_of(objects, "0a1b")
    assert problems(made) == []
    [live] = [it for it in objects if it["kind"] == "FlinkDeployment"]
    assert made["metadata"]["name"].endswith("-replay-0a1b")
    assert len(made["metadata"]["name"]) <= 45
    assert "job" not in made["spec"]
    assert made["spec"]["jobManager"]["replicas"] == 1
    told, before = made["spec"]["flinkConfiguration"], live["spec"]["flinkConfiguration"]
    assert {key for key in before if key not in told} == {
        key for key in before if key.startswith(("high-availability.", "kubernetes.operator."))
    }
    assert {key for key in told if told[key] != before[key]} == {replay.CHECKPOINTS}
    assert told[replay.CHECKPOINTS] == f"{before[replay.CHECKPOINTS]}/replays"


def test_its_job_reaches_that_flink_and_kafka_and_is_given_no_secret_of_a_store_or_key() -> None:
    objects = render(example("eks"))
    job = replay.job_of(objects, "fraud-replay-0a1b", ASKED, "0a1b", 3_600.0)
    assert problems(job) == []
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["command"][-6:] == ["fraud-replay-0a1b", *ASKED]
    assert job["spec"]["activeDeadlineSeconds"] == 3_600
    volumes = {it["name"] for it in job["spec"]["template"]["spec"]["volumes"]}
    assert volumes == {it["name"] for it in container["volumeMounts"]}
    assert volumes == {"profile", "home", "tmp", "secret-kafka", "rule-sets"}


def test_policies_let_the_replay_ask_its_flink_and_nobody_of_it_the_live_one() -> None:
    objects = render(example("eks"))
    job = replay.job_of(objects, "fraud-replay-0a1b", ASKED, "0a1b", 3_600.0)
    flink = replay.flink_of(objects, "0a1b")["spec"]["podTemplate"]["metadata"]["labels"]
    asking = job["spec"]["template"]["metadata"]["labels"]
    its, live = (one(objects, "NetworkPolicy", f"fraud-{name}")["spec"] for name in ("replay-flink", "flink"))
    assert its["podSelector"]["matchLabels"].items() <= flink.items()
    assert not live["podSelector"]["matchLabels"].items() <= flink.items()
    askers = [it["podSelector"]["matchLabels"] for way in its["ingress"] for it in way["from"]]
    assert any(it.items() <= asking.items() for it in askers)
    askers = [it["podSelector"]["matchLabels"] for way in live["ingress"] for it in way["from"]]
    assert not any(it.items() <= labels.items() for it in askers for labels in (asking, flink))
    for budget in (it for it in objects if it["kind"] == "PodDisruptionBudget"):
        assert (
            not budget["spec"]["selector"]["matchLabels"].items()
            <= (flink | {"component": "taskmanager"}).items()
        )


def test_what_it_said_is_the_answer_and_all_that_it_was_given_goes_with_its_job() -> None:
    cluster = Replaying({"terminated": {"exitCode": 5}})
    ended = cluster.run()
    assert (ended.exit_code, ended.output) == (5, "what it said\n")
    job, rule_sets, flink = cluster.made
    assert [it["kind"] for it in cluster.made] == ["Job", "ConfigMap", "FlinkDeployment"]
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": "uid-0"}
    assert rule_sets["metadata"]["ownerReferences"] == flink["metadata"]["ownerReferences"] == [owner]
    assert [json.loads(text) for text in rule_sets["data"].values()] == [CONTENT]
    names = [it["metadata"]["name"] for it in (job, flink, rule_sets)]
    assert [word.partition("/")[2] for word in cluster.deleted] == names
    assert (cluster.noted, cluster.notes) == (True, {})


def test_one_that_hands_no_job_to_any_flink_is_given_none() -> None:
    cluster = Replaying({"terminated": {"exitCode": 0}})
    cluster.run(needs_flink=False)
    assert [it["kind"] for it in cluster.made] == ["Job", "ConfigMap"]
    [container] = cluster.made[0]["spec"]["template"]["spec"]["containers"]
    assert container["command"][-6:] == [mounted.NO_FLINK, *ASKED]
    assert not cluster.noted


@pytest.mark.parametrize(
    ("state", "refused", "said"),
    [
        ({"waiting": {"reason": "ErrImagePull"}}, "", "cannot start: ErrImagePull"),
        ({"running": {}}, "", "has not ended after 0 s"),
        ({}, "FlinkDeployment", "refused: FlinkDeployment"),
    ],
)
def test_one_that_does_not_come_to_its_end_is_said_and_nothing_is_left(
    state: dict[str, Any], refused: str, said: str
) -> None:
    cluster = Replaying(state, refused)
    with pytest.raises(Failed, match=said):
        cluster.run()
    assert {word.partition("/")[0] for word in cluster.deleted} == {
        "job",
        "flinkdeployments.flink.apache.org",
        "configmap",
    }
    assert (cluster.noted, cluster.notes) == (True, {})


def test_one_that_was_killed_stays_noted_until_somebody_cleans_up() -> None:
    cluster = Replaying({"terminated": {"exitCode": 137}})
    with pytest.raises(Failed, match="the command was killed"):
        cluster.run()
    name = cluster.made[0]["metadata"]["name"]
    assert list(cluster.notes.values()) == [name]
    assert name in "".join(cluster.deleted)


class Interrupting(Replaying):
    """One whose answer to the first `create` never comes: it has made the Job, and a Ctrl-C comes instead."""

    def ask(self, argv: Sequence[str], text: str | None = None, wait_s: float = ANSWER_S) -> str:
        said = super().ask(argv, text, wait_s)
        if argv[0] == "create":
            raise KeyboardInterrupt
        return said


def test_an_interrupt_while_its_job_is_made_does_not_leave_the_job() -> None:
    cluster = Interrupting({"running": {}})
    with pytest.raises(KeyboardInterrupt):
        cluster.run()
    [job] = cluster.made
    assert f"job/{job['metadata']['name']}" in cluster.deleted
    assert cluster.notes == {}


def test_replays_are_under_way_while_their_jobs_have_not_ended() -> None:
    class Holding(Replaying):
        def get(self, kinds: str, selector: str | None = None) -> list[dict[str, Any]]:
            assert (kinds, str(selector).endswith("app.kubernetes.io/component=replay")) == ("jobs", True)
            ends = [None, "SuccessCriteriaMet", "Complete", "Failed"]
            return [
                {"metadata": {"name": f"replay-{end}"}, "status": {"conditions": conditions}}
                for end in ends
                for conditions in [[{"type": end, "status": "True"}] if end else []]
            ]

    assert replay.under_way(Holding({})) == ["replay-None", "replay-SuccessCriteriaMet"]
