"""`fraudctl dlq`: what was refused for good, why, and once more."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from typing import Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _completion, _options
from fraudctl.commands._app import App
from fraudctl.console.result import Result, Table
from fraudctl.decisions import deadletters
from fraudctl.errors import UsageError

Topic = Annotated[str | None, typer.Option("--topic", help="Another dead-letter topic.")]
Sink = Annotated[
    str | None,
    typer.Option("--sink", help="What this sink's store has refused.", autocompletion=_completion.sinks),
]


def register(app: typer.Typer) -> None:
    noun = App(help="Records that were refused for good.")
    noun.command("list")(list_)
    noun.command("show")(show)
    noun.command("retry")(retry)
    app.add_typer(noun, name="dlq")


def list_(
    topic: Topic = None,
    sink: Sink = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="Show the newest so many.")] = 100,
) -> Result:
    """List refused records, the newest last.

    Example: fraudctl dlq list --sink postgres
    """
    running = engines.current()
    where = deadletters.topic_of(running, topic, sink)
    newest: deque[deadletters.DeadLetter] = deque(maxlen=limit)
    total = 0
    for letter in sorted(deadletters.read_all(running, where), key=lambda one: one.record.append_ms):
        newest.append(letter)
        total += 1
    rows = [(one.id, _when(one.record.append_ms), _place(one), one.length, one.reason) for one in newest]
    table = Table("", ("id", "refused at", "was at", "bytes", "reason"), rows)
    data = {
        "topic": where,
        "total": total,
        "records": [one.as_document(masks=running.profile.masks) for one in newest],
    }
    return Result(f"{total} refused records in {where}", data, tables=(table,) if rows else ())


def show(
    id_: Annotated[str, typer.Argument(metavar="ID", help="As dlq list names it, such as 0:17.")],
    topic: Topic = None,
    sink: Sink = None,
) -> Result:
    """Show one refused record with all its bytes that are held.

    Example: fraudctl dlq show 0:17
    """
    running = engines.current()
    [letter] = deadletters.find(running, deadletters.topic_of(running, topic, sink), [id_])
    document = letter.as_document(whole=True, masks=running.profile.masks)
    rows = [(name, value) for name, value in document.items() if name != "value"]
    table = Table(f"Refused record {letter.id}", ("what", "value"), rows)
    return Result(str(document["value"]), document, tables=(table,))


def retry(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Which; or --all.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Every record that is held.")] = False,
    yes: _options.Yes = False,
    topic: Topic = None,
    sink: Sink = None,
) -> Result:
    """Send the original bytes to the original topic again. What is still bad comes back.

    Example: fraudctl dlq retry 0:17 --yes
    """
    if bool(ids) == all_:
        raise UsageError("name the records, or say --all", hint="see what there is: fraudctl dlq list")
    running = engines.current()
    where = deadletters.topic_of(running, topic, sink)
    found = (
        list(deadletters.read_all(running, where)) if all_ else deadletters.find(running, where, ids or [])
    )
    if found and not yes:
        _asking.confirm(f"Send {len(found)} records again?")
    outcomes = deadletters.retry(running, found)
    kept = [one for one in outcomes if not one.sent]
    table = Table("Not sent", ("id", "reason"), [(one.id, one.reason) for one in kept])
    data = {"topic": where, "records": [one.as_document() for one in outcomes]}
    summary = f"{len(outcomes) - len(kept)} of {len(outcomes)} records sent again"
    return Result(summary, data, 1 if kept else 0, (table,) if kept else ())


def _when(append_ms: int) -> str:
    return datetime.fromtimestamp(append_ms / 1000, UTC).isoformat(" ", "seconds")


def _place(letter: object) -> str:
    assert isinstance(letter, deadletters.DeadLetter)
    return f"{letter.topic} {letter.partition}:{letter.offset}"
