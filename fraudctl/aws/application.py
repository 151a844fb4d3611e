"""The job on AWS: how the application is, starting and stopping it, and its snapshots.

A snapshot is what Flink calls a savepoint. The service takes one at each stop and each update.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from fraudctl.aws import begun
from fraudctl.aws.account import Account, Refused
from fraudctl.aws.documents import Answer
from fraudctl.errors import Failed, UsageError
from fraudctl.waiting import until
from pipeline.records import clock

SERVICE: Final = "kinesisanalyticsv2"
LATEST, NONE = "latest", "none"
_RESTORES: Final = {LATEST: "RESTORE_FROM_LATEST_SNAPSHOT", NONE: "SKIP_RESTORE_FROM_SNAPSHOT"}
_RUNS: Final = "RUNNING"
_STOPS: Final = "STOPPING"
_COMES_UP: Final = (_RUNS, "STARTING", "UPDATING", "AUTOSCALING")
_EVERY_S: Final = 2.0
_ENDED_UNWELL: Final = ("READY", "DELETING")
_NOT_NOW: Final = ("ResourceInUseException", "ConcurrentModificationException", "InvalidRequestException")
"""why a deletion may be refused that will be taken later"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One snapshot, when it was taken (epoch milliseconds), and whether it is complete."""

    name: str
    taken_ms: int
    is_ready: bool


@dataclass(frozen=True, slots=True)
class JobState:
    """How the application is, in the service's words (`READY` is stopped), and its version's number."""

    status: str
    version: int
    snapshots: tuple[Snapshot, ...]

    @property
    def runs(self) -> bool:
        return self.status == _RUNS

    @property
    def comes_up(self) -> bool:
        """Whether it runs, or the service is about to have it run."""
        return self.status in _COMES_UP

    @property
    def is_going_down(self) -> bool:
        return self.status == _STOPS


def state(account: Account) -> JobState:
    """Of the application, newest snapshots first. Raises Refused."""
    found = account.ask(SERVICE, "describe_application", ApplicationName=account.name)["ApplicationDetail"]
    return JobState(found["ApplicationStatus"], int(found["ApplicationVersionId"]), _snapshots(account))


def status(account: Account) -> str:
    """Of the application alone, in the service's words. Raises Refused."""
    found = account.ask(SERVICE, "describe_application", ApplicationName=account.name)
    return str(found["ApplicationDetail"]["ApplicationStatus"])


def start(account: Account, restore: str, wait_s: float) -> None:
    """Start it from `latest`, `none` or a snapshot of that name, and wait until it runs.

    Raises UsageError where it runs already or there is no such snapshot, Failed where it does not run.
    """
    if status(account) == _RUNS:
        raise UsageError("the job is already running", hint="stop it: fraudctl aws stop")
    how: dict[str, str] = {"ApplicationRestoreType": _RESTORES.get(restore, "RESTORE_FROM_CUSTOM_SNAPSHOT")}
    if restore not in _RESTORES:
        named = {one.name for one in _snapshots(account) if one.is_ready}
        if restore not in named:
            known = ", ".join(sorted(named)) or "none"
            raise UsageError(f"there is no snapshot {restore!r}", hint=f"there are: {known}")
        how["SnapshotName"] = restore
    run = {"ApplicationRestoreConfiguration": how}
    account.ask(SERVICE, "start_application", ApplicationName=account.name, RunConfiguration=run)
    await_running(account, wait_s)


def await_running(account: Account, wait_s: float) -> None:
    """Returns when it runs. Raises Failed where it ends instead, or does not in time."""
    _await(account, _RUNS, wait_s, unless=_ENDED_UNWELL)


def stop(account: Account, wait_s: float, with_snapshot: bool = True) -> str | None:
    """Stop it and wait; the name of the newest snapshot, which the service takes unless told otherwise.

    Without one, what was decided since the newest snapshot is decided again at the next start.
    """
    before = status(account)
    if before not in (_RUNS, _STOPS):
        raise UsageError("the job does not run", hint="see: fraudctl aws status")
    if before == _RUNS:
        with begun.goes_on(account):
            account.ask(SERVICE, "stop_application", ApplicationName=account.name, Force=not with_snapshot)
    return await_stopped(account, wait_s)


def await_stopped(account: Account, wait_s: float) -> str | None:
    """Returns when one that stops is stopped; the name of the newest snapshot. Raises Failed."""
    with begun.goes_on(account):
        _await(account, "READY", wait_s)
    taken = [one.name for one in state(account).snapshots if one.is_ready]
    return taken[0] if taken else None


def snapshot(account: Account, wait_s: float) -> str:
    """Take a snapshot while the job goes on, and wait until it is complete; its name."""
    name = f"fraudctl-{clock.now_ms()}"
    account.ask(SERVICE, "create_application_snapshot", ApplicationName=account.name, SnapshotName=name)

    def taken() -> bool:
        found = [one for one in _snapshots(account) if one.name == name]
        return bool(found) and found[0].is_ready

    with begun.goes_on(account):
        until(taken, wait_s, lambda: _slow(f"snapshot {name} is not complete", wait_s), _EVERY_S)
    return name


def delete(account: Account, wait_s: float) -> bool:
    """Delete it, whether it runs or not; False where there is none. Raises Failed where it stays.

    Its snapshots go with it. Returns when the service has begun: how long it takes is its own affair.
    """
    was_there = _described(account) is not None

    def goes() -> bool:
        found = _described(account)
        return found is None or found["ApplicationStatus"] == "DELETING" or _is_taken(account, found)

    until(goes, wait_s, lambda: _slow(f"the application {account.name} is not deleted", wait_s), _EVERY_S)
    return was_there


def _described(account: Account) -> Answer | None:
    """None where there is none of that name."""
    try:
        found: Answer = account.ask(SERVICE, "describe_application", ApplicationName=account.name)[
            "ApplicationDetail"
        ]
        return found
    except Refused as error:
        if error.reason == "ResourceNotFoundException":
            return None
        raise


def _is_taken(account: Account, found: Answer) -> bool:
    """Ask for its deletion; where that has to wait, for its end."""
    named, made = {"ApplicationName": account.name}, found["CreateTimestamp"]
    try:
        account.ask(SERVICE, "delete_application", **named, CreateTimestamp=made)
        return True
    except Refused as error:
        if error.reason not in _NOT_NOW:
            raise
    with suppress(Refused):
        account.ask(SERVICE, "stop_application", **named, Force=True)
    return False


def _snapshots(account: Account) -> tuple[Snapshot, ...]:
    answer = account.ask(SERVICE, "list_application_snapshots", ApplicationName=account.name)
    found = [
        Snapshot(
            one["SnapshotName"],
            int(one["SnapshotCreationTimestamp"].timestamp() * 1_000),
            one["SnapshotStatus"] == "READY",
        )
        for one in answer["SnapshotSummaries"]
    ]
    return tuple(sorted(found, key=lambda one: one.taken_ms, reverse=True))


def _await(account: Account, wanted: str, wait_s: float, unless: tuple[str, ...] = ()) -> None:
    began = False

    def there() -> bool:
        nonlocal began
        seen = status(account)
        began = began or seen.endswith("ING")
        if began and seen in unless:
            raise Failed(
                f"the job did not start: the application is {seen} again",
                hint="see: fraudctl aws logs job",
                code="job_failed",
            )
        return seen == wanted

    until(there, wait_s, lambda: _slow(f"the application is not {wanted}", wait_s), _EVERY_S)


def _slow(what: str, wait_s: float) -> Failed:
    return Failed(f"{what} after {wait_s:.0f} s", hint="see: fraudctl aws logs job", code="slow_job")
