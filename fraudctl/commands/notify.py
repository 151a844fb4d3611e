"""`fraudctl notify`: what became of notifications."""

from __future__ import annotations

from dataclasses import asdict

import typer

from fraudctl import engines
from fraudctl.commands._app import App
from fraudctl.console.result import Result, Table
from fraudctl.decisions import notifications


def register(app: typer.Typer) -> None:
    notify = App(help="What became of notifications.")
    notify.command("status")(status)
    app.add_typer(notify, name="notify")


def status() -> Result:
    """List notifications that wait, were refused, or of which nobody knows whether they were sent.

    Example: fraudctl notify status
    """
    claims = notifications.open_claims(engines.current())
    counts = {state: sum(claim.state == state for claim in claims) for state in notifications.STATES}
    rows = [[c.state, c.channel, c.user_id, c.event_id, c.reason] for c in claims if c.state != "due"]
    table = Table("Notifications", ["state", "channel", "user", "event", "reason"], rows)
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count)
    data = {"counts": counts, "claims": [asdict(claim) for claim in claims]}
    return Result(said or "nothing waits, nothing is unknown", data, tables=(table,) if rows else ())
