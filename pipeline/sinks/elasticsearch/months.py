"""The indices behind an alias: each month of event time is one, made when it is first seen.

No cluster has room for all the months that a calendar has; `Months.prepare` says for which there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from pipeline.records.clock import DAY_MS, SECOND_MS
from pipeline.records.decision_bytes import Undecodable
from pipeline.sinks.elasticsearch import index as audit_index
from pipeline.sinks.elasticsearch.server import BadRequest, Server

FAR_MS: Final = 431 * DAY_MS
"""Live events may be 400 days late, and a month has 31: what is further from its append is past data, or of
a made-up time."""
NO_ROOM: Final = "validation_exception"
"""what a server says to an index that would be one shard too many"""


class Months:
    """What a connection knows of them."""

    def __init__(self, server: Server, alias: str) -> None:
        self._server, self._alias = server, alias
        self._made: set[str] = set()

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> dict[str, str]:
        """The template and the mappings once a connection, each index when it is first seen. Raises Failure.

        `wanted` are indices with the append time of a decision for each. Answers with those for which there
        is no room, and why, where no decision of now is among them: nobody waits for these.
        """
        appends: dict[str, list[int]] = {}
        for index, append_ms in wanted:
            appends.setdefault(index, []).append(append_ms)
        if appends and not self._made:
            self._agree()
        homeless = {}
        for index in sorted(appends.keys() - self._made):
            try:
                self._server.create(index)
            except BadRequest as error:
                if error.kind != NO_ROOM or not all(is_far(index, one) for one in appends[index]):
                    raise
                homeless[index] = f"no room for a month so far from now: {error}"
            else:
                self._made.add(index)
        return homeless

    def drop(self, upto_ms: int) -> int:
        """Delete the indices of months that ended by then; how many there were. Raises Failure."""
        doomed = [one for one in self._server.indices(self._alias) if self._ended(one, upto_ms)]
        for index in doomed:
            self._server.ask("DELETE", f"/{index}", missing_ok=True)
            self.forget(index)
        return len(doomed)

    def _ended(self, index: str, upto_ms: int) -> bool:
        """False of an index that is named after no month: it is not ours."""
        with suppress(Undecodable):
            return month_end_ms(index.removeprefix(f"{self._alias}-")) <= upto_ms
        return False

    def forget(self, index: str) -> None:
        """Somebody has deleted it."""
        self._made.discard(index)

    def clear(self) -> None:
        """With another connection all begins anew."""
        self._made.clear()

    def _agree(self) -> None:
        self._server.ask("PUT", f"/_index_template/{self._alias}", audit_index.template(self._alias))
        for index in self._server.indices(self._alias):
            self._server.ask("PUT", f"/{index}/_mapping", audit_index.mappings())


def month_end_ms(month: str) -> int:
    """When a month such as `2026.01` is over. Raises Undecodable for what is none."""
    try:
        begin = datetime.strptime(month, "%Y.%m").replace(tzinfo=UTC)
        return int((begin + timedelta(days=31)).replace(day=1).timestamp()) * SECOND_MS
    except (ValueError, OverflowError):
        raise Undecodable(f"{month[:40]!r} is no month") from None


def is_far(index: str, append_ms: int) -> bool:
    """Whether the month in an index's name lies further from an append than live events may come."""
    year, _, number = index[-7:].partition(".")
    begin_ms = datetime(int(year), int(number), 1, tzinfo=UTC).timestamp() * 1_000
    return abs(begin_ms - append_ms) > FAR_MS
