"""What DynamoDB holds, for people and programs who ask: the alerts that live."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pipeline.connections.secrets import Secret
from pipeline.settings.document import Told
from pipeline.settings.reading import make
from pipeline.sinks.dynamodb import Settings, items
from pipeline.sinks.dynamodb.store import Store, translated


def alerts(
    address: str, secret: Secret, settings: Told, at_ms: int, user_id: str | None = None
) -> Iterator[Mapping[str, str | None]]:
    """The alerts that live at a time, of one user or of all, in no order; each a mapping of what it says.

    Raises Unavailable.
    """
    store = Store(address, secret, make(Settings, settings, "dynamodb"), is_reader=True)
    with translated():
        for item in store.of_user(user_id) if user_id is not None else store.scan():
            if items.is_alert(item, at_ms):
                entry = items.entry_of(item)
                named = dict(zip(items.FIELDS, entry.fields, strict=True))
                yield {"user_id": entry.user_id, "event_id": entry.event_id, **named}
