"""A watcher has the newest look ready, keeps the past as long as it was told, and outlives a store."""

from __future__ import annotations

from fraudctl.errors import Unhealthy
from fraudctl.views.looker import Figures
from fraudctl.views.pulse import Pulse
from fraudctl.views.watcher import Watcher
from pipeline.records.flagged import Flagged
from tests.waiting import LONG_S


def away() -> list[Flagged]:
    raise Unhealthy("PostgreSQL does not answer")


def test_each_look_is_newer_and_only_the_last_are_kept() -> None:
    watching = Watcher(lambda: Figures([]), list, keep_s=6.0, every_s=2.0)
    assert watching.newest() is None
    views = [watching.step() for _ in range(5)]
    assert [view.number for view in views] == [1, 2, 3, 4, 5]
    assert [len(view.past) for view in views] == [1, 2, 3, 3, 3]
    assert watching.newest(after=4) == views[-1]
    assert watching.newest(after=5) is None


def test_what_went_before_comes_ahead_of_the_first_look_and_goes_like_all_else() -> None:
    before = [Pulse(1.0, 10.0), Pulse(3.0, 20.0)]
    watching = Watcher(lambda: Figures([]), list, keep_s=6.0, every_s=2.0, before=lambda: before)
    assert watching.step().past[:-1] == (Pulse(1.0, 10.0), Pulse(3.0, 20.0))
    assert watching.step().past[0] == Pulse(3.0, 20.0)


def test_a_store_that_is_away_leaves_the_figures_and_is_named() -> None:
    view = Watcher(lambda: Figures([]), away, 60.0).step()
    assert (view.alerts, view.trouble) == ((), "PostgreSQL does not answer")
    assert view.document()["alerts_trouble"] == "PostgreSQL does not answer"


def test_it_looks_by_itself_until_it_is_stopped() -> None:
    watching = Watcher(lambda: Figures([]), list, 60.0, every_s=0.01)
    watching.start()
    assert watching.newest(after=2, patience_s=LONG_S) is not None
    watching.stop()


def test_a_surprise_ends_neither_the_looks_nor_the_figures_beside_it() -> None:
    looks = iter([RuntimeError("never thought of"), Figures([])])

    def look() -> Figures:
        found = next(looks, Figures([]))
        if isinstance(found, Exception):
            raise found
        return found

    def ask() -> list[Flagged]:
        raise KeyError("user_id")

    watching = Watcher(look, ask, 60.0, every_s=0.01)
    watching.start()
    view = watching.newest(after=1, patience_s=LONG_S)
    watching.stop()
    assert view is not None
    assert (view.alerts, view.trouble) == ((), "KeyError: 'user_id'")
