"""What the Elasticsearch sink can be told."""

from __future__ import annotations

from typing import Annotated

from pipeline.settings.kinds import Duration, Text, Truth, Whole
from pipeline.settings.reading import settings
from pipeline.sinks.ageing import RetentionMs
from pipeline.sinks.elasticsearch.index import ALIAS
from pipeline.sinks.elasticsearch.server import Connection


@settings({"retention_ms": "retention"})
class Settings(Connection):
    """What the Elasticsearch sink can be told.

    Each request is made durable by itself, and a search sees nothing younger than a second anyway: hence
    fewer and larger batches.
    """

    batch: Annotated[int, Whole(1, 1_000_000)] = 5_000
    """the most decisions in one write"""
    gather_ms: Annotated[int, Duration(1, 5_000)] = 500
    """how long a batch may gather"""
    flagged_only: Annotated[bool, Truth()] = False
    """hold only decisions that are not approved"""
    retention_ms: RetentionMs | None = None
    """a month's index is dropped when all its events are older; without it none is"""
    index: Annotated[str, Text("an index's name in small letters", "[a-z0-9][a-z0-9._-]{0,199}")] = ALIAS
    """the alias, and the beginning of the indices' names"""
