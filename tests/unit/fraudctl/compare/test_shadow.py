"""Starting, ending and promoting a shadow, and the limits it must keep for that."""

from __future__ import annotations

from pathlib import Path

import pytest

from fraudctl.compare import shadow
from fraudctl.compare.detection import Measure
from fraudctl.compare.diff import Diff, Flip
from fraudctl.compare.proportions import Share
from fraudctl.compare.shadow import Comparison, began
from fraudctl.compare.shadow_gate import Check, Gate, judge, read_gate
from fraudctl.errors import FraudctlError, UsageError
from fraudctl.rules import changes
from pipeline.scoring.reference import ALWAYS
from tests.unit.fraudctl.rules.topic_double import Topic, first, rules

LIVE, CANDIDATE = rules("v1"), rules("v2")


def seen(topic: Topic) -> list[tuple[str, str, str | None]]:
    return [(one.action, one.version, one.shadow and str(one.shadow["version"])) for one in topic.chain]


def test_a_shadow_stays_beside_what_is_applied_until_it_is_stopped() -> None:
    topic = Topic(first(LIVE), shadow.start(CANDIDATE), changes.apply(rules("v3")), shadow.stop)
    assert seen(topic) == [
        ("first", "v1", None),
        ("shadow", "v1", "v2"),
        ("apply", "v3", "v2"),
        ("stop shadow", "v3", None),
    ]


def test_a_promoted_shadow_is_live_and_a_rollback_goes_to_what_was_live_before() -> None:
    topic = Topic(first(LIVE), shadow.start(CANDIDATE), shadow.promote(CANDIDATE), changes.rollback)
    assert seen(topic) == [
        ("first", "v1", None),
        ("shadow", "v1", "v2"),
        ("promote", "v2", None),
        ("rollback", "v1", None),
    ]


def test_what_is_compared_begins_with_the_pair_that_runs_now() -> None:
    topic = Topic(first(LIVE), shadow.start(CANDIDATE), changes.apply(rules("v3")), changes.pause("small"))
    paused = topic.chain[-1]
    assert began(topic.chain, CANDIDATE.hash) == paused
    topic.make(shadow.start(rules("v4")))
    topic.make(shadow.start(CANDIDATE))
    assert began(topic.chain, CANDIDATE.hash) == topic.chain[-1]
    assert paused.from_ms > ALWAYS


@pytest.mark.parametrize(
    ("decide", "message"),
    [
        (shadow.start(LIVE), "v1 is the live rule set"),
        (shadow.stop, "no shadow runs"),
        (shadow.promote(CANDIDATE), "no shadow runs"),
    ],
)
def test_without_a_shadow_there_is_nothing_to_end_or_promote(decide: changes.Decide, message: str) -> None:
    with pytest.raises(FraudctlError, match=message):
        Topic(first(LIVE)).make(decide)


@pytest.mark.parametrize(
    ("made", "again", "message"),
    [
        ((), shadow.start(CANDIDATE), "v2 runs as the shadow already"),
        ((shadow.promote(CANDIDATE),), shadow.promote(CANDIDATE), "v2 was promoted already"),
        ((shadow.promote(CANDIDATE),), shadow.start(CANDIDATE), "v2 is the live rule set"),
        ((shadow.stop,), shadow.stop, "the shadow was stopped already"),
    ],
)
def test_what_is_given_again_is_said_to_be_done(
    made: tuple[changes.Decide, ...], again: changes.Decide, message: str
) -> None:
    topic = Topic(first(LIVE), shadow.start(CANDIDATE), *made)
    with pytest.raises(UsageError, match=message) as refused:
        topic.make(again)
    assert refused.value.code == "already"


def test_only_the_shadow_that_was_looked_at_is_promoted() -> None:
    topic = Topic(first(LIVE), shadow.start(rules("v3")))
    with pytest.raises(UsageError, match="another shadow has been started meanwhile"):
        topic.make(shadow.promote(CANDIDATE))


def found(alerts: tuple[int, int], recall: tuple[Share, Share], flips: int = 0) -> Comparison:
    """Of a thousand events, live and shadow: alerts and recall; `flips` events approved by live alone."""
    diff = Diff(compared=1_000)
    diff.flips.update({Flip("approve", "block"): flips, Flip("approve", "approve"): 7})
    live, candidate = (
        Measure(Share(count, 1_000), Share(0, 0), share, 0, 0, 0, Share(0, 0), (), ())
        for count, share in zip(alerts, recall, strict=True)
    )
    return Comparison(CANDIDATE, "v1", 0, diff, live, candidate, labelled=0)


def test_a_gate_names_each_limit_with_what_was_found() -> None:
    gate = Gate(
        min_compared=500,
        max_alert_rate=0.02,
        max_alert_rate_change=0.005,
        max_flips=0.004,
        min_recall=0.5,
        max_recall_drop=0.1,
    )
    checks = judge(gate, found((10, 18), (Share(3, 4), Share(2, 4)), flips=4))
    assert checks == [
        Check("min_compared", 500, 1_000.0, True),
        Check("min_recall", 0.5, 0.5, True),
        Check("max_alert_rate", 0.02, 0.018, True),
        Check("max_alert_rate_change", 0.005, pytest.approx(0.008), False),
        Check("max_flips", 0.004, 0.004, True),
        Check("max_recall_drop", 0.1, 0.25, False),
    ]


def test_a_limit_on_recall_is_not_kept_where_no_label_tells() -> None:
    none = Share(0, 0)
    assert judge(Gate(min_recall=0.0), found((1, 1), (none, none))) == [
        Check("min_compared", 1, 1_000.0, True),
        Check("min_recall", 0.0, None, False),
    ]


def test_a_gate_is_a_file_of_known_limits(tmp_path: Path) -> None:
    file = tmp_path / "gate.yaml"
    file.write_text("max_flips: 0.01\nmin_recall: 1\n")
    assert read_gate(file) == Gate(max_flips=0.01, min_recall=1)
    for text, message in (
        ("max_flip: 0.1\n", "max_flip: unknown; did you mean max_flips"),
        ("max_flips: few\n", "max_flips: must be a number from 0 to 1, not 'few'"),
        ("max_flips: -1\n", "max_flips: must be a number from 0 to 1, not -1"),
        ("max_flips: 0.1\nmax_flips: 0.2\n", "line 2: max_flips appears twice"),
        ("5\n", "must be a mapping, is 5"),
        ("a: [\n", "line 2: not YAML"),
    ):
        file.write_text(text)
        with pytest.raises(UsageError, match=message):
            read_gate(file)
    with pytest.raises(UsageError, match="cannot be read"):
        read_gate(tmp_path / "none.yaml")
