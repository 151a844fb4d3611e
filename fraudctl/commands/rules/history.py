"""`fraudctl rules history`."""

from __future__ import annotations

from fraudctl.commands.rules import _asked
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.home import rulesets, stack
from fraudctl.jobs import put_aside
from fraudctl.rules import described
from pipeline.records import quantities


def history() -> Result:
    """List what came into force when, and which rule set each job began with; the newest first.

    Example: fraudctl rules history
    """
    chain, aside = _asked.topic()
    activated = [described.described(one) for one in reversed(chain)]
    starts = list(reversed(rulesets.history(stack.home_dir())))
    found = [
        {
            "at": quantities.format_time(one.at_ms),
            "version": one.version,
            "hash": one.hash,
            "job": one.job,
            "run": one.run,
        }
        for one in starts
    ]
    rows = [
        (quantities.format_time(one.at_ms), one.version, one.hash[:12], one.job, one.run) for one in starts
    ]
    tables = (
        described.table(activated),
        Table("Jobs", ("since", "version", "hash", "job", "run"), rows),
        *put_aside.tables(aside),
    )
    return Result(
        put_aside.with_count("" if found else "no job has run in this home", aside),
        {"activations": activated, "starts": found, "put_aside": put_aside.documents(aside)},
        tables=tuple(table for table in tables if table.rows),
    )
