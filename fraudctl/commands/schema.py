"""`fraudctl schema`: the JSON Schemas of what is on the wire, and of the files people write."""

from __future__ import annotations

import json
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from fraudctl.commands._app import App
from fraudctl.console.result import Result
from fraudctl.settings import shipped


class Shape(StrEnum):
    transaction = "transaction"
    decision = "decision"
    profile = "profile"
    ruleset = "ruleset"
    scenario = "scenario"
    fault = "fault"
    mapping = "mapping"


def register(app: typer.Typer) -> None:
    noun = App(help="The JSON Schemas of records and files.")
    noun.callback()(_noun)
    noun.command("show")(show)
    app.add_typer(noun, name="schema")


def _noun() -> None:
    """The JSON Schemas of what is on the wire, and of the files people write."""


def show(what: Annotated[Shape, typer.Argument(help="Which one.")]) -> Result:
    """Print a JSON Schema (draft 2020-12).

    Example: fraudctl schema show transaction
    """
    on_the_wire = what in (Shape.transaction, Shape.decision)
    folder = files("pipeline") / "schemas" if on_the_wire else shipped.data_dir("schemas")
    text = (folder / f"{what.value}.schema.json").read_text(encoding="utf-8")
    return Result(text.rstrip("\n"), {"name": what.value, "schema": json.loads(text)})
