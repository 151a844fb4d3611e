"""`fraudctl grants`: the rights that a profile needs, to be given to it and no more."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import Annotated

import typer

from fraudctl.commands import _options
from fraudctl.console.result import Result
from fraudctl.observe import rights
from fraudctl.settings import reading


class Server(StrEnum):
    kafka = "kafka"
    postgres = "postgres"
    redis = "redis"
    elasticsearch = "elasticsearch"
    dynamodb = "dynamodb"
    s3 = "s3"
    gcs = "gcs"
    registry = "registry"


def register(app: typer.Typer) -> None:
    app.command("grants")(grants)


def grants(
    server: Annotated[
        Server | None, typer.Argument(help="One server; all of the profile if left out.")
    ] = None,
    profile: _options.Profile = None,
    principal: Annotated[
        str, typer.Option("--principal", help="Who gets them, where no address names a user.")
    ] = "fraudctl",
) -> Result:
    """Print the ACLs, roles and policies that exactly this profile needs, in each server's own language.

    Example: fraudctl grants postgres --profile production.yaml
    """
    chosen = reading.load(profile, environ=os.environ)
    found = rights.of(chosen, server.value if server else None, principal)
    data = {"profile": chosen.name, "grants": {one.server: one.rights.document for one in found}}
    lines = [f"# {one.server}: {one.kind}\n{one.rights.text}\n" for one in found]
    return Result("\n".join(lines).rstrip() if server is None else found[0].rights.text, data)
