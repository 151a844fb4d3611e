"""Charts: well-formed, escaped, in the right places."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from fraudctl.compare import backtest_page, replay_page
from fraudctl.compare.diff import Diff
from fraudctl.console import page


def test_a_line_chart_is_well_formed_and_puts_its_ends_at_the_ends() -> None:
    text = page.lines(
        "a <b>", "x & y", [page.Series("s", [(0, 0), (10, 4)], [(0, 0, 1), (10, 3, 4)])], [("max", 4)]
    )
    root = ElementTree.fromstring(text)
    line = root.find("{http://www.w3.org/2000/svg}polyline")
    assert line is not None
    assert line.get("points") == f"{page.LEFT:.1f},256.0 {page.WIDTH - page.RIGHT:.1f},16.0"
    assert root.get("aria-label") == "a <b>"


def test_charts_of_nothing_are_still_charts() -> None:
    ElementTree.fromstring(page.lines("t", "x", [page.Series("s", [])]))
    ElementTree.fromstring(page.bars("t", []))
    ElementTree.fromstring(page.bars("t", [("a", 0.0)]))


def test_a_table_escapes_what_it_shows() -> None:
    assert "<td>&lt;x&gt;</td><td></td>" in page.table(("a", "b"), [("<x>", None)])


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 1, ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (0, 4, ["0", "1", "2", "3", "4"]),
        (0, 137.3, ["0", "50", "100"]),
        (35, 180, ["50", "100", "150"]),
        (0, 0.0023, ["0.0000", "0.0005", "0.0010", "0.0015", "0.0020"]),
        (0, 1_250_000, ["0", "500,000", "1,000,000"]),
        (-3, 3, ["-2", "0", "2"]),
        (7, 7, ["7"]),
    ],
)
def test_an_axis_is_marked_at_round_numbers(low: float, high: float, labels: list[str]) -> None:
    assert [label for _, label in page.ticks(low, high)] == labels


@pytest.mark.parametrize("span", [0.003, 0.9, 1, 7, 99, 137.3, 1e6, 3.3e9])
def test_an_axis_has_a_few_steps_of_one_two_or_five(span: float) -> None:
    step = page.round_step(span)
    assert f"{step:.0e}"[0] in "125"
    assert 1.9 <= span / step <= 5.1


def test_the_highest_value_is_below_the_highest_mark() -> None:
    root = ElementTree.fromstring(page.lines("t", "x", [page.Series("s", [(0, 1), (9, 137.3)])]))
    texts = [text.text for text in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts == ["0", "50", "100", "150", "0", "2", "4", "6", "8", "x", "s"]


def test_a_rule_that_never_fired_has_no_bar_but_is_named() -> None:
    rows = [("busy", 12), ("quiet", 0), ("silent", 0)]
    bars, note = backtest_page._fired(rows)
    assert bars == page.bars("How often each rule fired", [("busy", 12.0)])
    assert note == page.paragraph("Never fired: quiet, silent.", is_note=True)
    assert backtest_page._fired(rows[1:]) == [note]


def test_a_rule_without_changes_has_no_bar_in_the_page_of_a_replay() -> None:
    none = {"fires": 0, "no_longer": 0, "points": 0}
    diff = Diff(compared=2, changed=1, by_rule={"busy": none | {"fires": 1}, "quiet": none})
    assert page.bars("Events by rule", [("busy", 1.0)]) in replay_page.html("t", [], diff)
