"""Options that several commands have, with the same words in each."""

from __future__ import annotations

from typing import Annotated

import typer

from fraudctl.commands import _completion

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]

Wait = Annotated[float, typer.Option("--wait", help="Give up after that many seconds.")]

Profile = Annotated[
    str | None,
    typer.Option("--profile", help="A shipped profile or a file.", autocompletion=_completion.profiles),
]

Attack = Annotated[
    str, typer.Option("--attack", help="A shipped scenario or a file.", autocompletion=_completion.scenarios)
]
