"""Settings: what a type takes, every problem of what it does not take, and how they are told."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pytest

from pipeline import notify, sinks
from pipeline.notifier import Config
from pipeline.settings.checks import Filled
from pipeline.settings.kinds import Cents, Choice, Duration, File, Number, Scalar, Text, Truth, Whole, shown
from pipeline.settings.reading import (
    Free,
    Nothing,
    Problem,
    SettingsError,
    files,
    make,
    names,
    read,
    settings,
    unknown,
)


@settings({"every_ms": "every"})
class Step:
    count: Annotated[int, Whole(1, 9)]
    every_ms: Annotated[int, Duration(1, 60_000)] = 1_000


@settings({"from_": "from"})
class Plan:
    steps: Annotated[tuple[Step, ...], Filled()]
    from_: Annotated[str, Text()] = "start"
    key: Annotated[Path, File()] | None = None


def test_what_is_given_becomes_values_of_the_types_kinds() -> None:
    given = {"steps": [{"count": "3", "every": "5s"}, {"count": 1}], "from": "here", "key": "a/b"}
    assert read(Plan, given) == (Plan((Step(3, 5_000), Step(1)), "here", Path("a/b")), [])
    assert (names(Plan), files(Plan)) == (("steps", "from", "key"), ("key",))
    assert (names(Nothing), names(Free)) == ((), ())


def test_every_problem_has_its_path_and_what_is_right_stays() -> None:
    given = {"steps": [{"count": 0, "evry": "5s"}, 3, {}], "from": "", "kye": 1, "colour": 2}
    assert read(Plan, given, "plans.mine") == (
        None,
        [
            Problem("plans.mine.steps[0].count", "must be a whole number from 1 to 9, not 0"),
            Problem("plans.mine.steps[0].evry", "unknown; did you mean every"),
            Problem("plans.mine.steps[1]", "must be a mapping, is 3"),
            Problem("plans.mine.steps[2].count", "is missing"),
            Problem("plans.mine.from", "must be a non-empty text"),
            Problem("plans.mine.kye", "unknown; did you mean key"),
            Problem("plans.mine.colour", "unknown setting (known: from, key, steps)"),
        ],
    )
    assert read(Step, {"count": 2, "every": "never"}, "s") == (
        Step(2),
        [Problem("s.every", "'never' is not a duration such as 500ms, 30s, 5m, 24h or 30d")],
    )


def test_settings_that_must_be_right_are_refused_in_one_sentence() -> None:
    with pytest.raises(SettingsError) as caught:
        make(Plan, {"from": 3, "kye": 1}, "the plan")
    assert str(caught.value).splitlines() == [
        "the plan needs steps",
        "from: must be a non-empty text",
        "kye: unknown; did you mean key",
    ]


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        (Whole(-1, 9), "-1", -1),
        (Number(0, 1), "0.5", 0.5),
        (Number(0, 1), 1, 1.0),
        (Truth(), "false", False),
        (Truth(), True, True),
        (Duration(0, bare=True), 500, 500),
        (Duration(-1, bare=True), "-1", -1),
        (Duration(0, whole=False), "1.5s", 1_500),
        (Choice(("own",), "[A-Z]{2}"), "DE", "DE"),
        (Cents(), 9.99, 999),
        (Cents(), "12.5", 1_250),
        (Scalar(), "x", "x"),
        (Scalar(), 1.5, 1.5),
        (Text("a code", "[a-z]+"), "abc", "abc"),
        (File(), "a", Path("a")),
    ],
)
def test_a_kind_reads_what_a_file_or_the_environment_has(kind: Any, given: object, found: object) -> None:
    read_value = kind.read(given)
    assert (read_value, type(read_value)) == (found, type(found))


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Whole(0, 9), True),
        (Whole(0, 9), 1.0),
        (Whole(0, 9), "1.0"),
        (Whole(0, 9), "٣"),
        (Whole(0, 9), "9" * 5_000),
        (Number(0, 1, above=True), 0),
        (Number(0, 1), True),
        (Number(0, 1), "nan"),
        (Number(0, 1), float("nan")),
        (Truth(), "yes"),
        (Truth(), 1),
        (Duration(0), 500),
        (Duration(0), "1.5s"),
        (Duration(0, bare=True), 1.5),
        (Choice(("own",)), ""),
        (Choice(("own",), "[A-Z]{2}"), ["own"]),
        (Cents(), 0.001),
        (Cents(), True),
        (Cents(), "1e99"),
        (Cents(), float("inf")),
        (Scalar(), "a\nb"),
        (Scalar(), None),
        (Scalar(), [1]),
        (Text(), " "),
        (Text(), 3),
        (Text(), "x" * 5_000),
        (File(), 3),
    ],
)
def test_a_kind_refuses_the_rest_in_few_words(kind: Any, given: object) -> None:
    with pytest.raises(ValueError, match=r"must|not a duration|has no value|longer") as caught:
        kind.read(given)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("value", ["x" * 5_000, ["x"] * 5_000, {"x" * 5_000: 1}, 1.5, None])
def test_a_shown_value_is_short(value: object) -> None:
    assert len(shown(value)) < 80


def test_a_number_of_more_digits_than_python_writes_is_shown_and_refused() -> None:
    assert shown(10**5_000) == "a number of 16610 bits"
    with pytest.raises(ValueError, match="must be a whole number from 0 to 9, not a number of 16610 bits"):
        Whole(0, 9).read(10**5_000)


def test_an_unknown_name_is_cut_and_a_long_list_is_not_shown() -> None:
    assert unknown("a", "n" * 5_000, []) == Problem(f"a.{'n' * 80}…", "unknown setting (known: none)")
    assert unknown("", "x", map(str, range(100))) == Problem("x", "unknown setting")


@pytest.mark.parametrize("kind", [*map(sinks.settings_type, sinks.names()), Nothing])
def test_a_sink_and_a_server_without_settings_start_with_their_defaults(kind: Any) -> None:
    assert read(kind, {}) == (kind(), [])


def test_every_plug_in_says_what_it_can_be_told() -> None:
    for name in notify.names():
        assert names(notify.settings_type(name))
    for name in sinks.names():
        assert {"batch", "gather"} <= set(names(sinks.settings_type(name)))


def test_a_notifier_refuses_a_configuration_with_all_that_is_wrong_in_it() -> None:
    document = {"address": "", "chanels": {}, "digest_over": 0, "create": "perhaps"}
    with pytest.raises(ValueError, match="needs channels") as caught:
        Config.parse(document)
    assert str(caught.value).splitlines() == [
        "the notifier's configuration needs channels",
        "address: must be a non-empty text",
        "create: must be true or false, not 'perhaps'",
        "digest_over: must be a whole number from 1 to 1000000, not 0",
        "chanels: unknown; did you mean channels",
    ]
