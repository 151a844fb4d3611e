"""The first activation is signed where the key is, and counts for those who trust that key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.aws import first
from fraudctl.errors import UsageError
from fraudctl.home import signing
from fraudctl.home.stack import Paths, Stack
from fraudctl.jobs.application import application
from fraudctl.settings import reading
from fraudctl.settings.profile import Profile, Signing
from pipeline.scoring import activation


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    loaded = reading.load("aws")
    signing.keep(Stack(tmp_path, loaded, {}), signing.new_key())
    return replace(loaded, signing=Signing(Paths(tmp_path).secret_file(signing.KEY)))


def test_the_job_of_the_same_profile_takes_it_for_its_first(profile: Profile) -> None:
    config = application(profile, "kafka:9098", 1, {})
    read = activation.sorted_out([(0, 1_000, first.signed(profile))], config.trust)
    [one] = read.chain
    assert (one.offset, one.content) == (0, config.ruleset)


def test_nobody_else_takes_it(profile: Profile, tmp_path: Path) -> None:
    stranger = signing.with_key(replace(profile, signing=Signing()), signing.new_key())
    read = activation.sorted_out([(0, 1_000, first.signed(profile))], stranger.trust)
    assert (read.chain, len(read.aside)) == ([], 1)


def test_without_a_key_there_is_none(profile: Profile) -> None:
    with pytest.raises(UsageError, match="names no key to sign its first rule set with"):
        first.signed(replace(profile, signing=Signing()))
