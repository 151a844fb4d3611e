"""Asks AWS: one client for each service, and every refusal as an error of ours with what to do about it.

Credentials, region and endpoints are found as AWS' own tools find them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoRegionError, ProfileNotFound

from fraudctl.errors import Failed
from pipeline.connections import aws
from pipeline.connections.trouble import Trouble

_MENDS: Final = {
    Trouble.PASSWORD: "log in: aws configure, or aws sso login",
    Trouble.PERMISSION: "whoever deploys needs more rights: see docs/aws.md",
}

_OF_CONSOLE: Final = "see what CloudFormation's console says of it"


class Refused(Failed):
    """AWS did not do what it was asked for; `reason` is its own code for why."""

    code = "aws_refused"

    def __init__(self, message: str, reason: str, hint: str) -> None:
        super().__init__(message, hint=hint, code=self.code)
        self.reason = reason


@dataclass
class Account:
    """Where a deployment is: what all of it is called, and in which region (None: as AWS' tools find it)."""

    name: str
    region: str | None = None
    region_by: str = "--region eu-central-1"
    """how whoever asks for it says the region"""
    _clients: dict[str, Any] = field(default_factory=dict, repr=False)

    def client(self, service: str) -> Any:
        """That service's client, made when it is first asked for. Raises Failed."""
        if service not in self._clients:
            made = self.called(lambda: aws.client(service, Config(), region_name=self.region), service)
            self._clients[service] = made
        return self._clients[service]

    @property
    def where(self) -> str:
        """The region it is in. Raises Refused where nothing says."""
        return self.region or str(self.client("sts").meta.region_name)

    def ask(self, service: str, operation: str, /, **arguments: Any) -> Any:
        """The answer of one operation. Raises Refused."""
        act = getattr(self.client(service), operation)
        return self.called(lambda: act(**arguments), f"{service} {operation}")

    def called(self, act: Callable[[], Any], what: str) -> Any:
        """What it gives. Raises Refused, in which `what` is named."""
        try:
            return act()
        except ClientError as error:
            said = error.response.get("Error", {})
            reason, text = str(said.get("Code", "")), str(said.get("Message", error))
            raise Refused(f"{what}: {text}", reason, self._mend(error)) from error
        except (BotoCoreError, OSError, ValueError) as error:
            raise Refused(f"{what}: {error}", "", self._mend(error)) from error

    def _mend(self, error: BaseException) -> str:
        if isinstance(error, NoRegionError):
            return f"name one: {self.region_by}, or AWS_REGION"
        if isinstance(error, ProfileNotFound):
            return "see which there are: aws configure list-profiles"
        trouble = aws.trouble_of(error)
        return _MENDS.get(trouble, "see the message") if trouble else _OF_CONSOLE
