"""Audit search: decisions found by words, names and times, from the Elasticsearch sink."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fraudctl.errors import NotRunning, Unhealthy, UsageError
from pipeline.sinks import Unavailable, mend, settings_of
from pipeline.sinks.elasticsearch import reader
from pipeline.sinks.elasticsearch.reader import Answer, BadQuery
from pipeline.sinks.elasticsearch.reader import Search as Search

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

SINK = "elasticsearch"


def find(stack: Stack, search: Search) -> Answer:
    """Raises UsageError for a query that cannot be read, NotRunning, Unhealthy."""
    if SINK not in stack.addresses or SINK not in stack.profile.sinks:
        raise NotRunning(
            "this stack has no audit index", hint="run: fraudctl down && fraudctl up --profile all-sinks"
        )
    settings = settings_of(SINK, stack.profile.sinks[SINK])
    try:
        found = reader.find(stack.sink_address(SINK), stack.secret_path(SINK), settings, search)
        shown = tuple(stack.profile.masks.document(one) for one in found.decisions)
        return replace(found, decisions=shown)
    except BadQuery as error:
        raise UsageError(
            f"the query cannot be read: {error}", hint="put quotes around what holds : / or spaces: '\"a:b\"'"
        ) from error
    except Unavailable as error:
        hint = mend(SINK, error) or "see: fraudctl status"
        raise Unhealthy(f"Elasticsearch does not answer: {error}", hint=hint) from error
