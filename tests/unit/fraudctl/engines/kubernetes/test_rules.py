"""A command about the rules in the cluster: what its pod is given, may reach and knows, and its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fraudctl.engines.kubernetes import given, mounted, near, on_behalf, rules
from fraudctl.errors import Failed, UsageError
from fraudctl.jobs.askers import Asker
from tests.chart import EXAMPLES, example, one, problems, render
from tests.unit.fraudctl.engines.kubernetes.answering import Answering

ASKED = ("rules", "apply", "--json", "0a1b.json")
FILES = {"0a1b.json": "{}"}
ALICE = Asker("alice", "laptop")
REGISTRY = {
    "profile": {"schema_registry": {"url": "https://registry.example.org:8443"}},
    "secrets": {"registry": {"secretName": "risk-registry"}},
}


class Asked(Answering):
    def run(self, files: dict[str, str] | None = None) -> Any:
        given_files = FILES if files is None else files
        return rules.run(self, render(example("eks")), ASKED, given_files, ALICE, 0.1, look_s=0.01)


@pytest.mark.parametrize("name", EXAMPLES)
def test_its_job_is_one_that_kubernetes_takes(name: str) -> None:
    job = rules.job_of(render(example(name)), ASKED, "0a1b2c3d", 360.0)
    assert problems(job) == []
    assert problems(given.files_of(job, FILES)) == []
    assert job["spec"]["activeDeadlineSeconds"] == 360


def test_it_is_given_the_secrets_of_kafka_and_the_key_and_none_of_a_store() -> None:
    job = rules.job_of(render(example("eks", **REGISTRY)), ASKED, "0a1b2c3d", 360.0)
    pod = job["spec"]["template"]["spec"]
    volumes = {it["name"] for it in pod["volumes"]}
    assert volumes == {it["name"] for it in pod["containers"][0]["volumeMounts"]}
    secrets = {"secret-kafka", "secret-registry", "secret-signing"}
    assert volumes == {"profile", "home", "tmp", "given", *secrets}


def test_a_command_that_reaches_every_store_is_given_no_key_and_nothing_to_tell_people_with() -> None:
    notify = {"notify": {"channels": {}}}
    objects = render(example("eks", secrets={"notify": {"secretName": "risk-notify"}}, profile=notify))
    pod = near.job_of(objects, ("verify", "sinks"), "0a1b2c3d")["spec"]["template"]["spec"]
    volumes = {it["name"] for it in pod["volumes"]}
    assert volumes == {it["name"] for it in pod["containers"][0]["volumeMounts"]}
    assert {"secret-signing", "secret-notify"}.isdisjoint(volumes)
    assert {"secret-kafka", "secret-postgres"} <= volumes


def test_it_may_reach_kafka_the_registry_and_the_live_jobs_flink_and_nothing_else() -> None:
    objects = render(example("eks", **REGISTRY))
    labels = rules.job_of(objects, ASKED, "0a1b2c3d", 360.0)["spec"]["template"]["metadata"]["labels"]
    policies = [it["spec"] for it in objects if it["kind"] == "NetworkPolicy"]
    mine = [it for it in policies if it["podSelector"]["matchLabels"].items() <= labels.items()]
    ways = [way for it in mine for way in it.get("egress", ())]
    assert sorted(port["port"] for way in ways for port in way["ports"]) == [53, 53, 8081, 8443, 9096]
    live = one(objects, "NetworkPolicy", "fraud-flink")["spec"]
    askers = [it["podSelector"]["matchLabels"] for way in live["ingress"] for it in way["from"]]
    assert any(it.items() <= labels.items() for it in askers)


def test_what_it_said_is_the_answer_and_files_and_asker_go_with_its_job() -> None:
    cluster = Asked({"terminated": {"exitCode": 5}})
    ended = cluster.run()
    assert (ended.exit_code, ended.output) == (5, "what it said\n")
    job, files = cluster.made
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert container["command"][-5:] == ["rules", *ASKED[:-1], "/etc/fraudctl/given/0a1b.json"]
    assert files["data"] == {**FILES, "asked-by.json": '{"author": "alice", "host": "laptop"}'}
    owner = {"apiVersion": "batch/v1", "kind": "Job", "name": job["metadata"]["name"], "uid": "uid-0"}
    assert files["metadata"]["ownerReferences"] == [owner]
    name = job["metadata"]["name"]
    assert cluster.deleted == [f"job/{name}", f"configmap/{name}"]


@pytest.mark.parametrize(
    ("state", "refused", "said"),
    [
        ({"waiting": {"reason": "ErrImagePull"}}, "", "cannot start: ErrImagePull"),
        ({"running": {}}, "", "has not ended after 0 s"),
        ({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, "", "the command was killed: OOMKilled"),
    ],
)
def test_who_does_not_hear_its_end_is_told_where_to_see_what_it_did(
    state: dict[str, Any], refused: str, said: str
) -> None:
    cluster = Asked(state, refused)
    with pytest.raises(Failed, match=said) as failure:
        cluster.run()
    assert "fraudctl rules history" in failure.value.hint
    assert len(cluster.deleted) == 2


def test_what_cannot_be_made_is_said_and_its_job_is_gone() -> None:
    cluster = Asked({}, "ConfigMap")
    with pytest.raises(Failed, match="refused: ConfigMap"):
        cluster.run()
    assert len(cluster.deleted) == 2


def test_files_beyond_what_a_configmap_holds_are_refused_before_anything_is_made() -> None:
    cluster = Asked({})
    with pytest.raises(UsageError, match="1,000,001 bytes"):
        cluster.run({"large.json": "x" * (rules.MOST_BYTES + 1)})
    assert (cluster.made, cluster.deleted) == ([], [])


def test_an_asker_that_is_not_mounted_is_named(tmp_path: Path) -> None:
    with pytest.raises(mounted.Unmounted, match=r"asked-by\.json cannot be used"):
        on_behalf.asker_of(tmp_path)
