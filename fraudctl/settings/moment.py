"""Times and lengths of time on the command line: 2026-03-01T12:00:00Z, or an age or length such as 30m."""

from __future__ import annotations

from contextlib import suppress

from fraudctl.errors import UsageError
from pipeline.records import clock
from pipeline.records.quantities import Refusal, parse_time
from pipeline.settings import duration


def parse(text: str, now_ms: int | None = None) -> int:
    """The moment in epoch milliseconds; an age counts back from now. ValueError for what is neither."""
    with suppress(ValueError):
        age_ms = duration.parse(text)
        return (clock.now_ms() if now_ms is None else now_ms) - age_ms
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


def length_ms(option: str, text: str, least_ms: int = 1) -> int:
    """The milliseconds of the duration an option names. UsageError for what is none."""
    try:
        return duration.parse(text, least_ms)
    except ValueError as error:
        raise UsageError(f"{option}: {error}", hint=f"try {option} 30s") from None
