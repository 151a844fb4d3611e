"""The programs of a stack on AWS: services of ECS, and how each is."""

from __future__ import annotations

from collections.abc import Sequence

from fraudctl.aws.account import Account
from fraudctl.aws.documents import Answer
from fraudctl.engines.contract import Condition, ProgramState
from fraudctl.errors import Failed, UsageError
from fraudctl.waiting import until

LOOK_S = 2.0


def states(account: Account, names: Sequence[str]) -> dict[str, ProgramState]:
    """How each of these is, asked once; what ECS does not know is left out. Raises Refused."""
    answer = account.ask("ecs", "describe_services", cluster=account.name, services=list(names))
    found = {one["serviceName"]: one for one in answer["services"] if one["status"] == "ACTIVE"}
    return {name: _state(name, found[name]) for name in names if name in found}


def check(account: Account, names: Sequence[str], program: str) -> ProgramState:
    """How a program is. UsageError where there is none of that name."""
    there = states(account, names)
    if program not in there:
        raise UsageError(f"there is no server or program {program!r}", hint=f"there are: {', '.join(there)}")
    return there[program]


def scale(account: Account, program: str, tasks: int) -> None:
    account.ask("ecs", "update_service", cluster=account.name, service=program, desiredCount=tasks)


def stop(account: Account, program: str, wait_s: float) -> None:
    """Wants no task of it, and waits until there is none. Raises Failed."""
    scale(account, program, 0)
    until(
        lambda: states(account, [program])[program].condition is Condition.STOPPED,
        wait_s,
        lambda: Failed(f"{program} has not ended after {wait_s:.0f} s", hint="see: fraudctl status"),
        LOOK_S,
    )


def end_one(account: Account, program: str) -> None:
    """End one task of it, where there is one; ECS starts another."""
    tasks = account.ask("ecs", "list_tasks", cluster=account.name, serviceName=program)["taskArns"]
    for task in tasks[:1]:
        account.ask("ecs", "stop_task", cluster=account.name, task=task, reason="asked for by fraudctl")


def renew(account: Account, program: str) -> None:
    """Have ECS replace its tasks."""
    asked = {"cluster": account.name, "service": program, "forceNewDeployment": True}
    account.ask("ecs", "update_service", **asked)


def _state(name: str, service: Answer) -> ProgramState:
    wanted, running = int(service["desiredCount"]), int(service["runningCount"])
    if wanted == 0:
        return ProgramState(name, Condition.STOPPING if running else Condition.STOPPED)
    newest: Answer = next(iter(service.get("deployments", ())), {})
    started_s = int(newest["createdAt"].timestamp()) if "createdAt" in newest else 0
    if newest.get("rolloutState") == "FAILED":
        reason = newest.get("rolloutStateReason", "ECS gave its deployment up")
        return ProgramState(name, Condition.FAILED, started_s=started_s, reason=reason)
    condition = Condition.RUNNING if running >= wanted else Condition.STARTING
    return ProgramState(name, condition, started_s=started_s)
