"""The number under which a start of the live job decides: that of its state's run, or a new one.

New is the run of a start without state, and of one from a state that is older than a partition: positions of
decisions are compared by run, then by offset, and in a new partition offsets begin at 0 again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from fraudctl.home import grown, jobs
from fraudctl.home.jobs import Beginning
from fraudctl.jobs.run_numbers import next_run
from fraudctl.jobs.start_points import Start

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack


def numbered(stack: Stack, start: Start, reset: Beginning | None) -> Start:
    """The start with the number of its run, how that begins on disk. Damaged, and Failed of `next_run`."""
    if start.run is None:
        run, begun = next_run(stack), reset if start.restore is None else None
    elif (found := grown.read(stack.home)) is not None and start.run <= found.after_run:
        before = jobs.beginning(stack, start.run)
        run, begun = next_run(stack), replace(before, start="earliest") if before.emit_from else None
    else:
        return start
    if begun is not None:
        jobs.begin_run(stack, run, begun)
    return replace(start, run=run)
