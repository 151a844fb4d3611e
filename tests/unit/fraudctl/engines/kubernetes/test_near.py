"""A command that is run in the cluster: its Job, how it ended, and what becomes of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import yaml

from fraudctl.engines.kubernetes import near
from fraudctl.engines.kubernetes.cluster import ANSWER_S, Cluster, Place
from fraudctl.errors import Failed
from tests.chart import example, one, problems, render

COMMAND = ("verify", "sinks", "--json")


class Answering(Cluster):
    """An API server that has one pod in this state for the Job it was given."""

    def __init__(self, state: dict[str, Any] | None, job: dict[str, Any] | None) -> None:
        super().__init__(Place("risk", "fraud"))
        self.state, self.job, self.asked = state, job, [["get"]]
        self.made: dict[str, Any] = {}

    def get(self, kinds: str, selector: str | None = None) -> list[dict[str, Any]]:
        assert (kinds, selector) == ("pods", f"job-name={self.made['metadata']['name']}")
        return [{"status": {"containerStatuses": [{"state": self.state}]}}] if self.state else []

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        assert (kind, name) == ("job", self.made["metadata"]["name"])
        return None if self.job is None else {"status": self.job}

    def ask(self, argv: Sequence[str], text: str | None = None, wait_s: float = ANSWER_S) -> str:
        self.asked.append(list(argv))
        if argv[0] == "create":
            self.made = yaml.safe_load(text or "")
        return "what it said\n" if argv[0] == "logs" else ""

    def run(self) -> Any:
        return near.run(self, render(example("eks")), COMMAND, 0.1, look_s=0.01)


def test_its_job_is_one_that_kubernetes_takes_and_differs_from_the_setup_in_what_it_does() -> None:
    objects = render(example("eks"))
    job = near.job_of(objects, COMMAND, "0a1b2c3d")
    assert problems(job) == []
    [setup] = [it for it in objects if it["kind"] == "Job"]
    assert job["metadata"]["name"] == "fraud-command-0a1b2c3d"
    before, pod = setup["spec"]["template"]["spec"], job["spec"]["template"]["spec"]
    [container] = pod["containers"]
    assert container["command"][-4:] == ["command", *COMMAND]
    assert {name for name in pod if pod[name] != before.get(name)} == {
        "containers",
        "restartPolicy",
        "volumes",
    }
    assert {name for name in container if container[name] != before["containers"][0][name]} == {
        "command",
        "name",
        "volumeMounts",
    }
    policy = one(objects, "NetworkPolicy", "fraud-command")["spec"]["podSelector"]["matchLabels"]
    assert policy.items() <= job["spec"]["template"]["metadata"]["labels"].items()


def test_its_exit_code_and_its_words_are_the_answer_and_it_is_deleted() -> None:
    cluster = Answering({"terminated": {"exitCode": 5}}, {})
    ended = cluster.run()
    assert (ended.exit_code, ended.output) == (5, "what it said\n")
    assert cluster.asked[-1][:2] == ["delete", "job"]


@pytest.mark.parametrize(
    ("state", "job", "said"),
    [
        ({"waiting": {"reason": "ErrImagePull"}}, {}, "cannot start: ErrImagePull"),
        (None, {"failed": 1}, "the pod of the command went away"),
        (None, {"succeeded": 1}, "the pod of the command is gone, and what it answered"),
        (None, None, "the Job of the command was deleted"),
        ({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}, {}, "the command was killed: OOMKilled"),
        ({"running": {}}, {}, "has not ended after 0 s"),
    ],
)
def test_one_that_does_not_end_is_said_and_deleted(
    state: dict[str, Any] | None, job: dict[str, Any] | None, said: str
) -> None:
    cluster = Answering(state, job)
    with pytest.raises(Failed, match=said):
        cluster.run()
    assert cluster.asked[-1][:2] == ["delete", "job"]
