"""`fraudctl rules new`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from fraudctl.commands import _completion
from fraudctl.console.result import Result
from fraudctl.rules import beginning


def new(
    file: Annotated[Path, typer.Argument(help="The file to write, such as mine.yaml.")],
    like: Annotated[
        str,
        typer.Option(
            "--like", help="A shipped rule set; see: rules list.", autocompletion=_completion.rule_sets
        ),
    ] = "default",
) -> Result:
    """Begin a rule set of your own from a shipped one, with its cases.

    Example: fraudctl rules new mine.yaml --like card-not-present
    """
    version = beginning.begin(file, like)
    following = f"fraudctl rules test {shlex.quote(str(file))}"
    summary = f"{file} is a rule set like {like}, version {version}; next: {following}"
    return Result(summary, {"file": str(file), "like": like, "version": version})
