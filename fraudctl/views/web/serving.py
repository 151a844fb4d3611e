"""Serves the page on this machine until it is told to stop."""

from __future__ import annotations

import logging
import secrets
import socket
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from fraudctl.errors import UsageError
from fraudctl.views.web import app
from fraudctl.views.web.patience import Patient
from fraudctl.views.web.source import Source

HOST: Final = "127.0.0.1"
PORT: Final = 19580
_LONGEST_HEAD: Final = 512 * 1024
"""bytes: an id of 64 KB with each of its bytes spelt out in the address"""
MOST_AT_ONCE: Final = 64


class Page:
    """A port that is held, a token, and the address with it."""

    def __init__(self, source: Source, port: int | None) -> None:
        self._socket, self._token = _bound(port), secrets.token_urlsafe(32)
        self.port = int(self._socket.getsockname()[1])
        self.url = f"http://{HOST}:{self.port}/?token={self._token}"
        self._server = uvicorn.Server(_config(app.build(source, self._token, self.port)))

    def serve(self) -> None:
        """Answer until Ctrl-C. Nothing is logged: addresses hold ids, and at first the token."""
        self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """Let `serve`, in another thread, end."""
        self._server.should_exit = True

    def close(self) -> None:
        """Give the port back, where nothing was served."""
        self._socket.close()


def _config(served: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        served,
        http=Patient,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level=logging.CRITICAL,  # or whatever a stranger sends is a line in the terminal
        access_log=False,
        proxy_headers=False,
        server_header=False,
        h11_max_incomplete_event_size=_LONGEST_HEAD,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=1,
    )


def _bound(port: int | None) -> socket.socket:
    """The port that was asked for; else the usual one, or any where that is taken."""
    for number in (PORT, 0) if port is None else (port,):
        try:
            return _bind(number)
        except OSError as error:
            if port is not None:
                hint = "name another with --port, or none"
                raise UsageError(f"port {port} cannot be had: {error.strerror}", hint=hint) from error
    raise UsageError("no port can be had", hint="end a program that listens")


def _bind(number: int) -> socket.socket:
    made = socket.socket()
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.bind((HOST, number))
        made.listen()  # or another could still have the same
    except OSError:
        made.close()
        raise
    return made
