"""A stack as a command about the rules sees it in its pod, which somebody elsewhere has asked for.

Written into the pod's home before the command begins: who asks, and every rule set that ever was in force,
which a home elsewhere has kept.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fraudctl.engines.kubernetes import flink_pod, mounted
from fraudctl.home import rulesets, signing
from fraudctl.home.stack import Stack
from fraudctl.jobs.askers import ASKED_BY, Asker


def prepare(home: Path, folder: Path = mounted.FOLDER) -> Stack:
    """The stack, which knows who asks. Raises what `mounted.stack_of` and Kafka's clients raise."""
    stack = mounted.stack_of(home, mounted.RULES, folder)
    asker = asker_of(folder / mounted.GIVEN.name)
    stack = replace(stack, extra={**stack.extra, ASKED_BY: asker.as_document()})
    stack.save()
    for one in flink_pod.records_and_chain(stack, signing.trusted_by(stack.profile))[1]:
        rulesets.store(home, one.content)
    return stack


def asker_of(given: Path) -> Asker:
    """Who asks, as that folder tells. Raises Unmounted where it does not."""
    path = given / mounted.ASKER
    try:
        return TypeAdapter(Asker).validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise mounted.Unmounted(f"{path} cannot be used: {error}", hint="see docs/kubernetes.md") from None
