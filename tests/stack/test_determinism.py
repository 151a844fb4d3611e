"""One recorded log gives one set of decisions, at any parallelism and whatever is stopped or killed."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from fraudctl import engines
from fraudctl.engines import targets
from fraudctl.engines.workers import EXPORTER
from fraudctl.errors import Failed
from fraudctl.flink.rest import Flink
from fraudctl.home.stack import Stack
from fraudctl.jobs.submission import job_config
from fraudctl.kafka.sender import Sender
from fraudctl.views import watcher
from tests import prometheus_beside
from tests.nuisance import answers, pestering
from tests.stack.cli import fraudctl
from tests.stack.flow import await_that, kill
from tests.stack.own_jobs import (
    Setup,
    assert_same,
    await_tasks,
    finish,
    folded,
    run,
    running,
    savepoint_folder,
    written,
)
from tests.waiting import LONG_S

EVENTS = 200_000
MIDDLE = EVENTS // 5
EARLY = EVENTS // 40
"""Two sources may have read the whole log when its middle is decided, and while one of them has ended and the
other has not, Flink takes no savepoint."""
START_MS = 1_767_225_600_000
USERS, ADDRESSES = 8_000, 2_500
LATE_MS = (0, 0, 0, 0, 0, 0, 7, 40, 60, 900)
"""How far an event's time lies before its turn; out_of_orderness is 50 ms, so some are late."""


FURTHER: dict[str, Any] = {
    "fields": {"terminal": "text"},
    "features": {
        "pair_amount_5m": {"by": ["user_id", "merchant_id"], "agg": "sum", "of": "amount", "window": "5m"},
        "net_users_1m": {"by": "ip_net", "agg": "distinct", "of": "user_id", "window": "1m"},
        "terminal_before": {"by": "terminal", "agg": "previous", "of": "amount", "ttl": "1h"},
    },
    "rules": {
        "pair": {"when": "pair_amount_5m > 4000", "points": 5, "reason": "{pair_amount_5m} to {merchant_id}"},
        "net": {"when": "net_users_1m >= 25", "points": 5, "reason": "{net_users_1m} users of {ip_net}"},
        "terminal": {"when": "terminal_before > 2900", "points": 5, "reason": "after {terminal_before}"},
    },
}
"""Keys of several fields, of a network and of a declared field: steps of the job beside the default ones."""


def with_further_keys(content: Mapping[str, Any]) -> dict[str, Any]:
    """The rule set with features by each kind of key."""
    return {**content, **{part: {**content.get(part, {}), **added} for part, added in FURTHER.items()}}


def recording(setup: Setup) -> Iterator[tuple[int, bytes, bytes]]:
    """Partition, key and value: 500 events a second, one in fifty a copy, one partition the fullest."""
    rng = random.Random(11)
    draw = rng.random
    for number in range(EVENTS):
        original = number if draw() > 0.02 else max(0, number - 1 - int(draw() * 3_000))
        user = (original * 7_919) % USERS
        partition = (0, 0, 0, 1, 2, 3)[user % 6]
        at = START_MS + original * 2 - LATE_MS[int(draw() * 10)]
        amount = int(draw() ** 4 * 300_000) + 100
        device, card = user * 2 + int(draw() < 0.1), user * 2 + int(draw() < 0.2)
        text = (
            f'{{"event_id":"e{original}","user_id":"u{user}","event_time":{at},'
            f'"amount":{amount // 100}.{amount % 100:02d},"currency":"EUR",'
            f'"ip":"10.{int(draw() * ADDRESSES) % 250}.{original % 10}.7","device_id":"d{device}",'
            f'"card_id":"c{card}","merchant_id":"m{user % 5}","terminal":"{original % 3_000:06d}",'
            f'"country":"{("DE", "FR", "IR")[int(draw() ** 3 * 3)]}"}}'
        )
        yield partition, b"u%d" % user, text.encode()


@pytest.fixture(scope="module")
def recorded(stack: Stack) -> Setup:
    """The topic with the log in it, and a rule set with features by every kind of key to judge it with."""
    setup = Setup(stack, with_further_keys(job_config(stack, 1).ruleset), time="event")
    setup.create("transactions", "refusals")
    sender = Sender(stack.kafka, linger_ms=5)
    for partition, key, value in recording(setup):
        sender.send(setup.transactions, value, key, partition=partition)
    close = {"close": str(START_MS + EVENTS * 2).encode()}
    for partition in range(setup.partitions):
        sender.send(setup.transactions, None, headers=close, partition=partition)
    assert (sender.flush(), sender.failed) == (0, 0)
    return setup


@pytest.fixture(scope="module")
def undisturbed(recorded: Setup) -> dict[tuple[str, str], bytes]:
    """What one subtask decides when nobody disturbs it, and nobody watches it."""
    recorded.create("undisturbed")
    engine = engines.of(recorded.stack)
    engine.stop(recorded.stack, EXPORTER)
    try:
        run(recorded, "undisturbed", parallelism=1)
    finally:
        engine.start(recorded.stack, EXPORTER)
    answer = folded(recorded, "undisturbed")
    values = list(answer.values())
    assert len(answer) == len({value[: value.index(b",")] for _, _, value in recording(recorded)})
    assert sum(b',"late":true,' in value for value in values) > 1_000
    assert sum(b'"decision":"approve"' not in value for value in values) > 100
    for rule in FURTHER["rules"]:
        assert any(b'"rule":"%s"' % rule.encode() in value for value in values), rule
    return answer


def pids(stack: Stack) -> dict[str, int | None]:
    return {name: state.pid for name, state in engines.of(stack).programs(stack).items()}


def await_middle(setup: Setup, decisions: str, middle: int = MIDDLE) -> None:
    """Waits until the job is well inside the log, and no further than that."""

    await_that(
        lambda: written(setup, decisions) >= middle,
        LONG_S,
        lambda: f"{written(setup, decisions)} decisions so far",
    )
    assert written(setup, decisions) < EVENTS * 0.9


def test_two_subtasks_decide_what_one_does(
    recorded: Setup, undisturbed: dict[tuple[str, str], bytes]
) -> None:
    recorded.create("two")
    run(recorded, "two", parallelism=2)
    assert_same(folded(recorded, "two"), undisturbed)


def test_a_job_decides_the_same_while_all_watch_it_and_some_flood_and_hang(
    recorded: Setup, undisturbed: dict[tuple[str, str], bytes]
) -> None:
    stack = recorded.stack
    before = pids(stack)
    recorded.create("watched")
    asked = targets.of(stack).values()
    watching = watcher.of(stack, 60.0, 0.5)
    with prometheus_beside.beside(stack, faster=10) as prometheus, pestering(asked) as questions:
        watching.start()
        run(recorded, "watched", parallelism=1)
        watching.stop()
        assert prometheus.query("sum(sum_over_time(up[5m])) > 20"), "it was not watched"
        assert watching.newest() is not None
        assert questions[0] > 100
    assert_same(folded(recorded, "watched"), undisturbed)
    assert pids(stack) == before
    await_that(lambda: all(map(answers, asked)), LONG_S, lambda: "somebody does not answer any more")


@pytest.mark.parametrize(("before", "after"), [(1, 2), (2, 1)])
def test_a_job_restored_in_the_middle_at_another_parallelism_decides_the_same(
    recorded: Setup, undisturbed: dict[tuple[str, str], bytes], before: int, after: int
) -> None:
    decisions, restore = stopped_early(recorded, before, f"from.{before}.to.{after}")
    assert written(recorded, decisions) < len(undisturbed)
    run(recorded, decisions, parallelism=after, restore=restore)
    assert_same(folded(recorded, decisions), undisturbed)


def stopped_early(setup: Setup, parallelism: int, name: str, tries: int = 3) -> tuple[str, str]:
    """The decisions topic of a job that was stopped early in the log, and its savepoint.

    On a machine with other work a source may have ended before the first decisions are seen; then the job is
    begun anew.
    """
    flink = Flink(setup.stack.flink)
    for attempt in range(1, tries + 1):
        decisions = f"{name}.{attempt}"
        setup.create(decisions)
        with running(setup, setup.config(decisions, parallelism=parallelism)) as job_id:
            await_middle(setup, decisions, EARLY)
            try:
                restore = flink.stop_with_savepoint(job_id, savepoint_folder(setup))
            except Failed as refused:
                if "PartialFinishingNotSupported" not in refused.message or attempt == tries:
                    raise
                continue
            flink.wait_ended(job_id, 60.0)
        return decisions, restore
    raise AssertionError("it was tried at least once")


def test_a_job_whose_taskmanager_is_killed_in_the_middle_decides_the_same(
    recorded: Setup, undisturbed: dict[tuple[str, str], bytes]
) -> None:
    assert_a_kill_changes_nothing(recorded, undisturbed, parallelism=2)


def assert_a_kill_changes_nothing(
    recorded: Setup, undisturbed: dict[tuple[str, str], bytes], parallelism: int
) -> None:
    """One subtask is tried in tests/soak."""
    decisions = f"killed.{parallelism}"
    recorded.create(decisions)
    flink = Flink(recorded.stack.flink)
    settings: dict[str, Any] = {"parallelism": parallelism, "checkpoint_interval_ms": 500}
    with running(recorded, recorded.config(decisions, **settings)) as job_id:
        await_tasks(recorded, job_id)
        await_middle(recorded, decisions)
        kill(recorded.stack, "flink-taskmanager")
        finish(recorded, job_id)
        assert flink.checkpoints(job_id).restored >= 1
    assert_same(folded(recorded, decisions), undisturbed)


@pytest.fixture
def two_workers(stack: Stack) -> Iterator[None]:
    """The stack of all tests with a second TaskManager, which it loses again."""
    before = stack.profile.server("flink").taskmanagers
    fraudctl(stack.home, "up", "--taskmanagers", str(before + 1))
    yield
    fraudctl(stack.home, "up", "--taskmanagers", str(before))


@pytest.mark.usefixtures("two_workers")
def test_a_job_on_two_taskmanagers_of_which_one_is_killed_goes_on_in_the_other_and_decides_the_same(
    recorded: Setup, undisturbed: dict[tuple[str, str], bytes]
) -> None:
    recorded.create("killed.of.two")
    flink = Flink(recorded.stack.flink)
    config = recorded.config("killed.of.two", parallelism=2, checkpoint_interval_ms=500)
    with running(recorded, config) as job_id:
        await_tasks(recorded, job_id)
        assert sum(one.works for one in flink.taskmanagers()) == 2
        await_middle(recorded, "killed.of.two")
        kill(recorded.stack, "flink-taskmanager-2")
        finish(recorded, job_id)
        assert flink.checkpoints(job_id).restored >= 1
    assert_same(folded(recorded, "killed.of.two"), undisturbed)
