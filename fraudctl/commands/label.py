"""`fraudctl label`: an analyst's verdict about an event."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from fraudctl import engines
from fraudctl.console.result import Result
from fraudctl.decisions import labels


class Verdict(StrEnum):
    fraud = "fraud"
    legit = "legit"


def register(app: typer.Typer) -> None:
    app.command("label")(label)


def label(
    event_id: Annotated[str, typer.Argument(help="The event.")],
    verdict: Annotated[Verdict, typer.Argument(help="What it was.")],
    user: Annotated[
        str | None, typer.Option("--user", help="Its user; without, the decisions are searched for it.")
    ] = None,
) -> Result:
    """Write an analyst's verdict to the labels topic.

    Example: fraudctl label ip-burst-05b87a91-0001234 fraud
    """
    document = labels.write(engines.current(), event_id, verdict.value == "fraud", user)
    return Result(f"{event_id} of user {document['user_id']} is labelled {verdict.value}", document)
