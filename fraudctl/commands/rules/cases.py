"""`fraudctl rules test`."""

from __future__ import annotations

from typing import Annotated

import typer

from fraudctl.commands.rules import _asked
from fraudctl.commands.rules._asked import EXIT_PROBLEMS, RuleSetName
from fraudctl.console import findings
from fraudctl.console.result import Result
from fraudctl.rules import cases


def run_tests(
    name: RuleSetName,
    form: Annotated[str, typer.Option("--format", help="table or junit (CI).")] = "table",
    complete: Annotated[
        bool, typer.Option("--complete", help="Fail unless every rule has all four kinds of cases.")
    ] = False,
) -> Result:
    """Run the cases inside a rule set, without a cluster; exit 5 when one fails.

    Example: fraudctl rules test default
    """
    file = _asked.located(name, form, ("table", "junit"))
    ran = cases.run(file, _asked.profile_of(None))
    exit_code = 0 if ran.is_passed(complete) else EXIT_PROBLEMS
    if form == "junit":
        told = [findings.Case(one.name, one.kind, one.line, one.failures) for one in ran.outcomes]
        return Result("", iter([findings.junit(str(file), told, ran.seconds)]), exit_code)
    return Result(ran.summary(), ran.as_document(), exit_code, ran.tables())
