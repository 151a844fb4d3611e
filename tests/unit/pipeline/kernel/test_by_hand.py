"""Words, zones, rates and keys: kernel, reference and compiled rules beside what was computed by hand."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from pipeline.records.quantities import parse_time
from pipeline.rules.ruleset import RuleSet, parse
from pipeline.rules.zones import known
from pipeline.scoring.order import Record, stamp
from pipeline.scoring.reference import Reference, Scored
from pipeline.scoring.scorer import Scorer
from tests.kernel_process import KernelProcess
from tests.streams import UNITS, Row

AT = "2026-03-05T10:00:00Z"
KEYS = ("user_id", "merchant_id")
"""By one of them alone there are too many conditions."""
NETS = (
    '["10.1.2.3/8", "2001:db8::/32", "::ffff:198.51.100.0/120", "203.0.113.77", "192.0.2.128/25",'
    ' "2400::/0", "0.0.0.0/32"]'
)
EVENTS: dict[str, dict[str, Any]] = {
    "bare": {},
    "ten": {"ip": "10.255.255.255"},
    "mapped": {"ip": "::FFFF:10.0.0.1"},
    "eleven": {"ip": "11.0.0.0"},
    "six": {"ip": "[2001:DB8:FFFF::1]:443"},
    "written": {"ip": "198.51.100.9"},
    "beside": {"ip": "198.51.101.9"},
    "alone": {"ip": "203.0.113.77:8080"},
    "lower half": {"ip": "192.0.2.127"},
    "upper half": {"ip": "192.0.2.128"},
    "no address": {"ip": "unknown"},
    "octal": {"ip": "010.0.0.1"},
    "zero": {"ip": "0.0.0.0", "amount": 0},
    "hidden": {"ip": "64:ff9b::a00:1"},
    "small": {"tag": "straße", "mcc": "0742"},
    "large": {"tag": "STRASSE", "mcc": 742},
    "great": {"tag": "ẞ", "mcc": 742.0, "channel": "ΟΔΟΣ"},
    "dotted": {"tag": "İ", "mcc": True, "channel": "Жук"},
    "family": {"tag": "👨‍👩‍👧", "tip": "12", "flag": "true", "channel": "ǄUNGLA"},
    "two marks": {"tag": "e\u0301", "tip": 12, "flag": True},
    "one mark": {"tag": "é", "tip": True, "flag": 1},
    "no text": {"tag": 1.5, "tip": -0.0, "flag": False},
    "nothing": {"tag": "", "tip": 1e300, "channel": " \t"},
    "in yen": {"currency": "jpy", "amount": -10},
    "in dollars": {"currency": "USD", "amount": 0.0001},
    "in francs": {"currency": "CHF", "amount": 10},
    "huge dollars": {"currency": "USD", "amount": Decimal("99999999999999.9999")},
    "huge": {"amount": Decimal("99999999999999.9999"), "currency": "EUR"},
    "blanks": {"currency": "  ", "amount": 8},
    "half up": {"currency": "JPY", "amount": Decimal("0.025")},
    "half down": {"currency": "JPY", "amount": Decimal("0.075")},
}
ADDRESSES = {
    "ten",
    "mapped",
    "eleven",
    "six",
    "written",
    "beside",
    "alone",
    "lower half",
    "upper half",
    "zero",
}
ADDRESSES |= {"hidden"}
IN_SIX = {"six", "hidden"}
HOLDS: dict[str, set[str]] = {
    f"ip in {NETS}": {"ten", "mapped", "six", "written", "alone", "upper half", "zero", "hidden"},
    f"ip not in {NETS}": {"eleven", "beside", "lower half", "no address", "octal"},
    f"not (ip in {NETS})": set(EVENTS)
    - {"ten", "mapped", "six", "written", "alone", "upper half", "zero", "hidden"},
    'ip in ["::/0"]': IN_SIX,
    'ip in ["0.0.0.0/0"]': ADDRESSES - IN_SIX,
    'ip not in ["0.0.0.0/0", "::/0"]': {"no address", "octal"},
    "ip_net == '10.0.0.0/24'": {"mapped"},
    "ip_net == '192.0.2.0/24'": {"lower half", "upper half"},
    "ip_net == '2001:db8:ffff::/64'": {"six"},
    "ip_net == '64:ff9b::/64'": {"hidden"},
    "present(ip_net)": ADDRESSES,
    "present(ip) and not present(ip_net)": {"no address", "octal"},
    "lower(tag) == 'straße'": {"small"},
    "lower(tag) == 'strasse'": {"large"},
    "lower(tag) == 'ß'": {"great"},
    "lower(tag) == 'İ'": {"dotted"},
    "lower(channel) == 'οδοσ'": {"great"},
    "starts_with(lower(channel), 'жу')": {"dotted"},
    "starts_with(channel, 'Жу') or starts_with(channel, 'ж')": {"dotted"},
    "lower(channel) in ['ǆungla']": {"family"},
    "starts_with(tag, '')": {
        *("small", "large", "great", "dotted", "family", "two marks", "one mark", "no text", "nothing")
    },
    "starts_with(tag, 'e')": {"two marks"},
    "len(tag) == 5": {"family"},
    "len(tag) == 2": {"two marks"},
    "len(tag) == 1": {"one mark", "great", "dotted"},
    "len(tag) == 0": {"nothing"},
    "len(tag) == 3": {"no text"},
    "tag == '1.5'": {"no text"},
    "present(channel)": {"great", "dotted", "family"},
    "mcc == '0742'": {"small"},
    "mcc == '742'": {"large"},
    "mcc == '742.0'": {"great"},
    "mcc == 'true'": {"dotted"},
    "mcc in ['742', 'true']": {"large", "dotted"},
    "len(mcc) >= 4": {"small", "great", "dotted"},
    "present(tip)": {"two marks", "no text", "nothing"},
    "tip == 0": {"no text"},
    "tip >= 12": {"two marks", "nothing"},
    "tip != 12": {"no text", "nothing"},
    "tip not in [12, 0]": {"nothing"},
    "flag": {"two marks"},
    "not flag and present(flag)": {"no text"},
    "flag == False": {"no text"},
    "flag != True": {"no text"},
    "amount_in(EUR) == -0.06": {"in yen"},
    "amount_in(EUR) == 0.0001": {"in dollars"},
    "amount_in(EUR) == 0.0002": {"half up"},
    "amount_in(EUR) == 0.0004": {"half down"},
    "amount_in(EUR) == 0": {"zero"},
    "amount_in(USD) == 10": {"blanks"},
    "amount_in(USD) == 1.25": set(EVENTS)
    - {
        *("in yen", "in dollars", "in francs", "huge dollars", "huge", "blanks", "half up", "half down"),
        "zero",
    },
    "amount_in(EUR) > 1e13": {"huge", "huge dollars"},
    "amount_in(USD) > 1e13": {"huge dollars"},
    "not (amount_in(USD) < 1e14)": {"huge", "in francs"},
    "amount_in(JPY) == -10": {"in yen"},
    "amount_in(JPY) < 0": {"in yen"},
    "currency == 'CHF' and not (amount_in(EUR) > 0)": {"in francs"},
}
"""Conditions, and the events that meet them. The rates: a yen is 0.006 euros, a dollar 0.8."""


def rules(**more: Any) -> dict[str, Any]:
    return {
        "version": "v1",
        "fields": {"mcc": "text", "tag": "text", "tip": "number", "flag": "bool"},
        "settings": {"currency": "EUR"},
        "rates": {"JPY": "0.006", "USD": "0.8"},
        "rules": {"it": {"when": "amount > 0", "points": 1}},
        "thresholds": {"review": 50, "block": 80},
        **more,
    }


def written(number: int, fields: dict[str, Any], at: str = AT) -> Row:
    """A payment of a user of its own, unless it says which."""
    event = {"event_id": f"e{number}", "user_id": f"u{number}", "event_time": at, "amount": 1, **fields}
    value = json.dumps(event | {"amount": 0}, ensure_ascii=False)
    text = value.replace('"amount": 0', f'"amount": {event["amount"]}')
    return Row(0, number, parse_time(at), text.encode())


def by_both(kernel: KernelProcess, ruleset: RuleSet, rows: list[Row]) -> list[dict[str, Any]]:
    """The features of each event, as the reference has them; the kernel has the same."""
    plan = ruleset.plan()
    scored = specified(ruleset, rows)
    answers = kernel.run(plan, rows, "append")
    money = [name for name, one in ruleset.features.items() if one.kind.value == "money"]
    for one, answer in zip(scored, answers, strict=True):
        given = {name: _raw(value, name in money) for name, value in answer["features"].items()}
        assert given == {name: value for name, value in one.values.items() if value is not None}
    return [dict(one.values) for one in scored]


def specified(ruleset: RuleSet, rows: list[Row]) -> list[Scored]:
    records = [Record(row.partition, row.offset, row.append_ms, row.value, row.headers) for row in rows]
    return list(Reference(ruleset.plan()).process(stamp(records)))


def _raw(value: Any, is_money: bool) -> Any:
    if is_money:
        return int(Decimal(value) * UNITS)
    return float(value) if isinstance(value, Decimal) else value


def test_a_condition_is_met_by_the_events_that_were_found_by_hand(kernel: KernelProcess) -> None:
    counted = {
        f"f{n}": {"by": KEYS[n % 2], "agg": "count", "window": "1m", "where": when}
        for n, when in enumerate(HOLDS)
    }
    fired = {f"r{n}": {"when": when, "points": 0} for n, when in enumerate(HOLDS)}
    ruleset = parse(rules(features=counted, rules=fired))
    rows = [written(n, {"merchant_id": f"m{n}", **fields}) for n, fields in enumerate(EVENTS.values())]
    met: dict[str, set[str]] = {when: set() for when in HOLDS}
    for name, values in zip(EVENTS, by_both(kernel, ruleset, rows), strict=True):
        for n, when in enumerate(HOLDS):
            met[when] |= {name} if values[f"f{n}"] else set()
    assert met == HOLDS
    scorer = Scorer(ruleset)
    for name, one in zip(EVENTS, specified(ruleset, rows), strict=True):
        hits = {hit.rule for hit in scorer.verdict(one).hits}
        assert hits == {f"r{n}" for n, when in enumerate(HOLDS) if name in HOLDS[when]}


CLOCKS = [
    ("Europe/Berlin", "2026-03-29T00:59:59.999Z", (1, 7, 29)),
    ("Europe/Berlin", "2026-03-29T01:00:00Z", (3, 7, 29)),
    ("Europe/Berlin", "2026-10-25T00:59:59Z", (2, 7, 25)),
    ("Europe/Berlin", "2026-10-25T01:00:00Z", (2, 7, 25)),
    ("Europe/Berlin", "2026-10-25T02:00:00Z", (3, 7, 25)),
    ("Australia/Lord_Howe", "2026-04-04T14:59:59Z", (1, 7, 5)),
    ("Australia/Lord_Howe", "2026-04-04T15:00:00Z", (1, 7, 5)),
    ("Australia/Lord_Howe", "2026-04-04T15:30:00Z", (2, 7, 5)),
    ("Australia/Lord_Howe", "2026-10-03T15:29:59Z", (1, 7, 4)),
    ("Australia/Lord_Howe", "2026-10-03T15:30:00Z", (2, 7, 4)),
    ("Asia/Kathmandu", "2026-01-31T18:14:59Z", (23, 6, 31)),
    ("Asia/Kathmandu", "2026-01-31T18:15:00Z", (0, 7, 1)),
    ("America/St_Johns", "2026-01-01T03:29:59Z", (23, 3, 31)),
    ("America/St_Johns", "2026-01-01T03:30:00Z", (0, 4, 1)),
    ("Pacific/Apia", "2011-12-30T09:59:59Z", (23, 4, 29)),
    ("Pacific/Apia", "2011-12-30T10:00:00Z", (0, 6, 31)),
    ("Pacific/Kiritimati", "2026-02-28T10:00:00Z", (0, 7, 1)),
    ("Pacific/Marquesas", "2024-03-01T09:29:59Z", (23, 4, 29)),
    ("Pacific/Marquesas", "2024-03-01T09:30:00Z", (0, 5, 1)),
    ("Africa/Casablanca", "2026-02-14T12:00:00Z", (13, 6, 14)),
    ("Africa/Casablanca", "2026-02-16T12:00:00Z", (12, 1, 16)),
    ("Africa/Casablanca", "2026-03-23T12:00:00Z", (13, 1, 23)),
    ("America/Caracas", "2016-05-01T06:59:59Z", (2, 7, 1)),
    ("America/Caracas", "2016-05-01T07:00:00Z", (3, 7, 1)),
    ("Asia/Pyongyang", "2015-08-14T14:59:59Z", (23, 5, 14)),
    ("Asia/Pyongyang", "2015-08-14T15:00:00Z", (23, 5, 14)),
    ("Asia/Pyongyang", "2018-05-04T15:00:00Z", (0, 6, 5)),
    ("UTC", "2000-01-01T00:00:00Z", (0, 6, 1)),
    ("UTC", "2099-12-31T23:59:59.999Z", (23, 4, 31)),
]


@pytest.mark.parametrize("name", dict.fromkeys(name for name, _, _ in CLOCKS))
def test_hours_weekdays_and_days_are_those_of_the_place(kernel: KernelProcess, name: str) -> None:
    zone = known(name)
    assert zone is not None
    features = {
        word: {"by": "user_id", "agg": "previous", "of": word, "ttl": "1d"}
        for word in ("hour", "weekday", "day")
    }
    settings = {"currency": "EUR", "zone": name}
    ruleset = parse(rules(features=features, settings=settings, zones={name: zone.as_document()}))
    clocks = [(at, found) for of, at, found in CLOCKS if of == name]
    for at, found in clocks:
        rows = [written(n, {"user_id": "u"}, at) for n in range(2)]
        _, second = by_both(kernel, ruleset, rows)
        assert tuple(second[word] for word in features) == found, at


def test_keys_of_two_fields_need_both_and_values_are_those_before(kernel: KernelProcess) -> None:
    features = {
        "pair": {"by": ["card_id", "merchant_id"], "agg": "count", "window": "1w"},
        "spent": {"by": ["merchant_id", "card_id"], "agg": "sum", "of": "amount_in(EUR)", "window": "1w"},
        "amounts": {"by": "user_id", "agg": "distinct", "of": "amount", "window": "1w"},
        "last": {"by": "user_id", "agg": "previous", "of": "amount", "ttl": "1w"},
        "tips": {"by": "user_id", "agg": "sum", "of": "tip", "window": "1w"},
        "marked": {"by": ["user_id", "tag"], "agg": "count", "window": "1w"},
    }
    ruleset = parse(rules(features=features))
    given: list[tuple[str, dict[str, Any]]] = [
        ("2026-03-01T10:00:00Z", {"card_id": "c", "merchant_id": "m", "amount": 1, "tip": 0.1, "tag": "x"}),
        ("2026-03-01T10:00:01Z", {"card_id": "c", "amount": "1.00", "tip": 0.2, "tag": "x"}),
        ("2026-03-01T10:00:02Z", {"merchant_id": "m", "amount": "-0", "tip": "0.4"}),
        ("2026-03-01T10:00:03Z", {"card_id": "c", "merchant_id": " ", "amount": 0, "tag": 7}),
        ("2026-03-01T10:00:04Z", {"card_id": "cm", "merchant_id": "", "amount": "1e0", "tag": "7"}),
        ("2026-03-08T09:59:59.999Z", {"card_id": "c", "merchant_id": "m", "amount": 5, "currency": "JPY"}),
        ("2026-03-08T10:00:00Z", {"card_id": "c", "merchant_id": "m", "amount": 5, "currency": "CHF"}),
    ]
    rows = [written(n, {"user_id": "u", **fields}, at) for n, (at, fields) in enumerate(given)]
    found = by_both(kernel, ruleset, rows)
    assert [one.get("pair") for one in found] == [1, None, None, None, None, 2, 2]
    assert [one.get("spent") for one in found] == [10_000, None, None, None, None, 10_300, 300]
    assert [one["amounts"] for one in found] == [1, 1, 2, 2, 2, 3, 3]
    assert [one.get("last") for one in found] == [None, 10_000, 10_000, 0, 0, 10_000, 50_000]
    assert [one.get("tips") for one in found] == [
        0.1,
        0.1 + 0.2,
        0.1 + 0.2,
        0.1 + 0.2,
        0.1 + 0.2,
        0.1 + 0.2,
        0.2,
    ]
    assert [one.get("marked") for one in found] == [1, 2, None, 1, 2, None, None]
