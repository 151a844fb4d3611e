"""The task that makes topics and puts the first activation there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fraudctl.errors import Failed

if TYPE_CHECKING:
    from fraudctl.aws.account import Account


def run(account: Account, definition: str, subnets: Sequence[str], group: str) -> None:
    """Run it by that definition in the subnets and the group of the programs, and wait for its good end.

    Raises Failed where it cannot start or ends otherwise, and Refused.
    """
    places = {"subnets": subnets, "securityGroups": [group]}
    started = account.ask(
        "ecs",
        "run_task",
        cluster=account.name,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": {**places, "assignPublicIp": "DISABLED"}},
    )
    if started.get("failures"):
        raise Failed(
            f"the task setup cannot start: {started['failures'][0].get('reason')}",
            hint="see the cluster's events in the console of ECS, then try again",
            code="setup",
        )
    [task] = started["tasks"]
    waiter = account.client("ecs").get_waiter("tasks_stopped")
    account.called(lambda: waiter.wait(cluster=account.name, tasks=[task["taskArn"]]), "ecs tasks_stopped")
    answer = account.ask("ecs", "describe_tasks", cluster=account.name, tasks=[task["taskArn"]])
    [ended] = answer["tasks"][0]["containers"]
    if ended.get("exitCode") != 0:
        raise Failed(
            f"the task setup failed: {ended.get('reason') or ended.get('exitCode')}",
            hint="see: fraudctl aws logs setup",
            code="setup",
        )
