"""The live view in a terminal: the overview, and the explanation of an alert that is chosen."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from fraudctl.console import screen
from fraudctl.console.screen import Line, Screen
from fraudctl.console.tables import Table
from fraudctl.decisions import explain, explained
from fraudctl.errors import FraudctlError
from fraudctl.home.stack import Stack
from fraudctl.views import lines
from fraudctl.views.watcher import View, Watcher
from pipeline.records.flagged import Flagged
from pipeline.records.visible import visible

_KEY_S: Final = 0.5
_FIRST: Final[list[Line]] = [[("fraudctl top", "bold"), ("   looking …", "dim")]]
_BACK: Final[Line] = [("up/down, space scroll   any other key goes back   q quit", "dim")]
_ID: Final = 36
_STEPS: Final = {"up": -1, "down": 1, " ": 10}
"""Lines by which keys scroll an explanation."""


@dataclass(slots=True)
class _Place:
    """Where the person is: at which alert of the overview, or in which one's explanation."""

    chosen: tuple[str, str] | None = None
    opened: tuple[Sequence[Line], Sequence[Table]] | None = field(default=None)
    first: int = 0
    """which of the explanation's lines is the first that is seen"""


def run(stack: Stack, watcher: Watcher) -> None:
    """Show the stack until `q` is pressed."""
    place, view = _Place(), None
    watcher.start()
    with screen.taken() as shown:
        shown.show(_FIRST)
        while (key := shown.key(_KEY_S)) != "q":
            newer = watcher.newest(after=view.number if view else 0)
            view = newer or view
            if view is None:
                continue
            if key is not None:
                _press(stack, place, view, key)
            if key is not None or newer is not None or lines.is_old(view.pulse, time.time()):
                _draw(shown, stack, place, view)
    watcher.stop()


def _press(stack: Stack, place: _Place, view: View, key: str) -> None:
    if place.opened is not None:
        place.first += _STEPS.get(key, 0)
        place.opened = place.opened if key in _STEPS else None
    elif key in ("up", "down") and view.alerts:
        at = _index(place, view.alerts)
        step = 1 if key == "down" else -1
        chosen = view.alerts[min(len(view.alerts) - 1, max(0, at + step))]
        place.chosen = (chosen.user_id, chosen.event_id)
    elif key == "enter" and _index(place, view.alerts) >= 0:
        place.opened, place.first = _explanation(stack, view.alerts[_index(place, view.alerts)]), 0


def _index(place: _Place, alerts: Sequence[Flagged]) -> int:
    """The chosen alert stays chosen as newer ones come; -1 once it is not among them."""
    ids = [(one.user_id, one.event_id) for one in alerts]
    return ids.index(place.chosen) if place.chosen in ids else -1


def _draw(shown: Screen, stack: Stack, place: _Place, view: View) -> None:
    if place.opened is not None:
        place.first = shown.show(*place.opened, place.first)
        return
    chosen = _index(place, view.alerts)
    shown.show(lines.overview(stack.profile.name, view, chosen, time.time(), shown.height))


def _explanation(stack: Stack, alert: Flagged) -> tuple[Sequence[Line], Sequence[Table]]:
    try:
        found = explain.of_stored(stack, alert.user_id, alert.event_id)
    except FraudctlError as error:
        return [[(visible(error.message), "red")], _BACK], ()
    if found is None:
        return [[("this decision is not in PostgreSQL any more", "")], _BACK], ()
    summary: list[Line] = [[(visible(line), "bold")] for line in explained.summary(found).splitlines()]
    which: Line = [(f"{visible(alert.event_id, _ID)} of {visible(alert.user_id, _ID)}", "bold")]
    return [_BACK, which, *summary], [lines.brief(table) for table in reversed(explained.tables(found))]
