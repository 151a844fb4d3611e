"""One stack of CloudFormation: what an update would change, the update itself, what came of it, its end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from fraudctl.aws.account import Account, Refused
from fraudctl.console.progress import Progress
from fraudctl.errors import Failed
from fraudctl.waiting import until

CAPABILITIES: Final = ["CAPABILITY_IAM"]
_EVERY_S: Final = 2.0
_BODY_BYTES: Final = 51_200
"""the most that CloudFormation takes without a bucket"""
_NOTHING: Final = ("didn't contain changes", "No updates are to be performed", "no changes")
_ENDED: Final = ("COMPLETE", "FAILED")


@dataclass(frozen=True, slots=True)
class Change:
    """What would happen to one resource: `Add`, `Modify` or `Remove`; whether it would be made anew."""

    stack: str
    action: str
    resource: str
    kind: str
    is_replaced: bool

    @property
    def verb(self) -> str:
        """What happens to it in one word."""
        return "replace" if self.is_replaced else self.action.lower()

    @property
    def words_of_kind(self) -> str:
        """Its type for people: `AWS::EC2::VPC` as words, between which a line may break."""
        return self.kind.removeprefix("AWS::").replace("::", " ")


@dataclass(frozen=True, slots=True)
class Template:
    """A template's text and its parameters, and where it lies if it is long."""

    text: str
    parameters: Mapping[str, str]
    url: str | None = None

    def arguments(self) -> dict[str, object]:
        """As CloudFormation wants them. Raises Failed for a long one that lies nowhere."""
        given = [{"ParameterKey": name, "ParameterValue": value} for name, value in self.parameters.items()]
        if self.url is None and len(self.text.encode()) > _BODY_BYTES:
            raise Failed("the template is too long to be handed over as it is", hint="put it into a bucket")
        body = {"TemplateURL": self.url} if self.url else {"TemplateBody": self.text}
        return {**body, "Parameters": given, "Capabilities": CAPABILITIES}


def status(account: Account, stack: str) -> str | None:
    """The stack's state in CloudFormation's words; None where there is none of that name."""
    try:
        found = account.ask("cloudformation", "describe_stacks", StackName=stack)["Stacks"]
    except Refused as error:
        if "does not exist" in error.message:
            return None
        raise
    state = str(found[0]["StackStatus"])
    return None if state in ("REVIEW_IN_PROGRESS", "DELETE_COMPLETE") else state


def outputs(account: Account, stack: str) -> dict[str, str]:
    """What the stack tells of what it has made. Raises Refused where there is none."""
    [found] = account.ask("cloudformation", "describe_stacks", StackName=stack)["Stacks"]
    return {one["OutputKey"]: str(one["OutputValue"]) for one in found.get("Outputs", ())}


def parameter(account: Account, stack: str, name: str) -> str | None:
    """The value a stack has of a parameter; None where there is no such stack or parameter."""
    return parameters(account, stack).get(name)


def parameters(account: Account, stack: str) -> dict[str, str]:
    """What a stack was told; nothing where there is none."""
    if status(account, stack) is None:
        return {}
    [found] = account.ask("cloudformation", "describe_stacks", StackName=stack)["Stacks"]
    return {one["ParameterKey"]: str(one["ParameterValue"]) for one in found.get("Parameters", ())}


def plan(
    account: Account, stack: str, template: Template, wait_s: float, shown: Progress | None = None
) -> list[Change]:
    """What `apply` would do, by a change set that is made and deleted again. Raises Failed."""
    _settle(account, stack, wait_s, shown or Progress())
    kind = "CREATE" if status(account, stack) is None else "UPDATE"
    name = f"plan-{time.time_ns():x}"
    names = {"StackName": stack, "ChangeSetName": name}
    account.ask("cloudformation", "create_change_set", **names, ChangeSetType=kind, **template.arguments())
    try:
        found = until(lambda: _described(account, names), wait_s, lambda: _slow(stack, wait_s), _EVERY_S)
        return [_change(stack, one["ResourceChange"]) for one in found["Changes"]]
    finally:
        account.ask("cloudformation", "delete_change_set", **names)
        if kind == "CREATE":
            account.ask("cloudformation", "delete_stack", StackName=stack)


def apply(account: Account, stack: str, template: Template, wait_s: float, shown: Progress) -> bool:
    """Make or update the stack and wait until it is done; False where nothing was to be changed.

    What somebody has begun with it before, and perhaps did not wait for, is waited for first. Raises Failed
    with the first resource that could not be made, after CloudFormation has rolled back.
    """
    _settle(account, stack, wait_s, shown)
    act = "create_stack" if status(account, stack) is None else "update_stack"
    try:
        account.ask("cloudformation", act, StackName=stack, **template.arguments())
    except Refused as error:
        if any(text in error.message for text in _NOTHING):
            return False
        raise
    await_done(account, stack, wait_s, shown)
    return True


def tell(account: Account, stack: str, name: str, value: str, wait_s: float, shown: Progress) -> None:
    """Give the stack another value of one parameter, all else as it is, and wait. Raises Failed."""
    [found] = account.ask("cloudformation", "describe_stacks", StackName=stack)["Stacks"]
    given = [
        {"ParameterKey": key, "ParameterValue": value}
        if key == name
        else {"ParameterKey": key, "UsePreviousValue": True}
        for key in (one["ParameterKey"] for one in found["Parameters"])
    ]
    asked = {"UsePreviousTemplate": True, "Parameters": given, "Capabilities": CAPABILITIES}
    account.ask("cloudformation", "update_stack", StackName=stack, **asked)
    await_done(account, stack, wait_s, shown)


def _settle(account: Account, stack: str, wait_s: float, shown: Progress) -> None:
    """Until nothing is under way with it, however that ends. Raises Failed where it takes longer."""

    def at_rest() -> bool:
        state = status(account, stack) or ""
        if not state.endswith("_IN_PROGRESS"):
            return True
        shown.update(0, f"{stack} is {state}")
        return False

    until(at_rest, wait_s, lambda: _slow(stack, wait_s), _EVERY_S)


def await_done(account: Account, stack: str, wait_s: float, shown: Progress) -> None:
    """Returns when what was begun with the stack is done. Raises Failed where it did not go well."""
    state = until(lambda: _ended(account, stack, shown), wait_s, lambda: _slow(stack, wait_s), _EVERY_S)
    if state not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        raise Failed(
            f"stack {stack} is {state}: {_why(account, stack)}",
            hint=f"mend it and try again; a stack that was never made goes with: aws cloudformation "
            f"delete-stack --stack-name {stack}",
            code="stack_failed",
        )


def delete(account: Account, stack: str, wait_s: float, shown: Progress) -> bool:
    """Delete the stack, except what its template retains, and wait; False where there was none."""
    if status(account, stack) is None:
        return False
    account.ask("cloudformation", "delete_stack", StackName=stack)

    def gone() -> bool:
        state = status(account, stack)
        shown.update(0, state or "gone")
        if state == "DELETE_FAILED":
            raise Failed(
                f"stack {stack} cannot be deleted: {_why(account, stack)}",
                hint="delete what holds it, and try again",
                code="stack_failed",
            )
        return state is None

    return until(gone, wait_s, lambda: _slow(stack, wait_s), _EVERY_S)


def _described(
    account: Account, names: Mapping[str, str]
) -> dict[str, list[dict[str, dict[str, str]]]] | None:
    found = account.ask("cloudformation", "describe_change_set", **names)
    if found["Status"] == "FAILED":
        if any(text in found.get("StatusReason", "") for text in _NOTHING):
            return {"Changes": []}
        raise Failed(
            f"{names['StackName']}: {found.get('StatusReason', 'no change set')}",
            hint="see what was asked for: fraudctl aws template",
            code="plan_failed",
        )
    return found if found["Status"] == "CREATE_COMPLETE" else None


def _change(stack: str, change: Mapping[str, str]) -> Change:
    return Change(
        stack,
        change["Action"],
        change["LogicalResourceId"],
        change["ResourceType"],
        change.get("Replacement") in ("True", "Conditional"),
    )


def _ended(account: Account, stack: str, shown: Progress) -> str | None:
    state = status(account, stack) or "gone"
    shown.update(0, state)
    over = state.endswith(_ENDED) and not state.endswith("CLEANUP_IN_PROGRESS")
    return state if over else None


def _why(account: Account, stack: str) -> str:
    """What the first resource said that failed."""
    events = account.ask("cloudformation", "describe_stack_events", StackName=stack)["StackEvents"]
    failed = [one for one in events if one["ResourceStatus"].endswith("FAILED")]
    if not failed:
        return "CloudFormation says no more"
    first = failed[-1]
    return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', first['ResourceStatus'])}"


def _slow(stack: str, wait_s: float) -> Failed:
    return Failed(
        f"stack {stack} is not done after {wait_s:.0f} s",
        hint="it goes on; ask again with: fraudctl aws status",
        code="slow_stack",
    )
