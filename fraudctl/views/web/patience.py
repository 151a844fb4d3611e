"""Connections to the page that say nothing, or say it for ever, keep nobody out.

The server's own protocol waits without end for a question, and turns everybody away while too many wait.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S: Final = 10.0
"""How long a question may take to be asked, whole."""


class Patient(H11Protocol):
    """One connection. Of as many as there may be, the one that has been asking longest makes room."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._since_s = self.loop.time()
        self._late: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        self._make_room()
        self._await_question()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.is_answering:
            self._heed()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.is_answering:  # a further question may have waited
            self._await_question()

    def connection_lost(self, exc: Exception | None) -> None:
        self._heed()
        super().connection_lost(exc)

    @property
    def is_answering(self) -> bool:
        """Whether a question was read whose answer is still being made or sent."""
        return self.cycle is not None and not self.cycle.response_complete

    def _await_question(self) -> None:
        self._heed()
        self._since_s = self.loop.time()
        self._late = self.loop.call_later(PATIENCE_S, self.transport.abort)

    def _heed(self) -> None:
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _make_room(self) -> None:
        if self.limit_concurrency is None or len(self.connections) < self.limit_concurrency:
            return
        others = [one for one in self.connections if isinstance(one, Patient) and one is not self]
        waiting = [one for one in others if not one.is_answering]
        if waiting:
            oldest = min(waiting, key=lambda one: one._since_s)
            self.connections.discard(oldest)
            oldest.transport.abort()
