"""The indices behind an alias: each month of event time is one, made when it is first seen.

No cluster has room for all the months that a calendar has; `Months.prepare` says for which there is none.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Final

from pipeline.records.clock import DAY_MS, SECOND_MS
from pipeline.records.decision_bytes import Undecodable
from pipeline.sinks.elasticsearch import index as audit_index
from pipeline.sinks.elasticsearch.refusals import BadRequest, Failure
from pipeline.sinks.elasticsearch.server import Server

FAR_MS: Final = 431 * DAY_MS
"""Live events may be 400 days late, and a month has 31: what is further from its append is past data, or of
a made-up time."""
NO_ROOM: Final = "validation_exception"
"""what a server says to an index that would be one shard too many"""


class Months:
    """What a connection knows of them."""

    def __init__(self, server: Server, alias: str) -> None:
        self._server, self._alias = server, alias
        self._agreed: set[str] = set()

    def prepare(self, wanted: Iterable[tuple[str, int]]) -> dict[str, str]:
        """Have each index behind the alias, with the mapping of today. Raises Failure.

        `wanted` are indices with the append time of a decision for each. Answers with those for which there
        is no room, and why, where no decision of now is among them: nobody waits for these. Others make and
        delete indices too, so what is there is asked anew each time: a bulk request would make an index that
        is missing by itself, of whatever template there is by then, and where nobody looks.
        """
        appends: dict[str, list[int]] = {}
        for index, append_ms in wanted:
            appends.setdefault(index, []).append(append_ms)
        if not appends:
            return {}
        behind = set(self._server.indices(self._alias))
        absent = sorted(appends.keys() - behind)
        if absent or not self._agreed:
            self._server.ask("PUT", f"/_index_template/{self._alias}", audit_index.template(self._alias))
        homeless = {index: why for index in absent if (why := self._make(index, appends[index]))}
        if absent:
            behind = set(self._server.indices(self._alias))
        self._agree(sorted(appends.keys() - homeless.keys()), behind)
        return homeless

    def drop(self, upto_ms: int) -> int:
        """Delete the indices of months that ended by then; how many there were. Raises Failure."""
        doomed = [one for one in self._server.indices(self._alias) if self._ended(one, upto_ms)]
        for index in doomed:
            self._server.ask("DELETE", f"/{index}", missing_ok=True)
        return len(doomed)

    def _ended(self, index: str, upto_ms: int) -> bool:
        """False of an index that is named after no month: it is not ours."""
        with suppress(Undecodable):
            return month_end_ms(index.removeprefix(f"{self._alias}-")) <= upto_ms
        return False

    def clear(self) -> None:
        """With another connection all begins anew."""
        self._agreed.clear()

    def _make(self, index: str, appends: Iterable[int]) -> str:
        """Why there is no room for a month so far from now; empty where it is made."""
        try:
            self._server.create(index)
        except BadRequest as error:
            if error.kind != NO_ROOM or not all(is_far(index, one) for one in appends):
                raise
            return f"no room for a month so far from now: {error}"
        return ""

    def _agree(self, wanted: Iterable[str], behind: Collection[str]) -> None:
        """What a later version adds to the mapping, indices that are there take as well. Of months that
        nobody writes nothing is wanted: who keeps them may have made them read-only."""
        self._agreed.intersection_update(behind)
        for index in wanted:
            if index not in behind:
                raise Failure(
                    f"{index} is there, but not behind the alias {self._alias}: it was made by somebody "
                    "else, or by another index template that goes before ours; move it away, or delete it"
                )
            if index not in self._agreed:
                self._map(index)
                self._agreed.add(index)

    def _map(self, index: str) -> None:
        """Also what a repair that was cut short has left: a server that forgets deleted versions at once."""
        remembers = {"index.gc_deletes": audit_index.GC_DELETES}
        try:
            self._server.ask("PUT", f"/{index}/_mapping", audit_index.mappings())
            self._server.ask("PUT", f"/{index}/_settings", remembers)
        except BadRequest as error:
            raise Failure(f"{index} has a mapping that is not ours: {error}") from error


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
