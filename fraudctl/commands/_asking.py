"""The question before what cannot be taken back, and what is said where nobody can be asked."""

from __future__ import annotations

import sys

import typer

from fraudctl.console import options
from fraudctl.errors import FraudctlError, UsageError


def confirm(question: str, refusal: FraudctlError | None = None) -> None:
    """Ask, and abort on no. Without a terminal or with --json nobody can be asked: the refusal is raised."""
    if options.current().json or not sys.stdin.isatty():
        raise refusal or UsageError(
            f"nobody can be asked: {question}", hint="say so with: --yes", code="needs_yes"
        )
    try:
        typer.confirm(question, abort=True, err=True)
    except typer.Abort as ended:
        if isinstance(ended.__context__, KeyboardInterrupt):  # which the question makes a no of
            raise KeyboardInterrupt from None
        raise
