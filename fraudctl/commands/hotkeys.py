"""`fraudctl hotkeys`: the keys with the largest part of the traffic."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.jobs import hot_keys

if TYPE_CHECKING:
    from fraudctl.jobs.hot_keys import HotHop


def register(app: typer.Typer) -> None:
    app.command("hotkeys")(hotkeys)


def hotkeys(
    by: Annotated[str | None, typer.Option("--by", help="Only the keys of this step, such as ip.")] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=20, help="How many keys of each step.")] = 5,
) -> Result:
    """Show which users, addresses, cards, … have the largest part of the traffic, of the last minutes.

    One key is worked on by one subtask, so the hottest says how far more of them can help.

    Example: fraudctl hotkeys --by merchant_id --top 10
    """
    found = hot_keys.of(engines.current())
    known = [hop.by for hop in found]
    if by is not None and by not in known:
        raise UsageError(
            f"no step of the job counts keys by {by}", hint=f"there are: {', '.join(known) or 'none'}"
        )
    chosen = [hop for hop in found if by in (None, hop.by)]
    rows = [
        (hop.by, one.key, f"{100 * one.share:.2f} %", f"{100 * one.at_least:.2f} %")
        for hop in chosen
        for one in hop.keys[:top]
    ]
    data = {
        hop.by: {"counted": hop.counted, "keys": [asdict(one) for one in hop.keys[:top]]} for hop in chosen
    }
    table = Table("", ("by", "key", "share of its events", "at least"), rows)
    return Result(_summary(chosen), {"hops": data}, tables=(table,))


def _summary(hops: list[HotHop]) -> str:
    hottest = max(hops, key=lambda hop: hop.hottest, default=None)
    if hottest is None or not hottest.keys:
        return "nothing was counted yet"
    return f"the hottest key is by {hottest.by}: {hottest.keys[0].key} with {100 * hottest.hottest:.1f} %"
