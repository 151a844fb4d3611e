"""What a stack on AWS costs, and that the page says what is reckoned."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from fraudctl.aws import cost, cost_page
from fraudctl.errors import UsageError

PAGE = Path(__file__).parents[4] / "docs" / "aws.md"


def page() -> dict[str, list[int]]:
    """The columns of the page's table by the first word of each row."""
    found = re.findall(
        r"^\| \**(Managed Flink|[A-Z]\w+|together)[^|]*\|([^|]*)\|([^|]*)\|([^|]*)\|$", PAGE.read_text(), re.M
    )
    return {
        name: [int(re.sub(r"\D", "", one)) for one in columns]
        for name, *columns in found
        if re.search(r"\d", columns[0])
    }


@pytest.mark.parametrize(("column", "rate"), [(0, 100), (1, 1_000), (2, 10_000)])
def test_the_table_of_the_page_is_what_the_shipped_prices_give(column: int, rate: int) -> None:
    parts = cost.monthly(cost.prices(), rate)
    shown = {name: columns[column] for name, columns in page().items()}
    total = shown.pop("together")
    assert shown == {name: round(usd) for name, usd in parts.items()}
    assert total == sum(shown.values())


def test_other_prices_give_another_answer(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    shipped = (Path(__file__).parents[4] / "fraudctl" / "aws" / "prices.yaml").read_text()
    looked = re.sub("^checked: .*", "checked: '2026-01-31'", shipped, flags=re.M)
    path.write_text(looked.replace("nat_hour: 0.045", "nat_hour: 1"))
    found = cost.prices(path)
    assert (cost.monthly(found, 100)["NAT"], found.checked) == (730.0, "2026-01-31")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hours: 1\n", "nat_hour: Field required"),
        ("hours: [\n", "line"),
        ("nothing: 1\n", "nothing: Unexpected"),
    ],
)
def test_prices_that_cannot_be_reckoned_with_are_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(text)
    with pytest.raises(cost.BadPrices) as caught:
        cost.prices(path)
    assert any(said in str(problem) for problem in caught.value.problems)


def test_a_rate_whose_sizes_nobody_knows_is_refused() -> None:
    with pytest.raises(UsageError, match="the sizes for it are not known"):
        cost.monthly(cost.prices(), 20_000)


def test_the_page_is_the_one_that_is_made_of_the_shipped_prices() -> None:
    assert cost_page.text(PAGE.read_text(), cost.prices()) == PAGE.read_text(), "run: make costs"


def test_other_prices_make_another_table_that_says_when_and_where_they_were_looked_up() -> None:
    other = replace(cost.prices(), msk_broker_hour=1.0, checked="2026-01-31", source="AWS' price list")
    made = cost_page.text(PAGE.read_text(), other)
    assert "Prices checked: 2026-01-31. Where from: AWS' price list" in made
    assert (
        "| MSK: 3 brokers m7g.large at 1.0/h, 200 GB each (10,000/s: 1,000 GB) at 0.10/GB | 2,250 |" in made
    )
