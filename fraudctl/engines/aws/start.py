"""One run of `up` on AWS: say what would change, make it, and wait until the job runs.

It may be repeated, and interrupted at any point: what is deployed is the whole wish each time.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.aws import cloudformation, deployment
from fraudctl.aws.account import Account
from fraudctl.aws.cloudformation import Change
from fraudctl.console.progress import progress
from fraudctl.console.streams import say
from fraudctl.engines import beginning
from fraudctl.engines.aws import kept
from fraudctl.engines.aws.kept import Values
from fraudctl.engines.contract import Elsewhere, Wish
from fraudctl.errors import UsageError
from fraudctl.home import folder as homes
from fraudctl.home import stack as stacks
from fraudctl.home.stack import HOPS, Paths, Stack
from fraudctl.jobs.application import steps_of
from fraudctl.jobs.submission import ruleset_content
from fraudctl.settings.profile import ServerSettings
from pipeline.connections.kafka.description import Kafka

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile

NAME: Final = "aws"
_SHOWN: Final = 40


def up(wish: Wish) -> Stack:
    """Bring the wished stack up and give it. Raises BadValues, UsageError, Failed."""
    values, profile = _values(wish), _profile(wish)
    known = values.notify_secret, values.budget_usd, values.hops
    asked = deployment.Wanted(profile, values.image, values.tell, *known)
    asked.check()
    # An account that cannot be asked leaves nothing here that would name it from then on.
    with progress("looking what would change") as shown:
        changes = deployment.plan(values.account, asked, wish.wait_s, shown)
    paths = Paths(wish.home)
    homes.claim(wish.home)
    beginning.make_folders(paths)
    with beginning.only_one(paths):
        kept.keep(wish.home, values)
        homes.close(wish.home)
        stack = Stack(wish.home, profile, {}, extra={"ready": False}, engine=NAME)
        stack.save()
        _say(changes)
        with progress(f"deploying {values.name}") as shown:
            deployment.deploy(values.account, asked, wish.wait_s, shown)
        made = stack_of(stack, values.account, values.hops)
        made.save()
        return made


def stack_of(stack: Stack, account: Account, hops: Sequence[str] = ()) -> Stack:
    """What commands know of it; its Kafka is reached from within its network alone, with rights of IAM."""
    told = cloudformation.parameters(account, deployment.stack_name(account, deployment.PIPELINE))
    kafka = Kafka(
        bootstrap=told["Bootstrap"], security="aws_iam", region=account.where, replication=3, min_insync=2
    )
    servers = {**stack.profile.servers, "kafka": ServerSettings(external=kafka)}
    profile = replace(stack.profile, servers=servers)
    extra = {"ready": True, HOPS: steps_of(ruleset_content(stack.profile.rules), hops)}
    return replace(stack, profile=profile, addresses=addresses(told, account), extra=extra)


def addresses(told: Mapping[str, str], account: Account) -> dict[str, str]:
    """Where servers are within the network, as the pipeline's template was told; of Flink its name."""
    known = {"postgres": "PostgresAddress", "redis": "RedisAddress", "kafka": "Bootstrap"}
    return {"flink": account.name, **{name: told[one] for name, one in known.items() if one in told}}


def _values(wish: Wish) -> Values:
    """Those that are named, else those of the last `up`."""
    asked = wish.elsewhere or Elsewhere()
    if wish.without or wish.added or wish.any_port or asked.namespace or asked.context:
        raise UsageError(
            "a stack on AWS has no context, and no servers of ours to leave out, add or find ports for",
            hint="say in the profile what it has, and in the values where it is: see docs/aws.md",
        )
    if asked.values is not None:
        return kept.read(asked.values)
    if (found := kept.values(wish.home)) is None:
        raise UsageError(
            "of which image, and who is told?",
            hint="name a file of values: fraudctl up --engine aws --profile FILE --values FILE",
        )
    return found


def _profile(wish: Wish) -> Profile:
    """The one that is named, else that of the last `up`."""
    if wish.elsewhere is not None and wish.elsewhere.is_profile_named:
        return wish.profile
    if (before := _before(wish.home)) is None:
        raise UsageError("of which profile?", hint="name one: fraudctl up --engine aws --profile FILE")
    return before.profile


def _before(home: Path) -> Stack | None:
    found = stacks.read(home)
    return found if found is not None and found.engine == NAME else None


def _say(changes: Sequence[Change]) -> None:
    for one in changes[:_SHOWN]:
        say(f"{one.verb} {one.stack} {one.resource} ({one.words_of_kind})")
    if len(changes) > _SHOWN:
        say(f"… and {len(changes) - _SHOWN} more; all: fraudctl aws plan")
