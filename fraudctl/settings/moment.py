"""A moment as people write it: a time such as 2026-03-01T12:00:00Z, or an age such as 30m."""

from __future__ import annotations

import time
from contextlib import suppress

from fraudctl.errors import UsageError
from fraudctl.settings.profile import parse_duration_ms


def parse(text: str, now_ms: int | None = None) -> int:
    """The moment in epoch milliseconds; an age counts back from now. ValueError for what is neither."""
    from pipeline.records.events import Refusal, parse_time

    with suppress(ValueError):
        age_ms = parse_duration_ms(text)
        return (time.time_ns() // 1_000_000 if now_ms is None else now_ms) - age_ms
    try:
        return parse_time(text)
    except Refusal as refusal:
        raise ValueError(refusal.detail) from None


def of_option(option: str, text: str | None) -> int | None:
    """The moment an option names, None when it was not given. UsageError for what is no moment."""
    try:
        return None if text is None else parse(text)
    except ValueError as error:
        raise UsageError(
            f"{option} {text}: {error}",
            hint="write a time such as 2026-03-01T12:00:00Z, or an age such as 30m",
        ) from None
