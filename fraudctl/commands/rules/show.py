"""`fraudctl rules show`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from fraudctl.commands import _completion
from fraudctl.commands.rules import _asked, _elsewhere
from fraudctl.console.result import Result
from fraudctl.console.tables import Table
from fraudctl.errors import NotRunning
from fraudctl.home import rulesets, stack


def show(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A file, a shipped one, a version or a hash; by default the running stack's.",
            autocompletion=_completion.rule_sets,
        ),
    ] = None,
) -> Result:
    """Show a rule set: its features, its rules and its thresholds.

    Example: fraudctl rules show default
    """
    if name is None and _elsewhere.is_asked():
        return _elsewhere.answer("show")
    chosen = name or _asked.in_force()
    if chosen is None:
        raise NotRunning("no stack is running", hint="name a rule set: fraudctl rules show default")
    loaded, place = rulesets.find(str(chosen), stack.home_dir())
    content = loaded.content
    features = [(key, _flat(value)) for key, value in (content.get("features") or {}).items()]
    declared = content["rules"]
    rules = [(rule.name, rule.points, rule.when, declared[rule.name].get("reason")) for rule in loaded.rules]
    limits = loaded.thresholds
    return Result(
        f"{loaded.version} ({loaded.hash[:12]}): review from {limits.review}, block from {limits.block}",
        {"file": place, "version": loaded.version, "hash": loaded.hash, "content": content},
        tables=(
            Table("Features", ("feature", "declared as"), features),
            Table("Rules", ("rule", "points", "when", "reason"), rules),
        ),
    )


def _flat(declared: Any) -> str:
    if not isinstance(declared, Mapping):
        return str(declared)
    return ", ".join(f"{key}: {value}" for key, value in declared.items())
