"""The page of metrics is the catalogue's."""

from __future__ import annotations

from fraudctl.monitoring import page


def test_the_page_is_as_the_catalogue_makes_it() -> None:
    assert page.FILE.read_text(encoding="utf-8") == page.text(), "run: make metrics"
