"""The table of costs in `docs/aws.md`, made from the shipped prices: `make costs` writes it anew."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from fraudctl.aws import cost
from fraudctl.aws.cost import KPU_GB, TIERS, Prices

FILE: Final = Path(__file__).parents[2] / "docs" / "aws.md"
_PLACE: Final = re.compile(r"(?<=<!-- costs -->\n).*?(?=<!-- end of costs -->)", re.DOTALL)


def text(page: str, price: Prices) -> str:
    """The page with the table of these prices in its place."""
    return _PLACE.sub(lambda _: "\n".join(_lines(price)) + "\n", page)


def _lines(price: Prices) -> Iterator[str]:
    columns = [cost.monthly(price, size.most) for size in TIERS]
    yield f"Prices checked: {price.checked}. Where from: {price.source}"
    yield ""
    yield "| | " + " | ".join(f"{size.most:,}/s" for size in TIERS) + " |"
    yield "|---|" + "---:|" * len(TIERS)
    for name, words in _words(price).items():
        yield _row(f"{name}: {words}", [column[name] for column in columns])
    # Of what is shown, so that whoever adds the column up comes to the same.
    yield _row("**together**", [sum(map(round, one.values())) for one in columns], "**")


def _row(words: str, sums: list[float], mark: str = "") -> str:
    return f"| {words} | " + " | ".join(f"{mark}{usd:,.0f}{mark}" for usd in sums) + " |"


def _words(price: Prices) -> Mapping[str, str]:
    """What each sum is paid for: sizes of the first column, in brackets where they differ."""
    small, middle, large = TIERS
    most = f"{large.most:,}/s:"
    return {
        "MSK": f"3 brokers m7g.large at {price.msk_broker_hour}/h, {small.broker_gb} GB each"
        f" ({most} {large.broker_gb:,} GB) at {price.msk_storage_gb:.2f}/GB",
        "Managed Flink": f"{small.kpus} KPU ({most} {large.kpus}) and one for orchestration at"
        f" {price.flink_kpu_hour}/h, {KPU_GB} GB a KPU at {price.flink_storage_gb:.2f}/GB",
        "Fargate": f"{small.vcpus} vCPU at {price.fargate_vcpu_hour}/h, {small.memory_gb} GB at"
        f" {price.fargate_gb_hour}/h ({most} {large.vcpus} and {large.memory_gb})",
        "RDS": f"in two zones m7g.large at {price.rds_large_hour}/h, {small.postgres_gb} GB"
        f" ({middle.most:,}/s: {middle.postgres_gb:,} GB) at {price.rds_storage_gb}/GB"
        f" ({most} r7g.2xlarge at {price.rds_2xlarge_hour}/h, {large.postgres_gb:,} GB)",
        "ElastiCache": f"2 nodes m7g.large at {price.redis_node_hour}/h",
        "DynamoDB": f"{cost.FLAGGED:.0%} flagged, 2 write units each at {price.dynamodb_write_million}"
        " per million",
        "S3": f"{cost.EVENT_KB} KB an event at {price.s3_gb}/GB, as much again each month",
        "NAT": f"one gateway at {price.nat_hour}/h",
        "CloudWatch": "metrics of topics and containers, alarms, logs (estimate)",
    }


if __name__ == "__main__":
    FILE.write_text(text(FILE.read_text(encoding="utf-8"), cost.prices()), encoding="utf-8")
