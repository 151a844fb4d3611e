"""A second application beside the live one, for a job that ends: the live package with another job in it.

What it may do, and where it writes its lines, is in the pipeline's template (`fraudctl.aws.replays`). It
costs money until it is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from fraudctl.aws import application, cloudformation, deployment, job, package, replays
from fraudctl.aws.account import Account, Refused
from fraudctl.errors import Failed
from pipeline.scoring.job_config import JobConfig

REPLAY: Final = "replay-"
"""how the names of those of replays begin"""
_ORCHESTRATION: Final = 1
"""the KPU that each application has beside those of its tasks"""


def of(account: Account, name: str) -> Account:
    """Where the application of that name is, of this deployment."""
    return replace(account, name=f"{account.name}-{name}")


def parallelism(account: Account) -> int:
    """That of the live job. Failed where there is none."""
    return int(_told(account)["Parallelism"])


def kpus(subtasks: int) -> int:
    """What an application with so many subtasks is paid for."""
    return subtasks + _ORCHESTRATION


def make(account: Account, name: str, subtasks: int, changed: Callable[[JobConfig], JobConfig]) -> Account:
    """Make it, with what `changed` makes of the live one's job; it does not run yet. Raises Failed."""
    told, its = _told(account), of(account, name)
    bucket, made = told["CodeBucket"], _made(account)
    _copy(account, bucket, told["CodeKey"], _key(its), changed)
    configuration = job.configuration(
        job.Told(
            f"arn:{_partition(made[replays.ROLE])}:s3:::{bucket}",
            _key(its),
            {"bootstrap": told["Bootstrap"], "run": told["Run"]},
            subtasks,
            told["Subnets"].split(","),
            told["ProgramsGroup"],
            is_kept=False,
        )
    )
    its.ask(
        application.SERVICE,
        "create_application",
        ApplicationName=its.name,
        RuntimeEnvironment=job.RUNTIME,
        ServiceExecutionRole=made[replays.ROLE],
        ApplicationConfiguration=configuration,
        CloudWatchLoggingOptions=[{"LogStreamARN": made[replays.LOG]}],
    )
    return its


def drop(account: Account, name: str, wait_s: float) -> bool:
    """Delete it and its package, whether it runs or not; False where there was none. Raises Failed."""
    its = of(account, name)
    was_there = application.delete(its, wait_s)
    if bucket := _told(account).get("CodeBucket"):
        _forget(account, bucket, _key(its))
    return was_there


def there(account: Account) -> list[str]:
    """The names of all that this deployment has now, whoever made them. Raises Refused."""
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = account.ask(application.SERVICE, "list_applications", **token)
        found += [str(one["ApplicationName"]) for one in answer["ApplicationSummaries"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}
    own = f"{account.name}-"
    return sorted(name.removeprefix(own) for name in found if name.startswith(f"{own}{REPLAY}"))


def warnings(account: Account) -> list[str]:
    """A line for each that is there, for whoever takes all for stopped. Raises Refused."""
    return [
        f"{account.name}-{name} is still there and is paid for; delete it: fraudctl replay --clean"
        for name in there(account)
    ]


def _copy(
    account: Account, bucket: str, live_key: str, key: str, changed: Callable[[JobConfig], JobConfig]
) -> None:
    body = account.ask("s3", "get_object", Bucket=bucket, Key=live_key)["Body"]
    with TemporaryDirectory() as folder:
        live, own = Path(folder) / "live.zip", Path(folder) / "own.zip"
        live.write_bytes(account.called(body.read, "s3 get_object"))
        package.with_job(live, changed(package.job_of(live)), own)
        account.ask("s3", "put_object", Bucket=bucket, Key=key, Body=own.read_bytes())


def _forget(account: Account, bucket: str, key: str) -> None:
    """A bucket that is gone has nothing to be deleted."""
    try:
        account.ask("s3", "delete_object", Bucket=bucket, Key=key)
    except Refused as error:
        if error.reason != "NoSuchBucket":
            raise


def _told(account: Account) -> dict[str, str]:
    return cloudformation.parameters(account, deployment.stack_name(account, deployment.PIPELINE))


def _made(account: Account) -> Mapping[str, str]:
    stack = deployment.stack_name(account, deployment.PIPELINE)
    made = cloudformation.outputs(account, stack)
    if missing := {replays.ROLE, replays.LOG} - made.keys():
        raise Failed(
            f"the stack {stack} was made without {', '.join(sorted(missing))}",
            hint="run: fraudctl up, which adds what a replay needs",
            code="old_stack",
        )
    return made


def _partition(arn: str) -> str:
    return arn.split(":")[1]


def _key(its: Account) -> str:
    return f"{replays.FOLDER}/{its.name}.zip"
