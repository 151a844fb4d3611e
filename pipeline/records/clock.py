"""The machine's clock, and how many milliseconds the units of time have.

Only edges ask for the time; what is computed gets it as a value. The clock of the log is another thing:
see `pipeline.scoring.order`.
"""

from __future__ import annotations

import time
from typing import Final

SECOND_MS: Final = 1_000
MINUTE_MS: Final = 60 * SECOND_MS
HOUR_MS: Final = 60 * MINUTE_MS
DAY_MS: Final = 24 * HOUR_MS


def now_ms() -> int:
    """The time by this machine's clock, in milliseconds since 1970."""
    return time.time_ns() // 1_000_000
