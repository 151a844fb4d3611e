"""The rules topic on a broker to which others write as well: what a home signs counts, and nothing else."""

from __future__ import annotations

import itertools
import logging
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fraudctl.console.progress import Progress
from fraudctl.engines.kubernetes import inside, mounted
from fraudctl.errors import Failed, UsageError
from fraudctl.home import audit, signing
from fraudctl.home.audit import Break, Pin
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations, approvals, put_aside, submission
from fraudctl.jobs.activations import Because, Change
from fraudctl.jobs.rules_log import Carried
from fraudctl.kafka import admin
from fraudctl.kafka.admin import TopicSpec
from fraudctl.kafka.sender import Sender
from fraudctl.rules import changes
from fraudctl.settings import reading
from fraudctl.settings.profile import Approval, Signing
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.scoring import activation, keys
from pipeline.scoring.activation import Activation
from tests.kafka_cluster import Cluster
from tests.rule_sets import ONE_RULE
from tests.waiting import LONG_S

NUMBERS = itertools.count()
MakeHome = Callable[[], Stack]


@pytest.fixture
def homes(broker: Cluster, tmp_path: Path) -> MakeHome:
    """Homes on one topic of their own, which is there and empty."""
    topic = f"rules-{next(NUMBERS)}"
    admin.create(broker.inner, [TopicSpec(topic, 1, {"message.timestamp.type": "LogAppendTime"})])
    profile = reading.load("default")
    profile = replace(profile, topics=replace(profile.topics, rules=topic))

    def make() -> Stack:
        home = tmp_path / f"home-{next(NUMBERS)}"
        home.mkdir()
        return Stack(home, profile, {"kafka": broker.at("INNER"), "flink": "127.0.0.1:1"})

    return make


def rules(version: str) -> RuleSet:
    return parse({**ONE_RULE, "version": version})


def begun(stack: Stack) -> activations.RulesTopic:
    """The topic after the first submission of a job."""
    config = submission.job_config(stack, 1, ruleset=ONE_RULE)
    activations.live_config(stack, config)
    return activations.of(stack)


def wrote(stack: Stack, *values: bytes | None) -> None:
    """What somebody who may write to the topic, and has no key, puts there."""
    sender = Sender(stack.kafka)
    for value in values:
        sender.send(stack.profile.topics.rules, value, partition=0)
    assert (sender.flush(), sender.failed) == (0, 0)


def unsigned(*versions: str) -> list[bytes]:
    """Activations as versions without signatures wrote them, one after the other from offset 0 on."""
    records: list[activation.Record] = []
    for at, version in enumerate(versions):
        records.append((at, at, activation.following(activation.read(records), "apply", rules(version))))
    return [value for _, _, value in records if value is not None]


def versions(stack: Stack) -> Sequence[str]:
    return [one.version for one in activations.of(stack).read()]


def test_the_first_submission_makes_a_key_for_the_owner_alone_and_tells_the_job_whom_to_trust(
    homes: MakeHome,
) -> None:
    here = homes()
    config = activations.live_config(here, submission.job_config(here, 1, ruleset=ONE_RULE))
    file = here.paths.secret_file(signing.KEY)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    made = signing.of(here)
    assert made is not None
    assert config.trust == made.trust == replace(made.trust, stack="fraudctl", adopted=0)
    (first,) = activations.of(here).read()
    assert (first.key, first.account and first.account.author) == (keys.public(made.key), signing.user())


def test_what_an_intruder_writes_is_put_aside_and_changes_go_on(homes: MakeHome) -> None:
    here, stranger = homes(), homes()
    topic = begun(here)
    chain = topic.read()
    forged = activation.following(chain, "apply", rules("forged"))
    theirs = signing.with_key(stranger.profile, signing.new_key())
    signed = replace(topic, signing=theirs)
    by_them = activation.following(chain, "apply", rules("forged"), backing=signed.backing(Because()))
    wrote(here, None, b"", b"{", forged, keys.sign(by_them, theirs.key))
    made = topic.activate(lambda known: Change("apply", rules("two")), Because("a new scheme"))
    assert versions(here) == ["one", "two"]
    assert (made.account and made.account.reason) == "a new scheme"
    found = put_aside.of(here) or []
    assert [(one.offset, one.reason.partition(" the key")[0]) for one in found] == [
        (1, "it has no value"),
        (2, "its value is empty"),
        (3, "it is not signed"),
        (4, "it is not signed"),
        (5, "it is signed by"),
    ]


def test_a_home_of_the_version_before_comes_up_with_what_was_in_force(
    homes: MakeHome, caplog: pytest.LogCaptureFixture
) -> None:
    here = homes()
    wrote(here, *unsigned("one", "two"), b"{")
    assert versions(here) == ["one", "two"]
    with caplog.at_level(logging.WARNING):
        config = activations.live_config(here, submission.job_config(here, 1, ruleset=ONE_RULE))
    assert "3 record(s) of before this home had a key count" in caplog.text
    assert config.trust is not None
    assert (config.trust.adopted, config.ruleset["version"]) == (3, "two")
    wrote(here, unsigned("one", "two", "three")[2])
    activations.of(here).activate(lambda chain: Change("apply", rules("four")))
    assert versions(here) == ["one", "two", "four"]
    again = activations.live_config(here, submission.job_config(here, 2, ruleset=ONE_RULE))
    assert again.trust == config.trust


def test_an_interrupted_first_start_begins_again_with_another_key(
    homes: MakeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = homes()
    wrote(here, *unsigned("one"))
    with monkeypatch.context() as cut:
        cut.setattr(signing, "keep", _killed)
        with pytest.raises(KeyboardInterrupt):
            begun(here)
    begun(here)
    assert versions(here) == ["one"]


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_key_of_the_profile_takes_over_nothing_unless_somebody_vouches_for_it(homes: MakeHome) -> None:
    before, after = homes(), homes()
    begun(before)
    signing.keep(after, signing.new_key())
    with pytest.raises(Failed, match="signed by nobody whom this stack trusts") as refused:
        begun(after)
    assert refused.value.code == "untrusted"
    assert activations.signed_for(after).adopt(Because("the former home is gone")) == 1
    assert [one.version for one in begun(after).read()] == ["one"]
    assert activations.of(after).trust().adopted == 1
    assert [one.offset for one in activations.of(before).sorted_out().aside] == [1]


def test_a_rule_set_by_another_key_is_refused_where_the_job_is_the_operators_to_restart(
    homes: MakeHome,
) -> None:
    there = begun(homes())
    operated = replace(homes(), engine="kubernetes")
    signing.keep(operated, there.signer.key)
    feature = {"users": {"by": "ip", "agg": "distinct", "of": "user_id", "window": "1m"}}
    topic, needs_ip = activations.of(operated), parse(ONE_RULE | {"version": "two", "features": feature})
    with pytest.raises(UsageError, match="no step by ip") as refused:
        topic.activate(lambda _: Change("apply", needs_ip))
    assert "job.hops" in refused.value.hint
    with pytest.raises(UsageError, match="no step by ip"):
        changes.restart_with(operated, needs_ip, 1.0, Progress())
    assert topic.activate(lambda _: Change("apply", rules("two"))).version == "two"


def test_an_audit_log_that_was_cut_and_written_anew_disagrees_with_the_rules_topic(homes: MakeHome) -> None:
    here, stranger = homes(), homes()
    lines = [audit.write(here.home, {"command": command}) for command in ("up", "rules apply")]
    topic = begun(here)
    pins = [Pin(*one) for one in topic.pins()]
    assert pins == [replace(lines[1], where=f"offset 0 of {topic.topic}")]
    audit.write(here.home, {"command": "rules pause"})
    assert audit.verify(here.home, pins).broken is None
    for name in (audit.LOG, audit.HEAD):
        (here.home / name).unlink()
    for _ in range(3):
        audit.write(here.home, {"command": "status"})
    found = audit.verify(here.home, [Pin(*one) for one in topic.pins()])
    assert found.broken == Break(2, f"it is another one than offset 0 of {topic.topic} knows")
    assert activations.of(stranger).pins() == []


def test_where_others_must_approve_nobody_changes_the_rules_alone(homes: MakeHome, tmp_path: Path) -> None:
    here, people = four_eyes(homes(), tmp_path)
    alice, bob = (activations.of(here, people / name) for name in ("alice", "bob"))
    assert begun(here).read()[0].version == "one"
    with pytest.raises(Failed, match="wants approval"):
        alice.activate(lambda chain: Change("apply", rules("two")))
    proposed = approvals.propose(alice, lambda chain: Change("apply", rules("two")), Because("a new scheme"))
    assert ([one.offset for one in approvals.waiting(bob)], versions(here)) == ([proposed.offset], ["one"])
    with pytest.raises(UsageError, match="is your own"):
        approvals.approve(alice, proposed.offset, Because())
    made = approvals.approve(bob, proposed.offset, Because("tried"))
    assert isinstance(made, Activation)
    assert (versions(here), approvals.waiting(alice), put_aside.of(here)) == (["one", "two"], [], [])
    assert made.account is not None
    assert (made.account.author, made.account.reason) == ("alice", "a new scheme")
    assert [(one.author, one.reason) for one in made.approvals] == [("bob", "tried")]


APPROVES = """
import sys
from pathlib import Path
from fraudctl.home import stack
from fraudctl.jobs import activations, approvals
from tests import dying
number, home, key, offset = sys.argv[1:]
here = stack.read(Path(home))
topic = activations.of(here, Path(key))
dying.arm(int(number), dying.ON_DISK | dying.AT_SERVERS)
approvals.approve(topic, int(offset), activations.Because("tried"))
"""


def dies_approving(here: Stack, key: Path, offset: int, step: int) -> bool:
    """Whether it came to that step in a process of its own, and was killed there."""
    argv = [sys.executable, "-c", APPROVES, str(step), str(here.home), str(key), str(offset)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=LONG_S)
    assert done.returncode in (-9, 0), done.stderr
    return done.returncode == -9


def test_an_approval_that_is_cut_off_counts_once_or_not_at_all_and_is_given_again(
    homes: MakeHome, tmp_path: Path
) -> None:
    here, people = four_eyes(homes(), tmp_path)
    begun(here)
    here.save()
    alice, bob = (activations.of(here, people / name) for name in ("alice", "bob"))
    steps, counted = 0, ["one"]
    for step in count(1):
        version = f"v{step}"
        proposed = approvals.propose(alice, partial(_applied, version), Because())
        is_killed = dies_approving(here, people / "bob", proposed.offset, step)
        assert versions(here) in (counted, [*counted, version])
        if is_killed and versions(here) == counted:
            approvals.approve(bob, proposed.offset, Because("again"))
        counted.append(version)
        assert (versions(here), approvals.waiting(alice), put_aside.of(here)) == (counted, [], [])
        if not is_killed:
            break
        steps += 1
    assert steps >= 2, "before it is approved of, and before it counts"


def test_a_proposal_is_stale_once_something_else_came_into_force(homes: MakeHome, tmp_path: Path) -> None:
    here, people = four_eyes(homes(), tmp_path)
    begun(here)
    alice, bob = (activations.of(here, people / name) for name in ("alice", "bob"))
    first, second = (
        approvals.propose(alice, partial(_applied, version), Because()) for version in ("two", "three")
    )
    approvals.approve(bob, first.offset, Because())
    assert [one.is_stale for one in approvals.waiting(bob)] == [True]
    with pytest.raises(UsageError, match="came into force since"):
        approvals.approve(bob, second.offset, Because())
    assert versions(here) == ["one", "two"]


def _applied(version: str, chain: Sequence[Activation]) -> Change:
    return Change("apply", rules(version))


def four_eyes(stack: Stack, folder: Path) -> tuple[Stack, Path]:
    """The stack where one of two must approve of what the other proposes, and the folder of their keys."""
    people = folder / f"people-{next(NUMBERS)}"
    people.mkdir()
    lines = []
    for name in ("alice", "bob"):
        key = signing.new_key()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (people / name).write_bytes(pem)
        ssh = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        lines.append(f"{name} {ssh.decode()}\n")
    (people / "trusted").write_text("".join(lines))
    told = Signing(key=people / "alice", trusted=people / "trusted")
    profile = replace(stack.profile, signing=told, approval=Approval(1))
    return replace(stack, profile=profile), people


def test_a_record_that_was_signed_elsewhere_is_written_by_a_pod_and_told_of_as_it_lies(
    homes: MakeHome, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stack, given = homes(), tmp_path / "given"
    before = begun(stack).read()
    given.mkdir()

    def carry(signed: bytes | None) -> str:
        (given / mounted.RECORD).unlink(missing_ok=True)
        if signed is not None:
            (given / mounted.RECORD).write_bytes(signed)
        inside.carry(stack, given)
        return capsys.readouterr().out

    there = activations.of(stack, None, Carried(carry))
    assert there.read() == before
    made = there.activate(changes.apply(rules("elsewhere")), Because("tried"))
    assert activations.of(stack).read() == [*before, made] == there.read()
    assert made.account is not None
    assert (made.version, made.account.reason) == ("elsewhere", "tried")
