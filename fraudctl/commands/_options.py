"""Options that several commands have, with the same words in each."""

from __future__ import annotations

from typing import Annotated, Any, Final

import typer

from fraudctl.commands import _completion
from fraudctl.errors import UsageError

_WEEK_S: Final = 604_800


def waits(help: str) -> Any:
    """The option that says how long, in seconds; what is no number is beyond its limits as well."""
    return typer.Option("--wait", min=0, max=_WEEK_S, help=help)


Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

Wait = Annotated[float, waits("Give up after that many seconds.")]

Profile = Annotated[
    str | None,
    typer.Option("--profile", help="A shipped profile or a file.", autocompletion=_completion.profiles),
]

Attack = Annotated[
    str, typer.Option("--attack", help="A shipped scenario or a file.", autocompletion=_completion.scenarios)
]


def refuse_rate(rate: float) -> None:
    """UsageError where nothing could be sent at that many events a second; also for what is no number."""
    if not 0 < rate <= 1_000_000:
        raise UsageError(f"--rate {rate:g} is not above 0 and at most 1,000,000", hint="try --rate 200")
