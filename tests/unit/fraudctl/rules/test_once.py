"""Going back by one, given again after it was cut off: it goes no further than it was asked to."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.errors import UsageError
from fraudctl.home import audit
from fraudctl.jobs.activations import Change
from fraudctl.rules import changes
from fraudctl.rules.once import once
from pipeline.scoring.account import Account, Backing, Destination
from tests.unit.fraudctl.rules.topic_double import Topic, first, rules

COMMAND = {"command": "rules rollback", "arguments": {}}


def begin(home: Path) -> audit.Pin:
    return audit.write(home, COMMAND)


def end(home: Path, begun: audit.Pin, **how: object) -> None:
    audit.write(home, {"command": COMMAND["command"], "ended": begun.line, **how})


def gone_back(begun: audit.Pin) -> Topic:
    """A topic on which the command that began there has written its record."""
    topic = Topic(first(rules("v1")), changes.apply(rules("v2")), changes.apply(rules("v3")))
    account = Account("ada", "host", "2026-01-01T00:00:00.000Z")
    backing = Backing(Destination("stack", "topic"), account, audit=(begun.line, begun.hash))
    topic.make(changes.rollback, backing)
    return topic


def again(home: Path, topic: Topic) -> Change:
    begin(home)
    return once(home, "rollback", changes.rollback)(topic.chain)


@pytest.mark.parametrize("how", [None, {"error": "KeyboardInterrupt"}, {"error": "kafka_unreachable"}])
def test_what_was_written_before_it_was_cut_off_is_not_done_again(
    tmp_path: Path, how: dict[str, object] | None
) -> None:
    begun = begin(tmp_path)
    if how is not None:
        end(tmp_path, begun, **how)
    topic = gone_back(begun)
    assert topic.chain[-1].version == "v2"
    with pytest.raises(UsageError, match="the rollback that was cut off had been written: v2") as refused:
        again(tmp_path, topic)
    assert refused.value.code == "already"


def test_given_once_more_after_that_it_goes_one_further(tmp_path: Path) -> None:
    topic = gone_back(begin(tmp_path))
    refused = begin(tmp_path)
    end(tmp_path, refused, exit_code=2, error="already")
    assert again(tmp_path, topic).live.version == "v1"


def test_after_one_that_ended_well_it_goes_one_further(tmp_path: Path) -> None:
    begun = begin(tmp_path)
    end(tmp_path, begun, exit_code=0)
    assert again(tmp_path, gone_back(begun)).live.version == "v1"


def test_one_that_was_cut_off_before_it_wrote_is_done(tmp_path: Path) -> None:
    begun = begin(tmp_path)
    end(tmp_path, begun, exit_code=0)
    topic = gone_back(begun)
    begin(tmp_path)
    assert again(tmp_path, topic).live.version == "v1"


def test_a_record_of_another_home_is_not_ours(tmp_path: Path) -> None:
    for home in ("ours", "other"):
        (tmp_path / home).mkdir()
    end(tmp_path / "other", begin(tmp_path / "ours"))  # so that its next line is another
    assert again(tmp_path / "ours", gone_back(begin(tmp_path / "other"))).live.version == "v1"
