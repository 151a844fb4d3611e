"""What the AWS engine needs: someone that AWS knows, a region, and where a stack is, an application."""

from __future__ import annotations

from pathlib import Path

from fraudctl.aws import deployment
from fraudctl.aws.account import Account, Refused
from fraudctl.engines.aws import kept
from fraudctl.engines.contract import BROKEN, WARNING, WELL, Check


def examine(home: Path) -> list[Check]:
    """Every check; what needs an answer of AWS only where it knows who asks."""
    values = kept.values(home)
    account = values.account if values else Account("fraudctl", region_by=kept.REGION_BY)
    found = [_who(account)]
    if found[0].state == WELL and values is not None:
        found.append(_layers(account))
    return found


def _who(account: Account) -> Check:
    try:
        told = account.ask("sts", "get_caller_identity")
        return Check("aws", WELL, f"{told['Arn']} in {account.where}")
    except Refused as error:
        return Check("aws", BROKEN, error.message.replace("\n", " "), error.hint)


def _layers(account: Account) -> Check:
    try:
        missing = [layer for layer, state in deployment.layers(account).items() if state is None]
    except Refused as error:
        return Check("stacks", BROKEN, error.message.replace("\n", " "), error.hint)
    if missing:
        said = f"{account.name} has no {', '.join(missing)}"
        return Check("stacks", WARNING, said, "run: fraudctl up")
    return Check("stacks", WELL, f"{account.name} is there")
