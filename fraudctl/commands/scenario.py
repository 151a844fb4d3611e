"""`fraudctl scenario`: the kinds of traffic that `simulate` can send."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from fraudctl.commands import _completion
from fraudctl.commands._app import App
from fraudctl.console.result import Result, Table
from fraudctl.settings import shipped
from fraudctl.traffic import scenario


def register(app: typer.Typer) -> None:
    noun = App(help="The kinds of traffic that simulate can send.")
    noun.command("list")(list_)
    noun.command("show")(show)
    app.add_typer(noun, name="scenario")


def list_() -> Result:
    """List the shipped scenarios.

    Example: fraudctl scenario list
    """
    folder = shipped.data_dir("scenarios")
    found = [scenario.find(name, folder) for name in scenario.names(folder)]
    data = [{"name": one.name, "description": one.description, "rules": _rules(one)} for one in found]
    rows = [(one["name"], one["description"]) for one in data]
    table = Table("Scenarios", ("name", "what happens"), rows)
    return Result("send one with: fraudctl simulate --attack NAME", {"scenarios": data}, tables=(table,))


def show(
    name: Annotated[
        str, typer.Argument(help="A shipped scenario or a file.", autocompletion=_completion.scenarios)
    ],
) -> Result:
    """Check a scenario and show what it does, step by step.

    Example: fraudctl scenario show card-testing
    """
    one = scenario.find(name, shipped.data_dir("scenarios"))
    tables = tuple(_attack_table(attack) for attack in one.attacks)
    return Result(f"{one.name}: {one.description}", asdict(one), tables=tables)


def _rules(one: Any) -> list[str]:
    return sorted({rule for attack in one.attacks for rule in attack.rules})


def _attack_table(attack: Any) -> Table:
    columns = ("events", "apart", "amount", "user", "ip", "device", "card", "country", "label")
    rows = [
        (
            step.events,
            " to ".join(f"{ms / 1000:g} s" for ms in step.spacing_ms),
            " to ".join(f"{cents / 100:.2f}" for cents in step.amount),
            step.user,
            step.ip,
            step.device,
            step.card,
            step.country,
            "fraud" if step.fraud else "legit",
        )
        for step in attack.steps
    ]
    found_by = f"found by {', '.join(attack.rules)} from fraud {attack.flagged_from} on"
    return Table(f"{attack.name}, once in {attack.every_ms / 1000:g} s, {found_by}", columns, rows)
