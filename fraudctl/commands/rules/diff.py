"""`fraudctl rules diff`."""

from __future__ import annotations

from typing import Annotated

import typer

from fraudctl.commands import _completion
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.home import rulesets, stack
from fraudctl.rules import diff as differences
from pipeline.records import wording


def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A file, a shipped one, a version or a hash.",
            autocompletion=_completion.rule_sets,
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="B", help="The one it is compared with.", autocompletion=_completion.rule_sets
        ),
    ],
) -> Result:
    """Show what changed between two rule sets: features, rules, lists, thresholds.

    Example: fraudctl rules diff default my-rules.yaml
    """
    home = stack.home_dir()
    (one, _), (other, _) = rulesets.find(before, home), rulesets.find(after, home)
    found = differences.changes(one, other)
    rows = [(c.kind, c.section, c.name, c.sentence()) for c in found]
    data = {
        "before": {"version": one.version, "hash": one.hash},
        "after": {"version": other.version, "hash": other.hash},
        "same": not found,
        "changes": [change.as_document() for change in found],
    }
    summary = f"{one.version} ({one.hash[:12]}) to {other.version} ({other.hash[:12]}): "
    summary += wording.counted(len(found), "change") if found else "the same"
    tables = (Table("", ("change", "of", "name", "what"), rows),) if rows else ()
    return Result(summary, data, tables=tables)
