"""A stack with which something is under way already, by the answers of CloudFormation's own client."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from botocore.stub import ANY, Stubber

from fraudctl.aws import cloudformation
from fraudctl.aws.account import Account
from fraudctl.aws.cloudformation import Template
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed

WAIT_S = 20.0
SHORT = Template("Resources: {}", {})


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Account:
    monkeypatch.setattr(cloudformation, "_EVERY_S", 0.0)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "double")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "double")
    return Account("risk", "eu-central-1")


@pytest.fixture
def answers(account: Account) -> Iterator[Stubber]:
    with Stubber(account.client("cloudformation")) as stubber:
        yield stubber
        stubber.assert_no_pending_responses()


def say(answers: Stubber, *states: str) -> None:
    for state in states:
        stack = {"StackName": "risk-data", "CreationTime": datetime.now(UTC), "StackStatus": state}
        answers.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "risk-data"})


class Told(Progress):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def update(self, done: float, note: str = "") -> None:
        self.notes.append(note)


def test_what_is_under_way_is_waited_for_before_the_stack_is_changed(
    account: Account, answers: Stubber
) -> None:
    say(answers, "CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE", "CREATE_COMPLETE")
    changed = {"StackName": "risk-data", "TemplateBody": ANY, "Parameters": [], "Capabilities": ANY}
    answers.add_response("update_stack", {"StackId": "1"}, changed)
    say(answers, "UPDATE_COMPLETE")
    shown = Told()
    assert cloudformation.apply(account, "risk-data", SHORT, WAIT_S, shown)
    assert shown.notes[0] == "risk-data is CREATE_IN_PROGRESS"


def test_a_plan_waits_for_it_as_well_and_no_longer_than_asked(account: Account, answers: Stubber) -> None:
    say(answers, "UPDATE_ROLLBACK_IN_PROGRESS")
    with pytest.raises(Failed, match="stack risk-data is not done after 0 s") as failure:
        cloudformation.plan(account, "risk-data", SHORT, 0.0)
    assert "it goes on" in failure.value.hint
