"""The names of the catalogue, as Prometheus' conventions want them, and that no label is without bound."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from pipeline.metrics import catalogue
from pipeline.metrics.kinds import Kind, Metric, Unit

OURS = [one for one in catalogue.metrics() if one.name.startswith("fraudctl_")]
BOUNDED = {
    "channel": "those of the profile",
    "consumer": "the job and the sinks",
    "currency": "at most 50",
    "decision": "three",
    "hop": "the keys that rule sets have features by",
    "kind": "two",
    "mark": "three",
    "outcome": "five",
    "part": "three",
    "partition": "those of the profile, at most 256",
    "program": "those of the stack",
    "reason": "the codes there are, at most 50",
    "rule": "at most 500",
    "role": "seven",
    "sink": "those of the profile",
    "topic": "those of the profile",
}


def test_every_name_is_there_once() -> None:
    assert [name for name, times in Counter(m.name for m in catalogue.metrics()).items() if times > 1] == []


@pytest.mark.parametrize("metric", OURS, ids=lambda one: one.name)
def test_a_metric_is_named_and_explained_by_the_conventions(metric: Metric) -> None:
    assert re.fullmatch(r"fraudctl(_[a-z]+)+", metric.name)
    assert metric.name.endswith("_total") == (metric.kind is Kind.COUNTER)
    assert not re.search(r"_(ms|milliseconds|minutes|kb|mb|megabytes|percent)(_total)?$", metric.name)
    assert not re.search(r"_(count|sum|bucket|info)$", metric.name)
    assert metric.help
    assert not metric.help.endswith(".")


@pytest.mark.parametrize("metric", OURS, ids=lambda one: one.name)
def test_every_label_has_a_bound(metric: Metric) -> None:
    assert set(metric.labels) <= BOUNDED.keys()


def test_the_end_of_a_name_says_its_unit() -> None:
    units = {m.name: m.unit for m in catalogue.metrics()}
    assert units["fraudctl_sink_write_seconds_total"] is Unit.SECONDS
    assert units["fraudctl_sink_newest_decision_timestamp_seconds"] is Unit.MOMENT
    assert units["fraudctl_checkpoint_size_bytes"] is Unit.BYTES
    assert units["fraudctl_sink_written_total"] is Unit.NUMBER


def test_a_histogram_is_asked_for_by_its_three_series() -> None:
    names = {name for name in catalogue.series() if name.startswith("fraudctl_sink_delay")}
    assert names == {f"fraudctl_sink_delay_seconds_{end}" for end in ("bucket", "sum", "count")}
