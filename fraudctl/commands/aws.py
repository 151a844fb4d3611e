"""`fraudctl aws`: what a stack on AWS is made of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from fraudctl.aws import package as packages
from fraudctl.commands import _completion
from fraudctl.commands._app import App
from fraudctl.console.result import Result
from fraudctl.settings import reading


def register(app: typer.Typer) -> None:
    noun = App(help="What a stack on AWS is made of.")
    noun.callback()(_noun)
    noun.command("package")(package)
    app.add_typer(noun, name="aws")


def _noun() -> None:
    """What a stack on AWS is made of: the job's package."""


def package(
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="A shipped profile or a file.", autocompletion=_completion.profiles),
    ] = None,
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The zip; replaced if it is there.")
    ] = Path("fraudctl-job.zip"),
    onnx: Annotated[bool, typer.Option("--onnx", help="With what plug-ins that ask a model need.")] = False,
    hop: Annotated[
        list[str] | None,
        typer.Option("--hop", metavar="KEY", help="A key for features of later rule sets; may be repeated."),
    ] = None,
    python: Annotated[
        str,
        typer.Option("--python", metavar="VERSION", help="The Python it will run in, if not the service's."),
    ] = "3.12",
) -> Result:
    """Write the job as a zip for Managed Service for Apache Flink; the same input gives the same bytes.

    Example: fraudctl aws package --profile production.yaml --out fraudctl-job.zip
    """
    loaded = reading.load(profile, environ=os.environ)
    made = packages.of_profile(loaded, out, hops=hop or (), python=python, with_onnx=onnx)
    data = {"file": str(made.path), "bytes": made.size, "sha256": made.sha256, "files": made.files}
    return Result(f"{made.path}: {made.size / 1e6:.1f} MB, SHA-256 {made.sha256}", data)
