"""The topic of rules by way of another machine, for who signs here."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fraudctl.console.progress import Progress
from fraudctl.errors import Failed, UsageError
from fraudctl.home import signing
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations, approvals, rules_log
from fraudctl.jobs.activations import Signature
from fraudctl.jobs.rules_log import Carried
from fraudctl.rules import changes
from fraudctl.settings import reading
from fraudctl.settings.profile import Approval, Signing
from pipeline.records import clock
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring.activation import Record
from tests.rule_sets import ONE_RULE

HOUR_MS = 3_600_000


class Topic:
    """What lies on a broker that is not reached from here; whatever is written was so an hour ago."""

    def __init__(self) -> None:
        self.lies: list[Record] = []

    def records(self) -> list[Record]:
        return list(self.lies)

    def append(self, signed: bytes) -> int:
        self.lies.append((len(self.lies), clock.now_ms() - HOUR_MS + len(self.lies) * 10_000, signed))
        return len(self.lies) - 1


class There:
    """Who reaches it, with the steps of the live job; counts how often it is asked, and with what."""

    def __init__(self, topic: Topic, hops: Sequence[str] | None = ("user_id", "ip")) -> None:
        self._topic, self._hops = topic, hops
        self.asked: list[bool] = []

    def __call__(self, signed: bytes | None) -> str:
        self.asked.append(signed is not None)
        said = rules_log.tell(self._topic, signed, lambda: self._hops)
        return f"a warning on the other stream\n{said}\n"


@pytest.fixture
def people(tmp_path: Path) -> Stack:
    """A stack whose rules alice and bob may change, each with a key on this machine."""
    lines = []
    for name in ("alice", "bob"):
        key = signing.new_key()
        (tmp_path / name).write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
        lines.append(f"{name} {public}")
    (tmp_path / "trusted").write_text("\n".join(lines))
    profile = replace(reading.load("default"), signing=Signing(trusted=tmp_path / "trusted"))
    return Stack(tmp_path / "home", profile, {"kafka": "127.0.0.1:1"}, engine="kubernetes")


def by(people: Stack, name: str) -> Signature:
    return Signature(f"{name} says so", people.home.parent / name)


def rules(version: str) -> RuleSet:
    return parse({**ONE_RULE, "version": version})


def applied(people: Stack, there: There, version: str, name: str = "alice") -> object:
    made = changes.apply(rules(version))
    return changes.change(people, made, 5.0, Progress(), by(people, name), Carried(there))


def test_a_change_that_is_signed_here_is_in_force_there_after_two_questions(people: Stack) -> None:
    topic, first = Topic(), None
    for version in ("one", "two"):
        there = There(topic)
        found = applied(people, there, version)
        assert isinstance(found, changes.Changed)
        assert there.asked == [False, True]
        assert (found.made.version, found.is_in_force, found.job_runs) == (version, True, None)
        assert (found.before.version if found.before else None) == first
        first = version
        assert found.made.account is not None
        assert (found.made.account.author, found.made.account.reason) == ("alice", "alice says so")
    assert not [value for _, _, value in topic.lies if value and b"PRIVATE" in value]


def test_what_one_proposes_another_brings_into_force_and_nobody_alone(people: Stack) -> None:
    topic = Topic()
    applied(people, There(topic), "one")
    careful = replace(people, profile=replace(people.profile, approval=Approval(required=1)))
    proposed = applied(careful, There(topic), "two")
    assert isinstance(proposed, approvals.Waiting)
    with pytest.raises(UsageError, match="is your own"):
        changes.approve(
            careful, proposed.offset, 5.0, Progress(), by(careful, "alice"), Carried(There(topic))
        )
    there = There(topic)
    found = changes.approve(careful, proposed.offset, 5.0, Progress(), by(careful, "bob"), Carried(there))
    assert isinstance(found, changes.Changed)
    assert (found.made.version, [one.author for one in found.made.approvals]) == ("two", ["bob"])
    assert there.asked == [False, True, True]


def test_of_two_who_change_the_rules_at_the_same_time_one_is_told_so(people: Stack) -> None:
    topic = Topic()
    applied(people, There(topic), "one")
    late = Carried(There(topic))
    late.records()
    applied(people, There(topic), "two", "bob")
    with pytest.raises(Failed, match="another activation was quicker"):
        changes.change(people, changes.apply(rules("three")), 5.0, Progress(), by(people, "alice"), late)


def test_a_step_that_the_live_job_lacks_is_told_before_anything_is_written(people: Stack) -> None:
    there = There(Topic(), hops=("user_id",))
    features = {"shops_1m": {"by": "merchant_id", "agg": "count", "window": "1m"}}
    more = changes.apply(parse({**ONE_RULE, "version": "one", "features": features}))
    with pytest.raises(UsageError, match="no step by merchant_id"):
        changes.change(people, more, 5.0, Progress(), by(people, "alice"), Carried(there))
    assert there.asked == [False]


def test_a_key_that_nobody_trusts_changes_nothing(people: Stack, tmp_path: Path) -> None:
    stranger = signing.new_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "eve").write_bytes(stranger)
    there = There(Topic())
    with pytest.raises(signing.BadKey, match="not among those"):
        applied(people, there, "one", "eve")
    assert there.asked == []


def test_an_answer_that_is_none_is_shown(people: Stack) -> None:
    with pytest.raises(Failed, match="not told of: the pod said something else"):
        Carried(lambda _: "the pod said something else").records()
    with pytest.raises(Failed, match="not told of"):
        Carried(lambda _: json.dumps({"records": 1})).records()


def test_a_record_of_any_bytes_comes_over_as_it_is() -> None:
    topic = Topic()
    topic.append(b"\xff\x00 not JSON")
    topic.lies.append((1, 5, None))
    assert Carried(There(topic)).records() == topic.lies


def test_the_steps_there_are_those_of_the_topic(people: Stack) -> None:
    found = activations.of(people, people.home.parent / "bob", Carried(There(Topic(), ("merchant_id",))))
    assert found.hops == ["merchant_id"]
