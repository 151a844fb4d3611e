"""How fast the machine itself is, so that figures of two machines can be set side by side.

Three fixed pieces of work, each the best of several: a calculation in one thread, a copy in memory, and a
checksum as every record of the log gets one.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Callable
from typing import Final

_STEPS: Final = 300_000
_BYTES: Final = 32_000_000
_TRIES: Final = 5


def machine_speed() -> dict[str, float]:
    """Steps of a calculation a second in millions; copied and checked gigabytes a second. Half a second."""
    block = bytes(range(256)) * (_BYTES // 256)
    return {
        "million_steps_per_second": round(_STEPS / _best(_calculate) / 1e6, 2),
        "copied_gb_per_second": round(_BYTES / _best(lambda: bytearray(block)) / 1e9, 2),
        "checked_gb_per_second": round(_BYTES / _best(lambda: zlib.crc32(block)) / 1e9, 2),
    }


def _calculate() -> int:
    state = 1
    for _ in range(_STEPS):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
    return state


def _best(work: Callable[[], object]) -> float:
    """Seconds of the quickest of several tries: the others were disturbed."""
    took = []
    for _ in range(_TRIES):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)
