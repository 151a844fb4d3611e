"""What a command that was killed was in the middle of: found by the next, and done by giving it again."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from fraudctl.errors import Failed
from fraudctl.home import undertakings
from fraudctl.home.undertakings import Undertaking
from fraudctl.observe import doctor

ROTATE = Undertaking("fraudctl secrets rotate flink redis --yes", ("flink", "redis"), restarts_job=True)
GROW = Undertaking("fraudctl topics grow 6 --yes", restarts_job=True, before={"t": 4})
RESCALE = Undertaking("fraudctl job rescale 2", restarts_job=True)


def killed(home: Path, undertaking: Undertaking) -> None:
    """Somebody who was killed in the middle of it."""
    child = os.fork()
    if child == 0:
        with undertakings.begun(home, undertaking):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)


def test_what_came_to_its_end_leaves_nothing_and_meanwhile_nobody_else_begins(tmp_path: Path) -> None:
    with undertakings.begun(tmp_path, ROTATE):
        assert (undertakings.is_at_work(tmp_path), undertakings.cut_off(tmp_path)) == (True, None)
        with (
            pytest.raises(Failed, match="another command is at work: fraudctl secrets rotate"),
            undertakings.begun(tmp_path, RESCALE),
        ):
            pass
    assert (undertakings.is_at_work(tmp_path), undertakings.told(tmp_path)) == (False, None)


def test_what_was_cut_off_is_told_with_what_brings_it_to_its_end(tmp_path: Path) -> None:
    killed(tmp_path, ROTATE)
    assert undertakings.cut_off(tmp_path) == ROTATE
    assert undertakings.told(tmp_path) == (
        f"{ROTATE.command} was cut off",
        f"give it again: {ROTATE.command}",
    )
    said = [one for one in doctor.examine(tmp_path, {}) if one.name == "commands"]
    assert [(one.state, one.mend) for one in said] == [(doctor.BROKEN, f"give it again: {ROTATE.command}")]
    with undertakings.begun(tmp_path, ROTATE):
        pass
    assert undertakings.told(tmp_path) is None


@pytest.mark.parametrize(
    ("cut", "next_one"),
    [
        (ROTATE, RESCALE),
        (ROTATE, Undertaking("fraudctl secrets rotate redis --yes", ("redis",))),
        (GROW, RESCALE),
        (GROW, ROTATE),
        (GROW, Undertaking("fraudctl topics grow 8 --yes", before={"t": 4})),
    ],
)
def test_nothing_begins_that_would_bury_what_was_cut_off(
    tmp_path: Path, cut: Undertaking, next_one: Undertaking
) -> None:
    killed(tmp_path, cut)
    with pytest.raises(Failed, match="was cut off") as refused, undertakings.begun(tmp_path, next_one):
        pass
    assert refused.value.hint == f"give it again first: {cut.command}"
    assert undertakings.cut_off(tmp_path) == cut


@pytest.mark.parametrize(("cut", "next_one"), [(RESCALE, ROTATE), (RESCALE, GROW), (GROW, GROW)])
def test_what_is_done_along_with_another_is_forgotten(
    tmp_path: Path, cut: Undertaking, next_one: Undertaking
) -> None:
    killed(tmp_path, cut)
    with undertakings.begun(tmp_path, next_one):
        pass
    assert undertakings.told(tmp_path) is None


def test_what_up_does_is_taken_off_it_and_the_rest_is_still_told(tmp_path: Path) -> None:
    killed(tmp_path, ROTATE)
    undertakings.finished(tmp_path, servers=["flink", "kafka"])
    assert undertakings.cut_off(tmp_path) == Undertaking(ROTATE.command, ("redis",), restarts_job=True)
    undertakings.finished(tmp_path, servers=["redis"])
    undertakings.finished(tmp_path, job=True)
    assert undertakings.told(tmp_path) is None
    killed(tmp_path, GROW)
    undertakings.finished(tmp_path, servers=["kafka"], job=True)
    assert undertakings.told(tmp_path) is not None


def test_what_cannot_be_read_is_told_as_well(tmp_path: Path) -> None:
    (tmp_path / "jobs").mkdir()
    (tmp_path / "jobs" / "undertaking.json").write_text("{")
    found = undertakings.told(tmp_path)
    assert found is not None
    assert "undertaking.json is damaged" in found[0]
