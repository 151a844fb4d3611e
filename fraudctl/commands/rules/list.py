"""`fraudctl rules list`."""

from __future__ import annotations

from fraudctl.commands.rules import _asked
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.home import stack
from fraudctl.rules import listing


def list_rules() -> Result:
    """List the rule sets at hand: shipped ones, and those this home has used; which one is in force.

    Example: fraudctl rules list
    """
    found = listing.at_hand(stack.home_dir(), _asked.in_force())
    columns = ("name", "version", "hash", "features", "rules", "in use", "file")
    documents = [one.as_document() for one in found]
    return Result("", {"rule_sets": documents}, tables=(Table("", columns, [one.row() for one in found]),))
