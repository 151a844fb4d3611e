"""Charts: well-formed, escaped, in the right places."""

from __future__ import annotations

from xml.etree import ElementTree

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
