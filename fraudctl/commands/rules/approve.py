"""`fraudctl rules approve`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands.rules import _elsewhere, apply
from fraudctl.commands.rules._asked import KeyFile, Reason, Wait
from fraudctl.console.progress import progress
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.jobs import activations, approvals
from fraudctl.rules import changes

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


def approve(
    proposal: Annotated[
        int | None, typer.Argument(metavar="PROPOSAL", help="Its number; without, those that wait.")
    ] = None,
    reason: Reason = None,
    key: KeyFile = None,
    wait: Wait = 60.0,
) -> Result:
    """Approve of a change that another has proposed; with the last approval that it wants it is in force.

    Example: fraudctl rules approve 12 --reason "tried on last week" --key bob_key
    """
    if _elsewhere.is_asked(key):
        if proposal is None:
            return _elsewhere.answer("approve")
        return _elsewhere.changed("approve", _elsewhere.Named([str(proposal)]), reason, wait)
    here = engines.current()
    if proposal is None:
        return _list(here)
    with progress("approving") as shown:
        done = changes.approve(
            here, proposal, wait, shown, activations.Signature(reason, key), _elsewhere.carried(here)
        )
    return apply.answer(done)


def _list(here: Stack) -> Result:
    found = approvals.waiting(activations.signed_for(here))
    rows = [
        (
            one.offset,
            one.name,
            one.proposed.record["action"],
            one.by.author,
            one.by.reason,
            f"{len(one.approved)} of {one.wanted}",
            "stale: propose it again" if one.is_stale else None,
        )
        for one in found
    ]
    columns = ("proposal", "rules", "by", "who", "why", "approved", "")
    summary = "" if found else "nothing waits for approval"
    data = {"proposals": [one.as_document() for one in found]}
    return Result(summary, data, tables=(Table("", columns, rows),) if rows else ())
