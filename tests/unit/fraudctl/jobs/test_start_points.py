"""From which state of the past a job is started."""

from __future__ import annotations

import pytest

from fraudctl.errors import Failed
from fraudctl.home.jobs import KeeperState as State
from fraudctl.jobs.start_points import Start, choose
from fraudctl.states.place import RestorePoint

NEW = RestorePoint("file:/c/run-3/j/chk-9", 900, 3, False)
OLD = RestorePoint("file:/s/run-3/savepoint-1", 500, 3, True)
OTHER = RestorePoint("file:/c/run-2/j/chk-40", 950, 2, False)


def test_the_newest_point_of_the_run_in_force_is_chosen() -> None:
    assert choose([OTHER, NEW, OLD], State(run=3), "latest") == Start(3, NEW.path)


def test_without_a_known_run_the_newest_point_of_all_is_chosen() -> None:
    assert choose([OTHER, NEW], State(), "latest") == Start(2, OTHER.path)


def test_a_restart_never_goes_back_behind_the_point_its_run_was_started_from() -> None:
    state = State(run=3, base=OLD.path, base_ms=1000)
    assert choose([NEW, OLD], state, "latest") == Start(3, OLD.path)


def test_a_run_without_any_point_starts_as_a_new_run() -> None:
    assert choose([OTHER], State(run=4), "latest") == Start(None, None)


def test_a_named_savepoint_brings_its_own_run_back() -> None:
    assert choose([NEW], State(run=4), OTHER.path) == Start(2, OTHER.path)


def test_from_none_is_a_new_run_whatever_there_is() -> None:
    assert choose([NEW], State(run=3), "none") == Start(None, None)


def test_a_damaged_point_is_passed_over_for_the_next_older_one_and_said() -> None:
    flaws = {NEW.path: "f is missing"}
    found = choose([NEW, OLD], State(run=3), "latest", lambda point: flaws.get(point.path))
    assert found == Start(3, OLD.path, (f"{NEW.path}: f is missing",))


def test_where_every_point_is_damaged_nothing_begins_anew_in_silence() -> None:
    with pytest.raises(Failed, match=f"every state is damaged; the newest: {NEW.path}: gone") as refused:
        choose([NEW, OLD], State(run=3), "latest", lambda _: "gone")
    assert "--from none" in refused.value.hint
