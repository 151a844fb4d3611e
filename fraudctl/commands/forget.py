"""`fraudctl forget`: a person is taken out of everything that can be asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _options
from fraudctl.commands._app import App
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.decisions import erasure
from fraudctl.errors import UsageError
from fraudctl.home import audit, forgetting
from pipeline.records import clock, quantities, wording

if TYPE_CHECKING:
    from fraudctl.decisions.erasure import Erased
    from fraudctl.home.stack import Stack


def register(app: typer.Typer) -> None:
    noun = App(help="Erase a person from every store, and from what readers see of the log.")
    noun.callback()(lambda: None)
    noun.command("user")(user)
    app.add_typer(noun, name="forget")


def user(
    user: Annotated[str, typer.Argument(metavar="ID", help="The user, as transactions name him.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what the stores hold.")] = False,
    yes: _options.Yes = False,
) -> Result:
    """Erase a user from every store; nothing brings back what is in the log by now. May be repeated.

    Example: fraudctl forget user u-17 --dry-run
    """
    if not user:
        raise UsageError("an empty id is nobody's", hint="name the user as transactions do")
    running = engines.current()
    with progress("looking") as bar:
        before = erasure.found(running, user, lambda what: bar.update(0, what))
    if dry_run:
        return _result(
            running, before, f"the stores hold of this user {_counted(before)}; nothing was changed"
        )
    _ask(before, yes)  # between two bars: a question does not go with a moving one
    with progress("forgetting") as bar, forgetting.begun(running.home, user):
        done = erasure.forget(running, user, lambda what: bar.update(0, what))
        held = dict(done.places)
        audit.write(running.home, {"command": "forget user", "erasure": done.erasure, "held": held})
    summary = f"the user is forgotten: {_counted(done)} erased, none is left; {_log(running)}"
    return _result(running, done, summary + _backed_up(running))


def _ask(before: Erased, yes: bool) -> None:
    if yes:
        return
    hint = "look with --dry-run, then add --yes"
    question = f"Erase {_counted(before)}? Neither a replay nor a repair brings anything back."
    refusal = UsageError(f"nobody can be asked: {question}", hint=hint, code="needs_yes")
    _asking.confirm(question, refusal)


def _result(running: Stack, said: Erased, summary: str) -> Result:
    data: dict[str, object] = {"erasure": said.erasure, "held": dict(said.places)}
    data |= {"log_keeps_until": _until(running), "backups": _backups(running)}
    rows = list(said.places.items())
    columns = ("place", "held" if said.erasure is None else "erased")
    tables = (Table("", columns, rows),) if rows else ()
    return Result(summary, data, tables=tables)


def _counted(said: Erased) -> str:
    many = sum(said.places.values())
    return f"{many:,} {'entry' if many == 1 else 'entries'} in {wording.counted(len(said.places), 'place')}"


def _until(running: Stack) -> str | None:
    """When the last bytes of today leave the topics; None where these are kept for ever."""
    keep_ms = running.profile.retention_ms
    return None if keep_ms < 0 else quantities.format_time(clock.now_ms() + keep_ms)


def _log(running: Stack) -> str:
    until = _until(running)
    if until is None:
        return "the topics keep the bytes for ever, unread (see docs/privacy.md)"
    days = running.profile.retention_ms // clock.DAY_MS
    return f"the topics drop the bytes within {days} days (see docs/privacy.md)"


def _backups(running: Stack) -> list[str]:
    """The folders into which this home was copied: what is in them is not changed."""
    taken = audit.succeeded(running.home, "backup create")
    return sorted({str(one["arguments"]["folder"]) for one in taken if "folder" in one.get("arguments", {})})


def _backed_up(running: Stack) -> str:
    many = len(_backups(running))
    return f"; {wording.counted(many, 'backup')} taken by now may hold him (see --json)" if many else ""
