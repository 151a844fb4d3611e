"""`fraudctl schema`: the JSON Schemas of what is on the wire."""

from __future__ import annotations

import json
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from fraudctl.commands._app import App
from fraudctl.console.result import Result


class Shape(StrEnum):
    transaction = "transaction"
    decision = "decision"


def register(app: typer.Typer) -> None:
    noun = App(help="The JSON Schemas of what is on the wire.")
    noun.callback()(_noun)
    noun.command("show")(show)
    app.add_typer(noun, name="schema")


def _noun() -> None:
    """The JSON Schemas of what is on the wire."""


def show(what: Annotated[Shape, typer.Argument(help="Which one.")]) -> Result:
    """Print a JSON Schema (draft 2020-12).

    Example: fraudctl schema show transaction
    """
    text = (files("pipeline") / "schemas" / f"{what.value}.schema.json").read_text(encoding="utf-8")
    return Result(text.rstrip("\n"), {"name": what.value, "schema": json.loads(text)})
