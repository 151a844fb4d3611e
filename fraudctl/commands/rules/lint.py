"""`fraudctl rules lint`."""

from __future__ import annotations

from typing import Annotated

import typer

from fraudctl.commands.rules import _asked
from fraudctl.commands.rules._asked import EXIT_PROBLEMS, RuleSetName
from fraudctl.console import findings, options
from fraudctl.console.result import Result
from fraudctl.errors import UsageError
from fraudctl.rules import report


def lint(
    name: RuleSetName,
    form: Annotated[
        str, typer.Option("--format", help="table, sarif (code scanning) or junit (CI).")
    ] = "table",
    profile: Annotated[
        str | None, typer.Option("--profile", help="Whose retention counts; the running stack's, or default.")
    ] = None,
) -> Result:
    """Check a rule set: every problem with its place; exit 5 when one of them is an error.

    Example: fraudctl rules lint profiles/rules/default.yaml --format sarif > rules.sarif
    """
    file = _asked.located(name, form, ("table", "sarif", "junit"))
    checked = report.check(file, _asked.profile_of(profile))
    exit_code = EXIT_PROBLEMS if checked.errors else 0
    if form == "table":
        return Result(checked.summary(), checked.as_document(), exit_code, checked.tables())
    if options.current().json:
        raise UsageError("--json and --format exclude each other", hint="leave one of them out")
    found = [findings.Finding(p.path, p.line, p.message, p.severity) for p in checked.problems]
    text = findings.sarif(file, found) if form == "sarif" else findings.lint_junit(file, found)
    return Result("", iter([text]), exit_code)
