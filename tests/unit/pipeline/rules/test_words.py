"""Words that a rule set adds: zones, rates, kinds of further fields, networks, keys of several fields."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from pipeline.records.events import Transaction
from pipeline.rules import lint
from pipeline.rules.derived import LocalTime
from pipeline.rules.plan import Plan
from pipeline.rules.ruleset import RuleSet, RuleSetError, load, parse
from pipeline.rules.zones import known
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference
from pipeline.scoring.scorer import Scorer

AT = "2026-03-29T01:30:00Z"
"""Half past three of a summer time that began half an hour ago in Berlin."""


def rules(when: str, **more: Any) -> dict[str, Any]:
    return {
        "version": "v1",
        "rules": {"it": {"when": when, "points": 60}},
        "thresholds": {"review": 50, "block": 80},
        **more,
    }


def written(content: dict[str, Any], folder: Path) -> RuleSet:
    path = folder / "rules.yaml"
    path.write_text(json.dumps(content), encoding="utf-8")
    return load(path)


def fires(ruleset: RuleSet, **fields: Any) -> bool:
    event = {"event_id": "e", "user_id": "u", "event_time": AT, "amount": 10, **fields}
    (stamped,) = stamp([Record(0, 0, 1_774_748_000_000, json.dumps(event).encode())], time="event")
    (scored,) = Reference(ruleset.plan()).process([stamped])
    return bool(Scorer(ruleset).verdict(scored).hits)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("hour == 3", True),
        ("hour == 2", False),
        ("weekday == 7", True),
        ("day == 29 and hour + 1 == 4", True),
    ],
)
def test_hours_and_days_are_those_of_the_zone_that_the_rule_set_names(
    tmp_path: Path, when: str, holds: bool
) -> None:
    assert fires(written(rules(when, settings={"zone": "Europe/Berlin"}), tmp_path)) is holds


def test_a_zone_travels_in_the_content_and_nobody_looks_it_up_again(tmp_path: Path) -> None:
    loaded = written(rules("hour == 3", settings={"zone": "Europe/Berlin"}), tmp_path)
    assert parse(loaded.content) == loaded
    moved = json.loads(json.dumps(loaded.content))
    zone = moved["zones"]["Europe/Berlin"]
    zone["offsets_s"] = [offset + 3_600 for offset in zone["offsets_s"]]
    assert fires(loaded)
    assert not fires(parse(moved))
    assert parse(moved).hash != loaded.hash
    assert Plan.from_document(json.loads(json.dumps(loaded.plan().as_document()))) == loaded.plan()


@pytest.mark.parametrize(
    "name", ["Europe/Berlin", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Kathmandu", "UTC"]
)
def test_the_changes_of_a_zone_say_what_the_zone_itself_says(name: str) -> None:
    zone = known(name)
    assert zone is not None
    # Not the machine's own zones, which may be of another year.
    with resources.files("tzdata.zoneinfo").joinpath(*name.split("/")).open("rb") as data:
        info = ZoneInfo.from_file(data)
    for second in range(946_684_800, 4_102_444_800, 7_654_321):
        local = datetime.fromtimestamp(second, UTC).astimezone(info)
        transaction = Transaction("e", "u", second * 1_000, 0)
        told = [LocalTime(word, zone).value(transaction) for word in ("hour", "weekday", "day")]
        assert told == [local.hour, local.isoweekday(), local.day]


@pytest.mark.parametrize(
    ("when", "fields", "holds"),
    [
        ("amount_in(EUR) == 10", {}, True),
        ("amount_in(EUR) == 0.06", {"currency": "JPY"}, True),
        ("amount_in(USD) == 12.5", {"currency": "EUR"}, True),
        ("present(currency) and amount_in(EUR) < 1000", {"currency": "CHF"}, False),
        ("amount_in(EUR) == 0.0003", {"currency": "JPY", "amount": "0.05"}, True),
        ("amount_in(EUR) == 0.0002", {"currency": "JPY", "amount": "0.0417"}, False),
    ],
)
def test_amounts_are_converted_exactly_and_rounded_once(
    when: str, fields: dict[str, Any], holds: bool
) -> None:
    given = {name: float(value) if name == "amount" else value for name, value in fields.items()}
    rates = {"JPY": "0.006", "USD": 0.8}
    assert fires(parse(rules(when, settings={"currency": "EUR"}, rates=rates)), **given) is holds


@pytest.mark.parametrize(
    ("when", "fields", "holds"),
    [
        ("ip in nets", {"ip": "10.1.2.3"}, True),
        ("ip in nets", {"ip": "2001:db8:ffff::1"}, True),
        ("ip in nets", {"ip": "198.51.100.7"}, True),
        ("ip in nets", {"ip": "11.1.2.3"}, False),
        ("ip not in nets", {"ip": "11.1.2.3"}, True),
        ("ip not in nets", {"ip": "::ffff:10.0.0.1"}, False),
        ("ip not in nets", {}, False),
        ("country in nets", {"country": "10.0.0.1"}, False),
        ("ip_net == '10.1.2.0/24'", {"ip": "10.1.2.3"}, True),
        ("ip_net == '2001:db8:0:1::/64'", {"ip": "2001:DB8:0:1:2::3"}, True),
        ("present(ip_net)", {"ip": "none"}, False),
        ("lower(channel) in ['web', 'äé']", {"channel": "ÄÉ"}, True),
        ("starts_with(lower(channel), 'we')", {"channel": "WEB"}, True),
        ("not starts_with(channel, 'we')", {}, True),
        ("len(channel) == 2", {"channel": "\U0001f600x"}, True),
        ("mcc == '0742'", {"mcc": "0742"}, True),
        ("mcc == '5411'", {"mcc": 5411}, True),
        ("is_new", {"is_new": True}, True),
        ("is_new or present(is_new)", {"is_new": "true"}, False),
        ("tip + 1 > 2", {"tip": 1.5}, True),
        ("present(tip)", {"tip": "1.5"}, False),
    ],
)
def test_what_a_word_says_of_an_event(when: str, fields: dict[str, Any], holds: bool) -> None:
    content = rules(
        when,
        fields={"mcc": "text", "is_new": "bool", "tip": "number"},
        lists={"nets": ["10.0.0.0/8", "2001:db8::/32", "198.51.100.7"]},
    )
    assert fires(parse(content), **fields) is holds


def test_a_field_of_a_words_name_goes_before_the_word_and_a_feature_before_both() -> None:
    assert fires(parse(rules("hour == 5", fields=["hour"])), hour=5)
    counted = {"hour": {"by": "user_id", "agg": "count", "window": "1w"}}
    assert fires(parse(rules("hour == 1", features=counted)))
    assert parse(rules("hour == 1", features=counted)).features["hour"].window_ms == 7 * 86_400_000


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (rules("hour > 3"), "column 1: hour needs settings: {zone: Europe/Berlin}"),
        (rules("amount_in(EUR) > 3"), "amount_in(EUR) needs rates"),
        (rules("amount > 3", rates={"JPY": "0.006"}), "rates: are in the rule set's currency"),
        (
            rules("amount > 3", settings={"currency": "EUR"}, rates={"JPY": "-1"}),
            "rates.JPY: must be a decimal",
        ),
        (rules("amount > 3", settings={"currency": "EUR"}, rates={"EUR": 2}), "its rate is 1"),
        (rules("amount > 3", fields={"mcc": "money"}), "fields.mcc: must be one of any, text, number, bool"),
        (rules("amount > 3", settings={"zone": "Europe/Berlin"}), "is not among the zones of the content"),
        (rules("starts_with(amount, 'x')"), "a text is needed here"),
        (rules("starts_with(channel, 'x', 'y')"), "starts_with takes a text and its beginning"),
    ],
)
def test_what_a_word_lacks_is_said(content: dict[str, Any], problem: str) -> None:
    with pytest.raises(RuleSetError) as refused:
        parse(content)
    assert problem in str(refused.value)


def test_a_zone_that_nobody_knows_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(RuleSetError) as refused:
        written(rules("hour > 3", settings={"zone": "Europe/Atlantis"}), tmp_path)
    assert "'Europe/Atlantis' is no zone such as Europe/Berlin or UTC" in str(refused.value)


def test_a_key_of_several_fields_is_one_whatever_their_order_and_lint_says_what_it_costs() -> None:
    def feature(by: object) -> dict[str, Any]:
        return {"n": {"by": by, "agg": "count", "window": "5m"}}

    one = parse(rules("n > 3", features=feature(["merchant_id", "user_id"])))
    other = parse(rules("n > 3", features=feature(["user_id", "merchant_id"])))
    assert one.plan() == other.plan()
    assert one.plan().keys == ("user_id", "user_id+merchant_id")
    (note,) = lint.notes(one)
    assert note.endswith("user_id + merchant_id")
