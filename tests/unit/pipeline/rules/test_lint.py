"""Warnings about rule sets that run, and the estimate of their state."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.rules import ruleset
from pipeline.rules.lint import KeyState, lint, state_per_key

TEXT = """\
version: v1
settings: {currency: EUR}
features:
  tx_5m: {by: user_id, agg: count, window: 5m}
  tx_5m_again: {by: user_id, agg: count, window: 5m}
  cards_30d: {by: user_id, agg: distinct, of: card_id, window: 30d}
  device_age: {by: user_id, agg: first_seen, of: device_id, ttl: 60d}
  never: {by: ip, agg: count, window: 1m, where: amount > 5 and amount < 5}
rules:
  busy: {when: tx_5m >= 6, points: 40}
  busy_too: {when: 6 <= tx_5m, points: 10}
  busy_as_well: {when: tx_5m > 5, points: 5}
  impossible: {when: tx_5m < 0 or device_age < 0, points: 90}
  always: {when: tx_5m > 1 or not tx_5m > 1, points: 1}
  others: {when: cards_30d > 3 and never > 2 and tx_5m_again > 1, points: 1}
thresholds: {review: 50, block: 80}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def test_what_never_or_always_fires_what_is_there_twice_and_what_is_out_of_reach_is_named(path: Path) -> None:
    assert [str(problem) for problem in lint(ruleset.load(path), 7 * 86_400_000)] == [
        "line 16: thresholds.block: never reached: all rules together give 57 points",
        "line 13: rules.impossible.when: never true: its conditions exclude each other",
        "line 14: rules.always.when: true for every event",
        "line 11: rules.busy_too.when: the same condition as busy",
        "line 12: rules.busy_as_well.when: true for exactly the events of busy",
        "line 8: features.never: its where is never true",
        "line 5: features.tx_5m_again: the same as tx_5m",
        "line 6: features.cards_30d: looks back 30 d, the log keeps 7 d: a replay cannot fill it",
        "line 7: features.device_age: looks back 60 d, the log keeps 7 d: a replay cannot fill it",
    ]


def test_a_log_that_keeps_everything_is_never_too_short(path: Path) -> None:
    assert not [p for p in lint(ruleset.load(path)) if "looks back" in p.message]


def test_the_state_of_a_key_is_estimated_by_hop_and_bounded_by_max_entries(path: Path) -> None:
    settings = ruleset.PlanSettings(max_entries=10)
    assert state_per_key(ruleset.load(path), settings) == [
        KeyState("user_id", 30 * 86_400_000, 90, 64 + 900, 30 * 86_400_000 + 900_000),
        KeyState("ip", 60_000, 16, 64 + 160, 960_000),
    ]


def test_a_literal_in_another_spelling_than_transactions_have_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: v1\n"
        "lists: {nets: ['2001:DB8::1', 192.0.2.1]}\n"
        "features: {n: {by: user_id, agg: count, window: 5m, where: 'currency == \"eur\"'}}\n"
        "rules:\n"
        '  a: {when: \'country in ["de", "FR"] and n > 1\', points: 60}\n'
        "  b: {when: 'ip in nets or \"DE\" == country', points: 60}\n"
        "thresholds: {review: 50, block: 80}\n"
    )
    assert [str(problem) for problem in lint(ruleset.load(file))] == [
        "line 5: rules.a.when: country is never 'de': transactions have 'DE'",
        "line 6: rules.b.when: ip is never '2001:DB8::1': transactions have '2001:db8::1'",
        "line 3: features.n: currency is never 'eur': transactions have 'EUR'",
    ]


def test_an_hour_a_weekday_and_a_day_that_there_are_not_are_named(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: v1\n"
        "settings: {zone: Europe/Berlin}\n"
        "features: {n: {by: user_id, agg: count, window: 5m, where: 'weekday == 8'}}\n"
        "rules:\n"
        "  a: {when: 'hour >= 24 and n > 1', points: 60}\n"
        "  b: {when: 'weekday in [0] and n > 2', points: 60}\n"
        "  c: {when: 'day > 31 and n > 3', points: 60}\n"
        "  e: {when: '(hour > 22 or weekday in [1, 7] or day == 31) and n > 4', points: 90}\n"
        "thresholds: {review: 50, block: 80}\n"
    )
    never = "never true: its conditions exclude each other"
    assert [str(problem) for problem in lint(ruleset.load(file))] == [
        f"line 5: rules.a.when: {never}",
        f"line 6: rules.b.when: {never}",
        f"line 7: rules.c.when: {never}",
        "line 3: features.n: its where is never true",
    ]


def test_what_is_written_like_a_network_and_holds_no_address_is_named(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(
        "version: v1\n"
        "lists: {nets: [10.0.0.0/33, 10.0.0.0/8, '2001:db8::/32', 192.0.2.1]}\n"
        "features: {n: {by: user_id, agg: count, window: 5m, where: 'ip == \"10.0.0.0/8\"'}}\n"
        "rules:\n"
        "  a: {when: 'ip in nets and n > 1', points: 60}\n"
        '  b: {when: \'ip_net == "10.0.0.0/8" or ip_net in ["2001:db8::/48", "10.1.2.3/24"]\', points: 60}\n'
        '  c: {when: \'ip_net in ["10.1.2.0/24", "2001:db8::/64"] and n > 2\', points: 60}\n'
        "thresholds: {review: 50, block: 80}\n"
    )
    assert [str(problem) for problem in lint(ruleset.load(file))] == [
        "line 5: rules.a.when: ip is never '10.0.0.0/33': it is no network",
        "line 6: rules.b.when: ip_net is never '10.0.0.0/8': ip_net is a /24 or a /64",
        "line 6: rules.b.when: ip_net is never '2001:db8::/48': ip_net is a /24 or a /64",
        "line 6: rules.b.when: ip_net is never '10.1.2.3/24': ip_net is a /24 or a /64",
        "line 3: features.n: ip is never '10.0.0.0/8': an address lies in a network "
        'by ip in ["10.0.0.0/8"]',
    ]
