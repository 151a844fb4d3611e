"""Makes a store refuse every write for a time, by the store's own means; reading goes on.

PostgreSQL: `default_transaction_read_only`. Redis: `min-replicas-to-write`, with no replica there.
Elasticsearch: the cluster-wide block that a full disk sets. The stack's DynamoDB has nothing of the
kind. Which store can, and how, is said in its folder (`pipeline.sinks.trials`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fraudctl.chaos.fault import Fault
from fraudctl.chaos.means import _programs
from fraudctl.engines import workers
from fraudctl.errors import Failed
from fraudctl.home.stack import Stack
from pipeline.sinks import trials
from pipeline.sinks.trials import NotDone

NEEDS = ("target", "lasts")


def targets() -> tuple[str, ...]:
    return trials.refusing()


def words(fault: Fault) -> str:
    return f"let {fault.target} refuse every write for {fault.lasts_ms / 1000:g} s"


def plan(stack: Stack, fault: Fault) -> dict[str, object]:
    _programs.check(stack, workers.program(fault.target))
    _programs.check(stack, fault.target)
    return {"store": fault.target}


def strike(stack: Stack, memo: Mapping[str, Any]) -> None:
    _let(stack, memo["store"], refuses=True)


def lift(stack: Stack, memo: Mapping[str, Any]) -> None:
    _let(stack, memo["store"], refuses=False)


def _let(stack: Stack, sink: str, *, refuses: bool) -> None:
    try:
        trials.refuse(
            sink, stack.sink_address(sink), stack.secret_path(sink), stack.profile.sinks[sink], refuses
        )
    except NotDone as error:
        raise Failed(str(error), hint=error.hint) from error
