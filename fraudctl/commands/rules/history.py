"""`fraudctl rules history`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fraudctl.commands.rules import _asked, _elsewhere
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.home import rulesets, stack
from fraudctl.jobs import put_aside
from fraudctl.rules import described
from pipeline.records import quantities

if TYPE_CHECKING:
    from fraudctl.home.rulesets import Begun

_JOBS = ("since", "version", "hash", "job", "run")


def history() -> Result:
    """List what came into force when, and which rule set each job began with; the newest first.

    Example: fraudctl rules history
    """
    if _elsewhere.is_asked():
        return _elsewhere.answer("history")
    chain, aside = _asked.topic()
    activated = [described.described(one) for one in reversed(chain)]
    starts = list(reversed(rulesets.history(stack.home_dir())))
    tables = (
        described.table(activated),
        Table("Jobs", _JOBS, [(_at(one), one.version, one.hash[:12], one.job, one.run) for one in starts]),
        *put_aside.tables(aside),
    )
    return Result(
        put_aside.with_count("" if starts else "no job has run in this home", aside),
        {
            "activations": activated,
            "starts": [_document(one) for one in starts],
            "put_aside": put_aside.documents(aside),
        },
        tables=tuple(table for table in tables if table.rows),
    )


def _document(one: Begun) -> dict[str, object]:
    return {"at": _at(one), "version": one.version, "hash": one.hash, "job": one.job, "run": one.run}


def _at(one: Begun) -> str:
    return quantities.format_time(one.at_ms)
