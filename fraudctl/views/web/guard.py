"""Who may see the page: who comes to this address by its own name, with the token. Reads only.

The token comes once in the address, and lives on in a cookie that no script and no other site gets; the
address that shows it is left at once. A Host that is not ours is refused, or a stranger's name that leads to
127.0.0.1 (DNS rebinding) would make a stranger's script one of this site.
"""

from __future__ import annotations

import hmac
from typing import Final
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS: Final = {
    "content-security-policy": _POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
REFUSED: Final = "the token is missing or wrong: open the address that fraudctl console printed"


class Guard:
    """Lets through to `app` who may see it, and puts the same headers on every answer."""

    def __init__(self, app: ASGIApp, token: str, port: int) -> None:
        self._app, self._token, self._cookie = app, token.encode(), f"fraudctl_{port}"
        self._hosts = {f"127.0.0.1:{port}", f"localhost:{port}"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        answer = self._refusal(Request(scope)) or self._app
        await answer(scope, receive, _with_headers(send))

    def _refusal(self, request: Request) -> Response | None:
        """None for who may see the page."""
        hosts = request.headers.getlist("host")
        if len(hosts) != 1 or hosts[0].lower() not in self._hosts:
            return PlainTextResponse("this is not the address of this page", 421)
        if request.method not in ("GET", "HEAD"):
            return PlainTextResponse("this page is only read", 405, {"allow": "GET, HEAD"})
        given = parse_qs(request.scope["query_string"].decode("latin-1")).get("token")
        if given is not None:
            return self._enter(given[0])
        if self._is_token(request.cookies.get(self._cookie, "")):
            return None
        return PlainTextResponse(REFUSED, 403)

    def _enter(self, given: str) -> Response:
        if not self._is_token(given):
            return PlainTextResponse(REFUSED, 403)
        entered = RedirectResponse("/", 303)
        entered.set_cookie(self._cookie, given, httponly=True, samesite="strict", path="/")
        return entered

    def _is_token(self, given: str) -> bool:
        """In a time that tells nothing of the token."""
        return hmac.compare_digest(given.encode("utf-8", "surrogateescape"), self._token)


def _with_headers(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            ours = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
            message = {**message, "headers": [*message["headers"], *ours]}
        await send(message)

    return sent
