"""The properties of an application are read whole, and a wrong one stops the start."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline import msf
from pipeline.records.members import Malformed
from tests.unit.pipeline.scoring.test_job_settings import ALONE

RUN_OPTIONS = {"PropertyGroupId": "kinesis.analytics.flink.run.options", "PropertyMap": {"python": "main.py"}}


def groups(**properties: str) -> list[dict[str, Any]]:
    return [RUN_OPTIONS, {"PropertyGroupId": msf.GROUP, "PropertyMap": properties}]


def test_properties_replace_what_the_zip_says_and_nothing_else() -> None:
    said = groups(bootstrap="b-1:9098", run="7", start="latest", hops="user_id, ip", python="process")
    config = msf.configured(ALONE.as_document(), said)
    changed = {"bootstrap": "b-1:9098", "run": 7, "start": "latest", "hops": ["user_id", "ip"]}
    assert config.as_document() == ALONE.as_document() | changed | {"python": "process"}


def test_an_application_without_our_properties_runs_what_the_zip_says() -> None:
    assert msf.configured(ALONE.as_document(), [RUN_OPTIONS]) == ALONE


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("boostrap", "b-1:9098", "is no property; there are: bootstrap, run, start, hops, python"),
        ("run", "seven", "'seven' is no whole number"),
    ],
)
def test_a_property_that_cannot_be_used_is_refused_by_its_name(name: str, value: str, said: str) -> None:
    with pytest.raises(Malformed) as caught:
        msf.configured(ALONE.as_document(), groups(**{name: value}))
    assert str(caught.value) == f"{msf.GROUP}.{name}: {said}"


def test_a_value_that_no_job_can_have_is_refused() -> None:
    with pytest.raises(Malformed, match="start: must be earliest or latest"):
        msf.configured(ALONE.as_document(), groups(start="newest"))
