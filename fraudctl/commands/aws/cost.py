"""`fraudctl aws cost`: what a stack on AWS would cost a month, by prices that are given."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fraudctl.aws import cost as reckoning
from fraudctl.console.result import Result, Table


def cost(
    rate: Annotated[float, typer.Option("--rate", help="Events a second, all day.")] = 100.0,
    prices: Annotated[
        Path | None, typer.Option("--prices", metavar="FILE", help="Instead of the shipped ones.")
    ] = None,
) -> Result:
    """Reckon what a stack costs a month. The shipped prices are of us-east-1: give those of your region.

    Example: fraudctl aws cost --rate 1000 --prices my-prices.yaml
    """
    given = reckoning.prices(prices)
    parts = reckoning.monthly(given, rate)
    total = sum(parts.values())
    rows = [(name, f"{usd:,.0f}") for name, usd in parts.items()]
    # Of what is shown, so that whoever adds the column up comes to the same.
    shown = sum(map(round, parts.values()))
    summary = f"{shown:,} USD a month at {rate:g} events/s; prices checked: {given.checked}"
    data = {"rate": rate, "checked": given.checked, "parts": dict(parts), "total_usd": total}
    return Result(summary, data, tables=(Table("", ("for", "USD"), rows),))
