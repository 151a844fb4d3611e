"""`fraudctl schema`: the schemas of what is on the wire, and of the files people write."""

from __future__ import annotations

import json
from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from fraudctl.commands._app import App
from fraudctl.console.result import Result
from fraudctl.errors import UsageError
from fraudctl.kafka import frames
from fraudctl.settings import shipped


class Form(StrEnum):
    json_schema = "json_schema"
    avro = "avro"
    protobuf = "protobuf"


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


def show(
    what: Annotated[Shape, typer.Argument(help="Which one.")],
    form: Annotated[
        Form, typer.Option("--as", help="How a registry has that of decisions.")
    ] = Form.json_schema,
) -> Result:
    """Print a JSON Schema (draft 2020-12), or that of decisions in Avro or Protobuf.

    Example: fraudctl schema show transaction
    """
    if form is not Form.json_schema:
        return _other(what, form)
    on_the_wire = what in (Shape.transaction, Shape.decision)
    folder = files("pipeline") / "schemas" if on_the_wire else shipped.data_dir("schemas")
    text = (folder / f"{what.value}.schema.json").read_text(encoding="utf-8")
    return Result(text.rstrip("\n"), {"name": what.value, "schema": json.loads(text)})


def _other(what: Shape, form: Form) -> Result:
    if what is not Shape.decision:
        raise UsageError(f"there is no {form.value} of a {what.value}", hint="decisions alone have it")
    text = frames.schema_text(frames.WRITTEN[form.value])
    schema = json.loads(text) if form is Form.avro else text
    return Result(text.rstrip("\n"), {"name": what.value, "schema": schema})
