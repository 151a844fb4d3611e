"""`fraudctl aws package | function | template`: what a stack on AWS is made of."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from fraudctl.aws import package as packages
from fraudctl.aws import template as templates
from fraudctl.commands import _completion
from fraudctl.console.result import Result
from fraudctl.errors import Failed
from fraudctl.settings import reading
from pipeline.disk import files


def package(
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="A shipped profile or a file.", autocompletion=_completion.profiles),
    ] = "aws",
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


def function(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The zip; replaced if it is there.")
    ] = Path("fraudctl-notify.zip"),
) -> Result:
    """Write the function that tells people of alerts as a zip for Lambda, the same for every profile.

    Example: fraudctl aws function --out fraudctl-notify.zip
    """
    made = packages.function(out)
    data = {"file": str(made.path), "bytes": made.size, "sha256": made.sha256, "files": made.files}
    return Result(f"{made.path}: {made.size / 1e6:.1f} MB, SHA-256 {made.sha256}", data)


def template(
    profile: Annotated[
        str | None,
        typer.Option("--profile", help="A shipped profile or a file.", autocompletion=_completion.profiles),
    ] = "aws",
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="The template; replaced if it is there.")
    ] = Path("pipeline.yaml"),
) -> Result:
    """Write the CloudFormation template of a profile's pipeline: job, programs, tables, alarms.

    Example: fraudctl aws template --profile production.yaml --out pipeline.yaml
    """
    text = templates.text(reading.load(profile, environ=os.environ))
    try:
        files.write_atomically(out, text, mode=0o644)
    except OSError as error:
        raise Failed(f"{out}: {error.strerror}", hint="name another file") from error
    return Result(
        f"{out}: {len(text.encode()) / 1e3:.0f} KB", {"file": str(out), "bytes": len(text.encode())}
    )
