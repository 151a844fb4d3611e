"""The words of a command that is handed over to where the data is."""

from __future__ import annotations

import pytest

from fraudctl.commands import _nearby
from fraudctl.console import options


@pytest.mark.parametrize(
    ("given", "there"),
    [
        (
            ["replay", "--rules", "mine.yaml", "--diff", "live"],
            ["replay", "--rules", "0a1b", "--diff", "live"],
        ),
        (["replay", "--rules=mine.yaml"], ["replay", "--rules=0a1b"]),
        (["replay", "--home", "/h", "--rules", "other.yaml"], ["replay", "--rules", "other.yaml"]),
    ],
)
def test_a_rule_set_of_this_machine_is_named_there_by_its_hash_and_the_home_not_at_all(
    given: list[str], there: list[str]
) -> None:
    options.change(arguments=tuple(given))
    assert _nearby.renamed(_nearby.given(), {"mine.yaml": "0a1b"}) == there
