"""A whole stack on AWS: its three templates in their order, the packages they need, and how all of it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from fraudctl.aws import (
    alerts,
    application,
    begun,
    cloudformation,
    first,
    package,
    programs,
    run_numbers,
    setup,
    template,
)
from fraudctl.aws.account import Account
from fraudctl.aws.cloudformation import Change, Template
from fraudctl.console.progress import Progress
from fraudctl.errors import UsageError

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

NETWORK, DATA, PIPELINE = "network", "data", "pipeline"
LAYERS: Final = (NETWORK, DATA, PIPELINE)
_OF_THE_NETWORK: Final = ("Subnets", "KafkaGroup", "PostgresGroup", "RedisGroup")
_OF_DATA: Final = ("PostgresAddress", "PostgresSecret", "RedisAddress", "RedisSecret", "TrainingBucket")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a deployment is asked for: the profile, and what no template can know."""

    profile: Profile
    image: str
    tell_whom: str
    notify_secret: str | None = None
    budget_usd: int = 2_000
    hops: tuple[str, ...] = ()
    """keys by which the job has steps beside those of the profile's rule set"""

    def check(self) -> None:
        """UsageError where the profile tells people and no secret is named."""
        if alerts.notifies(self.profile) and not self.notify_secret:
            names = ", ".join(alerts.secret_variables(self.profile))
            raise UsageError(
                "the profile tells people of alerts, and no secret for its channels is named",
                hint=f"make one in Secrets Manager with the members {names}; name it: --notify-secret ARN",
            )


@dataclass(frozen=True, slots=True)
class Overview:
    """How a deployment is: each template's stack, the job, the programs' tasks (wanted, running)."""

    stacks: Mapping[str, str | None]
    job: application.JobState | None
    programs: Mapping[str, tuple[int, int]]
    alarms: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        return (
            all(map(is_whole, self.stacks.values()))
            and self.job is not None
            and self.job.runs
            and all(running >= wanted for wanted, running in self.programs.values())
            and not self.alarms
        )


def is_whole(state: str | None) -> bool:
    """Whether a stack in that state is as it was last wanted; one that was rolled back is not."""
    return state is not None and state.endswith("_COMPLETE") and "ROLLBACK" not in state


def stack_name(account: Account, layer: str) -> str:
    """What CloudFormation calls that layer's stack."""
    return f"{account.name}-{layer}"


def plan(account: Account, wanted: Wanted, wait_s: float, shown: Progress | None = None) -> list[Change]:
    """What `deploy` would change, as far as it can be known: layers on those that are not there yet cannot.

    Needs no right but to make and delete change sets.
    """
    wanted.check()
    changes = cloudformation.plan(account, stack_name(account, NETWORK), _network(account), wait_s, shown)
    if cloudformation.status(account, stack_name(account, NETWORK)) is not None:
        changes += cloudformation.plan(account, stack_name(account, DATA), _data(account), wait_s, shown)
    if cloudformation.status(account, stack_name(account, PIPELINE)) is not None:
        with TemporaryDirectory() as folder:
            made = _pipeline(account, wanted, Path(folder))
            changes += cloudformation.plan(account, stack_name(account, PIPELINE), made, wait_s, shown)
    return changes


def deploy(account: Account, wanted: Wanted, wait_s: float, shown: Progress) -> dict[str, bool]:
    """Make or update every layer, set topics and rules up, and start the job where it does not run.

    A job that runs is updated by the service itself: with a snapshot, and back again where the new one does
    not run. Says which layers changed. Raises Failed.
    """
    wanted.check()
    record = first.signed(wanted.profile)
    with begun.goes_on(account):
        return _deployed(account, wanted, record, wait_s, shown)


def _deployed(
    account: Account, wanted: Wanted, record: bytes, wait_s: float, shown: Progress
) -> dict[str, bool]:
    changed = {}
    for layer, described in ((NETWORK, _network), (DATA, _data)):
        stack = stack_name(account, layer)
        changed[layer] = cloudformation.apply(account, stack, described(account), wait_s, shown)
    is_first = cloudformation.status(account, stack_name(account, PIPELINE)) is None
    with TemporaryDirectory() as folder:
        stack = stack_name(account, PIPELINE)
        made = _pipeline(account, wanted, Path(folder))
        changed[PIPELINE] = cloudformation.apply(account, stack, made, wait_s, shown)
    run_numbers.note(account, made.parameters["CodeBucket"], int(made.parameters["Run"]))
    _set_up(account, record)
    _scale(account, wanted.profile, 1)
    now = application.state(account)
    if not now.runs and is_first:
        application.start(account, application.NONE, wait_s)
    elif not now.runs:
        _submit(account, application.LATEST if now.snapshots else application.NONE, wait_s, shown)
    return changed


def submit(account: Account, restore: str, wait_s: float, shown: Progress) -> None:
    """Start the job from `latest`, `none` or a snapshot; without state it is a new run, numbered as such.

    Raises what `application.start` does.
    """
    with begun.goes_on(account):
        _submit(account, restore, wait_s, shown)


def _submit(account: Account, restore: str, wait_s: float, shown: Progress) -> None:
    if restore == application.NONE:
        if application.state(account).runs:
            raise UsageError("the job is already running", hint="stop it: fraudctl aws stop")
        run = str(next_run(account))
        cloudformation.tell(account, stack_name(account, PIPELINE), "Run", run, wait_s, shown)
    application.start(account, restore, wait_s)


def next_run(account: Account) -> int:
    """Takes the number of a new run, above those of the job's and of published replays. As `run_numbers`."""
    told = cloudformation.parameters(account, stack_name(account, PIPELINE))
    return run_numbers.take(account, told["CodeBucket"], int(told["Run"]))


def layers(account: Account) -> dict[str, str | None]:
    """The state of each layer's stack, None where it is not there. Raises Refused."""
    return {layer: cloudformation.status(account, stack_name(account, layer)) for layer in LAYERS}


def overview(account: Account, profile: Profile) -> Overview:
    """How everything is, asked now. Raises Refused."""
    stacks = layers(account)
    if stacks[PIPELINE] is None:
        return Overview(stacks, None, {}, ())
    names = programs.names(profile)
    answer = account.ask("ecs", "describe_services", cluster=account.name, services=names)
    tasks = {one["serviceName"]: (one["desiredCount"], one["runningCount"]) for one in answer["services"]}
    asked = {"AlarmNamePrefix": f"{account.name}-", "StateValue": "ALARM"}
    alarms = account.ask("cloudwatch", "describe_alarms", **asked)["MetricAlarms"]
    fired = tuple(sorted(one["AlarmName"] for one in alarms))
    return Overview(stacks, application.state(account), tasks, fired)


def down(account: Account, profile: Profile, wait_s: float) -> str | None:
    """Stop job and programs; everything else stays and costs. The job's snapshot, None if it did not run."""
    now = application.state(account)
    taken = None
    if now.runs:
        taken = application.stop(account, wait_s)
    elif now.is_going_down:
        taken = application.await_stopped(account, wait_s)
    _scale(account, profile, 0)
    return taken


def delete(account: Account, wait_s: float, shown: Progress) -> list[str]:
    """Delete the pipeline's stack; tables, buckets, brokers and databases stay. The stacks deleted."""
    stack = stack_name(account, PIPELINE)
    with begun.goes_on(account):
        return [stack] if cloudformation.delete(account, stack, wait_s, shown) else []


def _scale(account: Account, profile: Profile, tasks: int) -> None:
    for name in programs.names(profile):
        account.ask("ecs", "update_service", cluster=account.name, service=name, desiredCount=tasks)


def _network(account: Account) -> Template:
    return Template(_text(NETWORK), {"Name": account.name})


def _data(account: Account) -> Template:
    known = cloudformation.outputs(account, stack_name(account, NETWORK))
    given = {name: known[name] for name in _OF_THE_NETWORK}
    return Template(_text(DATA), {"Name": account.name, **given})


def _text(layer: str) -> str:
    return (template.folder() / f"{layer}.yaml").read_text(encoding="utf-8")


def _pipeline(account: Account, wanted: Wanted, folder: Path) -> Template:
    """The template and its packages, both put into the bucket of code under names made of their hashes."""
    network = cloudformation.outputs(account, stack_name(account, NETWORK))
    data = cloudformation.outputs(account, stack_name(account, DATA))
    bucket, text = data["CodeBucket"], template.text(wanted.profile)
    job = package.of_profile(wanted.profile, folder / "job.zip", wanted.hops)
    brokers = account.ask("kafka", "get_bootstrap_brokers", ClusterArn=data["ClusterArn"])
    cluster = data["ClusterArn"].split(":cluster/")[1]
    told = {
        "Name": account.name,
        "Subnets": network["Subnets"],
        "ProgramsGroup": network["ProgramsGroup"],
        "ClusterArn": data["ClusterArn"],
        "ClusterName": cluster.split("/")[0],
        "ClusterPath": cluster,
        "Bootstrap": brokers["BootstrapBrokerStringSaslIam"],
        "CodeBucket": bucket,
        "CodeKey": _put(account, bucket, job, "job"),
        "Run": _run(account, bucket),
        "Parallelism": str(wanted.profile.pipeline.parallelism),
        "Image": wanted.image,
        "TellWhom": wanted.tell_whom,
        "BudgetUsd": str(wanted.budget_usd),
        **{name: data[name] for name in _OF_DATA},
    }
    if alerts.notifies(wanted.profile):
        function = package.function(folder / "notify.zip")
        told |= {"FunctionKey": _put(account, bucket, function, "notify")}
        told |= {"NotifySecret": wanted.notify_secret or ""}
    asked = template.parameters(wanted.profile)
    key = f"templates/{job.sha256[:16]}.yaml"
    account.ask("s3", "put_object", Bucket=bucket, Key=key, Body=text.encode())
    endpoint = account.client("s3").meta.endpoint_url
    return Template(
        text, {name: one for name, one in told.items() if name in asked}, f"{endpoint}/{bucket}/{key}"
    )


def _run(account: Account, bucket: str) -> str:
    """That of the stack that is there; the first of a new one is above those of one that was deleted."""
    there = cloudformation.parameter(account, stack_name(account, PIPELINE), "Run")
    return there or str(run_numbers.take(account, bucket, 0))


def _put(account: Account, bucket: str, made: package.Package, name: str) -> str:
    key = f"{name}-{made.sha256[:16]}.zip"
    account.ask("s3", "put_object", Bucket=bucket, Key=key, Body=made.path.read_bytes())
    return key


def _set_up(account: Account, record: bytes) -> None:
    """Have topics and the first activation made, by a task that stands in the cluster's own network."""
    bucket = cloudformation.outputs(account, stack_name(account, DATA))["CodeBucket"]
    account.ask("s3", "put_object", Bucket=bucket, Key=first.KEY, Body=record)
    known = cloudformation.outputs(account, stack_name(account, PIPELINE))
    network = cloudformation.outputs(account, stack_name(account, NETWORK))
    setup.run(account, known["SetupTask"], network["Subnets"].split(","), network["ProgramsGroup"])
