"""What a stack on AWS costs a month, reckoned from sizes that are known and prices that are given.

The prices are a file's (`fraudctl/aws/prices.yaml` unless another is named); nothing here knows one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ConfigDict, TypeAdapter, ValidationError

from fraudctl.errors import FileProblems, UsageError
from pipeline.settings.document import DocumentError, read_file

EVENT_KB: Final = 0.15
"""what an event takes in the bucket of training data"""
FLAGGED: Final = 0.01
"""the share of events that DynamoDB holds, each with two write units"""
KPU_GB: Final = 50
_KB_IN_GB, _MILLION = 1e6, 1e6

_STRICT: Final = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Prices:
    """In USD; each name says of what. `checked` is the day on which somebody compared them with AWS'."""

    __pydantic_config__ = _STRICT

    checked: str
    source: str
    """where they were looked up"""
    hours: float
    msk_broker_hour: float
    msk_storage_gb: float
    flink_kpu_hour: float
    flink_storage_gb: float
    fargate_vcpu_hour: float
    fargate_gb_hour: float
    rds_large_hour: float
    rds_2xlarge_hour: float
    rds_storage_gb: float
    redis_node_hour: float
    dynamodb_write_million: float
    s3_gb: float
    nat_hour: float
    cloudwatch: float


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a stack is made of for traffic up to `most` events a second."""

    most: int
    broker_gb: int
    kpus: int
    vcpus: float
    memory_gb: float
    postgres_gb: int
    is_postgres_large: bool = True
    watching: float = 1.0
    """how much of what CloudWatch costs at small traffic"""


TIERS: Final = (
    Sizes(100, 200, 1, 2.5, 5.5, 100),
    Sizes(1_000, 200, 1, 2.5, 5.5, 1_000, watching=130 / 120),
    Sizes(10_000, 1_000, 2, 4.5, 9.5, 2_000, is_postgres_large=False, watching=250 / 120),
)
"""the templates' defaults are the first; the last is an estimate"""


class BadPrices(FileProblems):
    """A file of prices that cannot be reckoned with."""

    code = "prices"
    advice = "see fraudctl/aws/prices.yaml for all there are"


def prices(path: Path | None = None) -> Prices:
    """Those of a file; without one the shipped ones. Raises BadPrices."""
    source = path or Path(__file__).with_name("prices.yaml")
    try:
        return TypeAdapter(Prices).validate_python(read_file(source).content)
    except DocumentError as error:
        raise BadPrices(str(source), [error]) from None
    except ValidationError as error:
        said = [f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
        raise BadPrices(str(source), said) from None


def monthly(price: Prices, rate: float) -> Mapping[str, float]:
    """USD a month by what it is paid for, at so many events a second. UsageError above what is known."""
    size = _size(rate)
    hour, events = price.hours, rate * price.hours * 3_600
    database = price.rds_large_hour if size.is_postgres_large else price.rds_2xlarge_hour
    return {
        "MSK": 3 * (price.msk_broker_hour * hour + size.broker_gb * price.msk_storage_gb),
        "Managed Flink": (size.kpus + 1) * price.flink_kpu_hour * hour
        + size.kpus * KPU_GB * price.flink_storage_gb,
        "Fargate": (size.vcpus * price.fargate_vcpu_hour + size.memory_gb * price.fargate_gb_hour) * hour,
        "RDS": database * hour + size.postgres_gb * price.rds_storage_gb,
        "ElastiCache": 2 * price.redis_node_hour * hour,
        "DynamoDB": events * FLAGGED * 2 / _MILLION * price.dynamodb_write_million,
        "S3": events * EVENT_KB / _KB_IN_GB * price.s3_gb,
        "NAT": price.nat_hour * hour,
        "CloudWatch": price.cloudwatch * size.watching,
    }


def _size(rate: float) -> Sizes:
    found = next((one for one in TIERS if 0 < rate <= one.most), None)
    if found is None:
        raise UsageError(
            f"--rate {rate:g}: the sizes for it are not known", hint=f"above 0, at most {TIERS[-1].most:,}"
        )
    return found
