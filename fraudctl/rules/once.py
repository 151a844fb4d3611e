"""A change of the rules that would be another one if it were made twice, such as going back by one.

A command that was killed, or interrupted while it waited, may have written its record. Given again it must
not go one further: the record names the line of the audit log with which its command began, and that line has
no end, or one with an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fraudctl.errors import UsageError
from fraudctl.home import audit
from fraudctl.jobs.activations import Change
from fraudctl.rules.changes import Decide
from pipeline.scoring.activation import Activation

ALREADY: Final = "already"


def once(home: Path, action: str, decide: Decide) -> Decide:
    """The same, but refused where what was cut off of it is the newest change already."""
    begun = audit.since_cut_off(home, f"rules {action}", settled=ALREADY)

    def decided(chain: list[Activation]) -> Change:
        if chain and chain[-1].action == action and _line(chain) in begun:
            raise UsageError(
                f"the {action} that was cut off had been written: {chain[-1].version} is the newest rule set",
                hint=f"for one more give it again: fraudctl rules {action}",
                code=ALREADY,
            )
        return decide(chain)

    return decided


def _line(chain: Sequence[Activation]) -> str | None:
    """The hash of the audit log's newest line when the newest record was written."""
    told = chain[-1].record.get("audit")
    return str(told["hash"]) if told else None
