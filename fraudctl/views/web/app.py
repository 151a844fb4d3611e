"""The pages: each is made whole on the server, and every text in it is escaped and made visible."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from fraudctl.errors import FraudctlError
from fraudctl.views import lines
from fraudctl.views.web import charts
from fraudctl.views.web.guard import Guard
from fraudctl.views.web.source import Source
from pipeline.records.visible import visible, visible_lines

HERE: Final = Path(__file__).parent
_IN_A_LIST: Final = 80
"""How much of an id or a reason is shown among others; the decision's own page has all of it."""


def build(source: Source, token: str, port: int) -> ASGIApp:
    """The page of that source, for who has the token, at that port."""
    pages = _Pages(source)
    routes = [
        Route("/", pages.overview),
        Route("/now", pages.now),
        Route("/decision", pages.decision),
        Route("/search", pages.search),
        Route("/rules", pages.rules),
        Route("/compare", pages.compare),
        Mount("/static", StaticFiles(directory=HERE / "static")),
    ]
    return Guard(Starlette(routes=routes, exception_handlers={Exception: pages.fault}), token, port)


class _Pages:
    """Handlers are plain functions: they may wait for a store, in threads of their own."""

    def __init__(self, source: Source) -> None:
        self._source, self._made = source, _environment()

    def overview(self, _: Request) -> Response:
        return self._page("overview.html", **self._now())

    def now(self, request: Request) -> Response:
        """What of the overview goes on changing; 204 while none is newer than `after`, which is not old."""
        view = self._source.view()
        if view is None:
            return Response(status_code=204)
        is_known = request.query_params.get("after") == str(view.number)
        if is_known and not lines.is_old(view.pulse, time.time()):
            return Response(status_code=204)
        return self._page("now.html", **self._now())

    def decision(self, request: Request) -> Response:
        user, event = (request.query_params.get(name, "") for name in ("user", "event"))
        return self._asked(
            "decision.html", lambda: self._source.decision(user, event), user=user, event=event
        )

    def search(self, request: Request) -> Response:
        query = request.query_params.get("q", "").strip()
        return self._asked("search.html", lambda: self._source.found(query) if query else (), query=query)

    def rules(self, _: Request) -> Response:
        return self._asked("answer.html", self._source.rules, title="Rule sets", may_compare=True)

    def compare(self, _: Request) -> Response:
        return self._asked("answer.html", self._source.compared, title="Shadow comparison", may_compare=False)

    def fault(self, _: Request, error: Exception) -> Response:
        """What no page expects, in the words in which a command says it."""
        words = FraudctlError(f"{type(error).__name__}: {error}", hint="this is a fault of fraudctl")
        said = self._page("answer.html", title="Error", answer=None, trouble=words, may_compare=False)
        said.status_code = 500
        return said

    def _now(self) -> dict[str, object]:
        view = self._source.view()
        drawn = [(title, Markup(svg)) for title, svg in charts.of(view.past)] if view else []
        return {"view": view, "charts": drawn, "now_s": time.time(), "words": lines}

    def _asked(self, template: str, ask: Callable[[], object], **values: object) -> Response:
        """A page with an answer, or with what was wrong and what to do."""
        try:
            answer, trouble = ask(), None
        except FraudctlError as error:
            answer, trouble = None, error
        return self._page(template, answer=answer, trouble=trouble, **values)

    def _page(self, template: str, **values: object) -> Response:
        made = self._made.get_template(template)
        return HTMLResponse(made.render(name=self._source.name, **values))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    made.filters["seen"] = lambda value: "" if value is None else visible(str(value))
    made.filters["lines"] = lambda value: "" if value is None else visible_lines(str(value))
    made.filters["brief"] = lambda value: visible(str(value), _IN_A_LIST)
    made.filters["link"] = _link
    return made


def _link(one: object) -> str:
    """The address of a decision's page."""
    ids = {"user": getattr(one, "user_id", ""), "event": getattr(one, "event_id", "")}
    return f"/decision?{urlencode(ids, errors='surrogatepass')}"
