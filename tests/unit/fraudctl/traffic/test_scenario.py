from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from fraudctl.chaos import reading as faults
from fraudctl.errors import UsageError
from fraudctl.settings.shipped import data_dir
from fraudctl.traffic import scenario
from fraudctl.traffic.generator import Planned, Run, label_value, size, stream
from fraudctl.traffic.scenario import ScenarioError

START_MS = 1_795_000_000_000
STEP: dict[str, Any] = {"events": 3, "spacing": ["100ms", "200ms"], "amount": [5, 9.99]}
DOCUMENT: dict[str, Any] = {
    "description": "A test.",
    "population": {"countries": {"DE": 3, "FR": 1}, "currency": "EUR", "merchants": 10},
    "background": {"pause": "1s", "amount": {"median": 30, "spread": 0.5, "lo": 1, "hi": 400}},
    "attacks": [{"name": "a", "every": "1s", "steps": [STEP], "expect": {"rules": ["r"], "flagged_from": 2}}],
}


def with_steps(*steps: dict[str, Any]) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    document["attacks"][0]["steps"] = [STEP | step for step in steps]
    return document


def merged(document: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """The document with a change inside; `countries` are replaced whole."""
    deep = {
        key: merged(document[key], value)
        for key, value in change.items()
        if isinstance(value, dict) and isinstance(document.get(key), dict) and key != "countries"
    }
    return document | change | deep


def run_of(document: dict[str, Any], **changes: Any) -> Run:
    settings = {"seed": 1, "start_ms": START_MS, "rate": 100.0, "duration_ms": 2_000} | changes
    return Run(scenario.parse("test", document), **settings)


def frauds(run: Run) -> list[Planned]:
    return [event for event in stream(run) if event.part is not None]


def test_every_problem_of_a_file_is_told_at_once_and_by_its_path() -> None:
    broken = copy.deepcopy(DOCUMENT)
    broken["extra"] = 1
    broken["description"] = ""
    broken["population"]["countries"] = {"de": 1, "FR": "x"}
    broken["background"]["amount"]["lo"] = 31
    broken["attacks"][0]["expect"]["flagged_from"] = 4
    broken["attacks"].append({"name": "b", "every": "soon", "steps": [], "expect": []})
    broken["attacks"][0]["steps"] = [
        STEP | {"events": True, "spacing": [1, 2], "amount": [9, 5], "ip": "mine"}
    ]
    with pytest.raises(ScenarioError) as caught:
        scenario.parse("test", broken)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "description",
        "population.countries.de",
        "population.countries.FR",
        "background.amount",
        "attacks[0].steps[0].events",
        "attacks[0].steps[0].spacing[0]",
        "attacks[0].steps[0].spacing[1]",
        "attacks[0].steps[0].amount",
        "attacks[0].steps[0].ip",
        "attacks[1].every",
        "attacks[1].steps",
        "attacks[1].expect",
        "extra",
        "attacks[0].expect.flagged_from",
    ]


@pytest.mark.parametrize("content", [None, [], "text", {"attacks": None}])
def test_a_document_that_is_no_scenario_is_refused(content: object) -> None:
    with pytest.raises(ScenarioError):
        scenario.parse("test", content)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"populaton": {}}, "populaton: unknown; did you mean population"),
        ({"population": "many"}, "population: must be a mapping, is 'many'"),
        (
            {"population": {"countries": {"DE": 1}}},
            "population.countries: must name at least two countries"
            " with their weights, such as {DE: 5, FR: 3}",
        ),
        ({"population": {"cards": 21}}, "population.cards: must be a whole number from 1 to 20, not 21"),
        ({"background": {"pause": "0s"}}, "background.pause: must be above 0"),
        (
            {"background": {"amount": {"lo": 1.001}}},
            "background.amount.lo: must be an amount above 0 with at most 2 decimals, is 1.001",
        ),
        ({"attacks": {}}, "attacks: must be a list, is a mapping of 0"),
        ({"attacks": [3]}, "attacks[0]: must be a mapping, is 3"),
    ],
)
def test_a_problem_is_told_in_words_with_its_path(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario.parse("test", merged(DOCUMENT, change))
    assert caught.value.problems == (problem,)


def test_an_attack_of_no_fraud_or_of_less_than_must_be_flagged_is_refused() -> None:
    calm = with_steps({"label": "legit"})
    with pytest.raises(ScenarioError) as caught:
        scenario.parse("test", calm)
    assert caught.value.problems == ("attacks[0].steps: none of the steps is fraud",)
    few = with_steps({"events": 1})
    with pytest.raises(ScenarioError) as caught:
        scenario.parse("test", few)
    expected = "attacks[0].expect.flagged_from: must be a whole number from 1 to 1, not 2"
    assert caught.value.problems == (expected,)


def test_a_country_code_that_yaml_takes_for_no_is_a_country(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(json.dumps(DOCUMENT).replace('"FR"', "NO"))
    assert scenario.load(file).population.countries == {"DE": 3.0, "NO": 1.0}


def test_an_unknown_name_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    (tmp_path / "calm.yaml").write_text("description: x")
    with pytest.raises(UsageError) as caught:
        scenario.find("storm", tmp_path)
    assert (caught.value.message, caught.value.hint) == ("there is no scenario storm", "known: calm")


def test_another_seed_or_start_time_gives_other_people_and_ids() -> None:
    runs = [run_of(DOCUMENT), run_of(DOCUMENT, seed=2), run_of(DOCUMENT, start_ms=START_MS + 1)]
    for field in ("event_id", "user_id", "device_id", "card_id", "ip"):
        seen = [{event.transaction.get(field) for event in stream(run)} for run in runs]
        assert len(set.union(*seen)) == sum(map(len, seen))


def test_events_come_in_order_at_the_rate_with_the_attack_included() -> None:
    run = run_of(DOCUMENT)
    events = list(stream(run))
    times = [event.transaction.event_time_ms for event in events]
    assert len(events) == size(run) == 200
    assert times == sorted(times)
    assert [event.number for event in events] == list(range(200))
    assert all(START_MS <= at < START_MS + 2_000 for at in times)


def test_without_background_only_the_attack_is_left_and_it_is_the_same() -> None:
    def deeds(run: Run) -> list[tuple[int, str, int]]:
        return [
            (e.offset_ms, e.part.instance.partition("/")[2], e.part.number) for e in frauds(run) if e.part
        ]

    alone = run_of(DOCUMENT, background=False)
    assert len(list(stream(alone))) == size(alone) == 6
    assert deeds(alone) == deeds(run_of(DOCUMENT))


def test_no_user_of_the_normal_traffic_pays_more_than_three_times_in_two_pauses() -> None:
    run = run_of(DOCUMENT | {"attacks": []}, duration_ms=20_000)
    paid: dict[str, list[int]] = {}
    for event in stream(run):
        paid.setdefault(event.transaction.user_id, []).append(event.offset_ms)
    assert len(paid) == run.users == 100
    windows = [
        [other for other in times if at <= other < at + 2_000] for times in paid.values() for at in times
    ]
    assert max(map(len, windows)) <= 3


def test_a_person_keeps_device_address_and_country() -> None:
    run = run_of(DOCUMENT | {"attacks": []}, duration_ms=5_000)
    shown: dict[str, set[tuple[Any, ...]]] = {}
    for event in stream(run):
        tx = event.transaction
        shown.setdefault(tx.user_id, set()).add((tx.get("device_id"), tx.get("ip"), tx.get("country")))
    assert all(len(identities) == 1 for identities in shown.values())


@pytest.mark.parametrize(("choice", "distinct"), [("own", 1), ("shared", 1), ("fresh", 3)])
@pytest.mark.parametrize("kind", ["ip", "device", "card"])
def test_identities_are_the_payers_one_stranger_or_always_new(kind: str, choice: str, distinct: int) -> None:
    run = run_of(
        with_steps({"events": 1, "label": "legit"}, {kind: choice}), duration_ms=1_000, background=False
    )
    field = {"ip": "ip", "device": "device_id", "card": "card_id"}[kind]
    own, *shown = (event.transaction.get(field) for event in stream(run))
    assert len(set(shown)) == distinct
    assert (own in shown) == (choice == "own")


def test_fresh_users_are_other_people_and_a_victim_stays_one() -> None:
    users = [
        e.transaction.user_id for e in frauds(run_of(with_steps({}, {"user": "fresh"}), duration_ms=1_000))
    ]
    assert len(set(users[:3])) == 1
    assert len(set(users)) == 4


def test_a_foreign_country_is_not_the_victims_and_a_named_one_is_taken() -> None:
    steps = ({"events": 1}, {"events": 1, "country": "foreign"}, {"events": 1, "country": "KP"})
    own, foreign, named = (
        e.transaction.get("country") for e in frauds(run_of(with_steps(*steps), duration_ms=1_000))
    )
    assert own != foreign
    assert named == "KP"


def test_an_attack_longer_than_the_run_is_squeezed_and_one_far_too_long_is_refused() -> None:
    slow = with_steps({"spacing": ["10s", "10s"]})
    assert max(event.offset_ms for event in frauds(run_of(slow))) < 2_000
    with pytest.raises(UsageError, match="takes 200 s, too long for a run of 2 s") as caught:
        list(stream(run_of(with_steps({"spacing": ["100s", "100s"]}))))
    assert caught.value.hint == "use --duration 12s or longer (200s for its natural pace)"


def test_a_label_tells_the_truth_that_the_transaction_keeps() -> None:
    run = run_of(DOCUMENT, duration_ms=1_000)
    [event, *_] = frauds(run)
    tx = event.transaction
    assert label_value(event, "test").decode() == (
        f'{{"event_id":"{tx.event_id}","user_id":"{tx.user_id}","label":"fraud",'
        f'"label_time":"2026-11-18T11:06:40.{event.offset_ms:03d}Z","scenario":"test",'
        f'"instance":"{run.name}/a-1","by":"simulate"}}'
    )


def test_scenarios_and_faults_are_found_by_a_shipped_name_or_by_any_path(tmp_path: Path) -> None:
    for find, shipped in ((scenario.find, "ip-burst"), (faults.find, "kill-taskmanager")):
        folder = data_dir("scenarios" if find is scenario.find else "faults")
        mine = tmp_path / shipped
        mine.write_bytes((folder / f"{shipped}.yaml").read_bytes())
        for name in (shipped, str(folder / f"{shipped}.yaml"), str(mine)):
            assert find(name, folder).name == shipped
