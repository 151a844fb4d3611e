"""Rule sets: what is read, what is refused and where, the hash, the plan, the lint."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.rules import ruleset
from pipeline.rules.lint import lint
from pipeline.rules.ruleset import PlanSettings, Problem, RuleSetError, Thresholds

TEXT = """\
version: v1
fields: [mcc]
settings: {currency: EUR}
lists: {risky: [NO, KP], limits: [1, 2.5]}
features:
  small_5m: {by: user_id, agg: count, window: 5m, where: 0 < amount < 5}
  cards: {by: user_id, agg: distinct, of: card_id, window: 24h}
  ip_sum: {by: ip, agg: sum, of: amount, session_gap: 30m, where: country in risky}
  age: {by: user_id, agg: first_seen, of: mcc}
  tested: {by: card_id, sequence: [{where: 0 < amount < 5, times: 2}, {where: amount > 200}], within: 10m}
rules:
  mild: {when: mcc == 5411 and amount > 5, points: 10, reason: "{mcc} by {country}"}
  strong: {when: tested or small_5m >= 3, points: 90}
  kind: {when: ip_sum < 10 and age > 5, points: -20, reason: "{ip_sum}"}
thresholds: {review: 50, block: 80}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "rules.yaml"
    file.write_text(TEXT, encoding="utf-8")
    return file


def problems(content: Any) -> list[str]:
    with pytest.raises(RuleSetError) as refused:
        ruleset.parse(content)
    return [str(problem) for problem in refused.value.problems]


def sound(**changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = {
        "version": "v1",
        "features": {"n": {"by": "user_id", "agg": "count", "window": "5m"}},
        "rules": {"r": {"when": "n > 5", "points": 60, "reason": "{n}"}},
        "thresholds": {"review": 50, "block": 80},
    }
    return {**content, **changes}


def test_a_rule_set_is_read_from_its_file(path: Path) -> None:
    rules = ruleset.load(path)
    assert rules.version == "v1"
    assert [(rule.name, rule.points) for rule in rules.rules] == [("strong", 90), ("mild", 10), ("kind", -20)]
    assert rules.thresholds == Thresholds(50, 80)
    assert [item.value for item in rules.lists["risky"]] == ["NO", "KP"]
    assert rules.inputs == ("amount", "country", "mcc", "age", "ip_sum", "small_5m", "tested")
    assert ruleset.parse(rules.content) == ruleset.parse(rules.content)


def test_the_plan_is_what_the_kernel_computes(path: Path) -> None:
    small = [["num", "0"], ["field", "amount"], ["lt"], ["field", "amount"], ["num", "5"], ["lt"], ["and"]]
    large = [["field", "amount"], ["num", "200"], ["gt"]]
    risky = [["field", "country"], ["list", [["str", "NO"], ["str", "KP"]]], ["in"]]
    assert ruleset.load(path).plan(PlanSettings(out_of_orderness_ms=30)).as_document() == {
        "out_of_orderness_ms": 30,
        "dedup_window_ms": 3_600_000,
        "max_entries": 1000,
        "max_event_bytes": 65_536,
        "allowed_lateness_ms": 900_000,
        "max_id_bytes": 256,
        "any_ids": False,
        "max_age_ms": 0,
        "max_ahead_ms": 0,
        "epoch": 0,
        "hops": [
            {
                "key": "user_id",
                "retention_ms": 86_400_000,
                "held_ms": 86_400_000,
                "columns": ["card_id"],
                "wheres": [small],
                "records": {
                    "first_seen": [{"of": "mcc", "ttl_ms": 2_592_000_000, "where": None, "number": 0}],
                    "previous": [],
                },
                "since": {"columns": [0], "wheres": [0], "first_seen": [0], "previous": []},
                "features": [
                    {
                        "name": "age",
                        "agg": "first_seen",
                        "of": "mcc",
                        "ttl_ms": 2_592_000_000,
                        "record": 0,
                        "where": -1,
                    },
                    {
                        "name": "cards",
                        "agg": "distinct",
                        "of": "card_id",
                        "window_ms": 86_400_000,
                        "where": -1,
                    },
                    {"name": "small_5m", "agg": "count", "of": None, "window_ms": 300_000, "where": 0},
                ],
            },
            {
                "key": "ip",
                "retention_ms": 86_400_000,
                "held_ms": 86_400_000,
                "columns": [],
                "wheres": [risky],
                "records": {"first_seen": [], "previous": []},
                "since": {"columns": [], "wheres": [0], "first_seen": [], "previous": []},
                "features": [
                    {"name": "ip_sum", "agg": "sum", "of": "amount", "session_gap_ms": 1_800_000, "where": 0}
                ],
            },
            {
                "key": "card_id",
                "retention_ms": 600_000,
                "held_ms": 600_000,
                "columns": [],
                "wheres": [small, large],
                "records": {"first_seen": [], "previous": []},
                "since": {"columns": [], "wheres": [0, 0], "first_seen": [], "previous": []},
                "features": [{"name": "tested", "agg": "sequence", "steps": [0, 0, 1], "within_ms": 600_000}],
            },
        ],
        "inputs": ["amount", "country", "mcc", "age", "ip_sum", "small_5m", "tested"],
    }


def test_the_user_hop_is_there_even_without_features() -> None:
    content = sound(features={}, rules={"r": {"when": "amount > 5", "points": 1}})
    assert ruleset.parse(content).plan().as_document()["hops"] == [
        {
            "key": "user_id",
            "retention_ms": 0,
            "held_ms": 0,
            "columns": [],
            "wheres": [],
            "records": {"first_seen": [], "previous": []},
            "since": {"columns": [], "wheres": [], "first_seen": [], "previous": []},
            "features": [],
        }
    ]


def test_the_hash_is_of_the_content_not_of_its_order() -> None:
    content = sound()
    backwards = dict(reversed(content.items()))
    changed = sound(version="v2")
    hashes = [ruleset.parse(c).hash for c in (content, backwards, changed)]
    assert hashes[0] == hashes[1] != hashes[2]


def test_every_problem_is_told_at_once_with_its_line(path: Path) -> None:
    path.write_text(
        TEXT.replace("by: ip", "by: ipp")
        .replace("amount > 5,", "amont > 5,")
        .replace("{mcc} by", "{mmc} by")
        .replace("review: 50", "review: 90")
        .replace("window: 24h", "window: 24 h"),
        encoding="utf-8",
    )
    with pytest.raises(RuleSetError) as refused:
        ruleset.load(path)
    assert list(refused.value.problems) == [
        Problem("features.cards.window", 7, "window must be a time such as 500ms, 30s, 5m, 24h or 30d"),
        Problem(
            "features.ip_sum.by",
            8,
            "by must be one of user_id, ip, device_id, card_id, merchant_id, ip_net "
            "or a field under fields:, or a list of up to 4 of these",
        ),
        Problem("rules.mild.reason", 12, "mmc is neither a feature nor a field"),
        Problem(
            "rules.mild.when",
            12,
            "column 17: amont is neither a feature nor a field (further fields are declared under fields:)",
        ),
        Problem("thresholds", 15, "must be {review: R, block: B}, whole, with 1 <= R <= B <= 100"),
    ]


BY_USER = {"by": "user_id"}
FEATURES: list[tuple[Any, str]] = [
    (5, "features.f: a feature is a mapping such as {by: user_id, agg: count, window: 5m}"),
    ({**BY_USER, "agg": "median", "window": "5m"}, "features.f.agg: agg must be one of count"),
    ({**BY_USER, "agg": "count"}, "features.f.window: window must be a time"),
    ({**BY_USER, "agg": "count", "window": "0s"}, "features.f.window: window must lie between 1ms and 2160h"),
    (
        {**BY_USER, "agg": "count", "window": "91d"},
        "features.f.window: window must lie between 1ms and 2160h",
    ),
    (
        {**BY_USER, "agg": "count", "session_gap": "25h"},
        "features.f.session_gap: session_gap must lie between",
    ),
    ({**BY_USER, "agg": "count", "window": "5m", "ttl": "5m"}, "features.f.ttl: ttl does not belong here"),
    ({**BY_USER, "agg": "count", "window": "5m", "of": "ip"}, "features.f.of: of does not belong here"),
    (
        {**BY_USER, "agg": "mean_before", "of": "amount", "window": "5m", "session_gap": "5m"},
        "features.f.session_gap",
    ),
    ({**BY_USER, "agg": "sum", "of": "lat", "window": "5m"}, "features.f.of: sum is of: amount"),
    (
        {**BY_USER, "agg": "distinct", "of": "lat", "window": "5m"},
        "features.f.of: distinct is of a text field",
    ),
    ({**BY_USER, "agg": "previous", "of": "nothing"}, "features.f.of: previous is of a text field"),
    ({**BY_USER, "agg": "count", "window": "5m", "where": "n > 5"}, "features.f.where: column 1: n is not a"),
    ({**BY_USER, "agg": "count", "window": "5m", "where": 5}, "features.f.where: a where is a text"),
    ({**BY_USER, "sequence": [], "within": "5m"}, "features.f.sequence: a sequence is a list of steps"),
    ({**BY_USER, "sequence": [{"times": 3}], "within": "5m"}, "features.f.sequence.0: a step has a where"),
    (
        {**BY_USER, "sequence": [{"where": "amount > 5", "times": 0}], "within": "5m"},
        "features.f.sequence.0.times",
    ),
    ({**BY_USER, "sequence": [{"where": "amount > 5"}]}, "features.f.within: within must be a time"),
]


@pytest.mark.parametrize(("declared", "message"), FEATURES, ids=[message for _, message in FEATURES])
def test_a_feature_that_cannot_be_is_refused(declared: Any, message: str) -> None:
    features = {"f": declared, "n": {"by": "user_id", "agg": "count", "window": "5m"}}
    assert [text[: len(message)] for text in problems(sound(features=features))] == [message]


SECTIONS: list[tuple[dict[str, Any], str]] = [
    ({"versoin": 1}, "versoin: unknown; known are version, features, rules"),
    ({"version": ""}, "version: must be a text of 1 to 100 characters"),
    ({"rules": {}}, "rules: at least one rule is needed"),
    ({"rules": []}, "rules: must be a mapping"),
    ({"rules": {"Bad name": {"when": "n > 1", "points": 1}}}, "rules.Bad name: a rule's name is lower-case"),
    (
        {"rules": {"r": {"when": "n > 1", "points": 101}}},
        "rules.r.points: must be a whole number from -100 to 100",
    ),
    ({"rules": {"r": {"when": "n > 1", "points": True}}}, "rules.r.points: must be a whole number"),
    ({"rules": {"r": {"when": "n > 1", "point": 1, "points": 1}}}, "rules.r.point: unknown; known are when"),
    ({"rules": {"r": {"when": True, "points": 1}}}, "rules.r.when: column 1: when is a text"),
    (
        {"rules": {"r": {"when": "n > 1", "points": 1, "reason": "{n"}}},
        "rules.r.reason: a brace without a name",
    ),
    (
        {"rules": {"r": {"when": "n > 1", "points": 1, "reason": "{n.real}"}}},
        "rules.r.reason: a brace without",
    ),
    (
        {"rules": {"r": {"when": "n > 1", "points": 1, "reason": "x" * 501}}},
        "rules.r.reason: longer than 500",
    ),
    ({"rules": {f"r{i}": {"when": "n > 1", "points": 1} for i in range(501)}}, "rules: at most 500 rules"),
    ({"thresholds": {"review": 50}}, "thresholds: must be {review: R, block: B}"),
    ({"thresholds": {"review": 50, "block": 101}}, "thresholds: must be {review: R, block: B}"),
    ({"lists": {"l": ["DE", 5]}}, "lists.l: must be a list of texts, of numbers or of truth values"),
    ({"lists": {"l": "DE"}}, "lists.l: must be a list"),
    ({"lists": {"amount": []}}, "lists.amount: amount cannot name a list"),
    ({"fields": ["ip"]}, "fields.0: ip cannot name a further field"),
    ({"fields": ["label"]}, "fields.0: label cannot name a further field"),
    ({"fields": ["n"]}, "features.n: n cannot name a feature"),
    ({"settings": {"currency": "euro"}}, "settings.currency: must be a three-letter code"),
]


@pytest.mark.parametrize(("changes", "message"), SECTIONS, ids=[message for _, message in SECTIONS])
def test_a_section_that_cannot_be_is_refused(changes: dict[str, Any], message: str) -> None:
    assert [text[: len(message)] for text in problems(sound(**changes))] == [message]


def test_more_than_sixty_two_conditions_by_one_key_are_refused() -> None:
    features = {
        f"n{i}": {"by": "ip", "agg": "count", "window": "5m", "where": f"amount > {i}"} for i in range(63)
    }
    content = sound(features=features, rules={"r": {"when": "n1 > 1", "points": 1}})
    assert problems(content) == ["features: more than 62 different conditions by ip"]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("a: [1\n", "line 2: not YAML: did not find expected ',' or ']'"),
        ("a: &x [1]\nb: *x\n", "line 1: anchors and aliases are not allowed"),
        ("a: !!python/object/apply:os.system [ls]\n", "line 1: tags are not allowed"),
        ("version: a\nversion: b\n", "line 2: version appears twice"),
        ("a: " + "[" * 12 + "]" * 12, "line 1: nested deeper than 10"),
        ("a: " + "[" * 5000 + "]" * 5000, "line 1: nested deeper than 10"),
        ("- 1\n", "a rule set is a mapping of version, features, rules, …"),
        ("", "a rule set is a mapping of version, features, rules, …"),
    ],
)
def test_a_file_that_is_no_plain_document_is_refused(path: Path, text: str, problem: str) -> None:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RuleSetError) as refused:
        ruleset.load(path)
    assert str(refused.value) == problem


def test_the_lint_asks_about_what_is_sound_but_strange(path: Path) -> None:
    path.write_text(
        "version: v1\n"
        "features:\n"
        "  total: {by: user_id, agg: sum, of: amount, window: 5m}\n"
        "  euros: {by: user_id, agg: sum, of: amount, window: 5m, where: currency == 'EUR'}\n"
        "rules:\n"
        "  a: {when: euros > 5 and country == 5, points: 40}\n"
        "  b: {when: euros > 5, points: 0}\n"
        "thresholds: {review: 40, block: 80}\n",
        encoding="utf-8",
    )
    assert lint(ruleset.load(path)) == [
        Problem("thresholds.review", 8, "never reached: all rules together give 0 points", "warning"),
        Problem("thresholds.block", 8, "never reached: all rules together give 0 points", "warning"),
        Problem("rules.a.when", 6, "compares text with number: always false", "warning"),
        Problem("rules.b.points", 7, "no points: the rule is shown but never counts", "warning"),
        Problem("features.total", 3, "no rule uses it", "warning"),
        Problem(
            "features.total",
            3,
            "does not say which currency: add it to where, or settings: {currency: EUR}",
            "warning",
        ),
    ]
