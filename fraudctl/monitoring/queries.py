"""Which names a query asks for, and the recording rules: names for what several queries ask."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from pipeline.metrics import catalogue

_NAME: Final = r"[a-zA-Z_:][\w:]*"
_GROUPING: Final = re.compile(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\([^)]*\)")
_WORDS: Final = r"(?:and|or|unless|bool|offset|by|on|group_left|group_right)\b"
_SELECTOR: Final = re.compile(
    r"\[[^\]]*\]"  # a window
    r"|\d[\w.]*"  # a number, a duration
    rf"|{_WORDS}|{_NAME}\s*\("  # a word of the language, a call
    rf'|(?P<metric>{_NAME}(?:\{{(?:"[^"]*"|[^}}"])*\}})?)'
)
"""The first that fits is taken, so a metric is what is nothing else."""

RECORDED: Final[Mapping[str, str]] = {
    "fraudctl:events:rate1m": (
        'clamp_min(sum(rate(fraudctl_topic_records_total{role="transactions"}[1m]))'
        " - (sum(rate(fraudctl_ticker_ticks_total[1m])) or vector(0)), 0)"
    ),
    "fraudctl:decisions:rate1m": 'sum(rate(fraudctl_topic_records_total{role="decisions"}[1m]))',
    "fraudctl:refused:rate1m": 'sum(rate(fraudctl_topic_records_total{role="refusals"}[1m]))',
    "fraudctl:flagged:rate1h": 'sum(rate(fraudctl_decisions_total{decision!="approve"}[1h]))',
    "fraudctl:decided:rate1h": "sum(rate(fraudctl_decisions_total[1h]))",
    "fraudctl:flagged:ratio1h": "fraudctl:flagged:rate1h / (fraudctl:decided:rate1h > 0)",
    "fraudctl:consumer_lag:records": "sum by (consumer) (fraudctl_consumer_lag_records)",
    "fraudctl:consumer_lag:min1m": "min_over_time(fraudctl:consumer_lag:records[1m])",
    "fraudctl:sink_behind:seconds": (
        "clamp_min(scalar(fraudctl_newest_decision_timestamp_seconds)"
        " - fraudctl_sink_newest_decision_timestamp_seconds, 0)"
    ),
    **{
        f"fraudctl:decisions_slow:ratio{window}": (
            f'1 - sum(rate(fraudctl_decision_delay_seconds_bucket{{le="0.5"}}[{window}]))'
            f" / (sum(rate(fraudctl_decision_delay_seconds_count[{window}])) > 0)"
        )
        for window in ("5m", "30m", "1h", "6h")
    },
    **{
        f"fraudctl:store_slow:ratio{window}": (
            f'1 - sum by (sink) (rate(fraudctl_sink_delay_seconds_bucket{{le="10.0"}}[{window}]))'
            f" / (sum by (sink) (rate(fraudctl_sink_delay_seconds_count[{window}])) > 0)"
        )
        for window in ("5m", "30m", "1h", "6h")
    },
}
"""By name, in an order in which each asks only for those before it."""


def selectors(query: str) -> Iterator[str]:
    """Every metric that a query asks for, with the labels it asks for."""
    for match in _SELECTOR.finditer(_GROUPING.sub(" ", query)):
        if match["metric"] is not None:
            yield match["metric"]


def unknown(query: str) -> set[str]:
    """The names in a query that neither the catalogue nor a recording rule has, nor Prometheus itself."""
    known = catalogue.series() | RECORDED.keys() | {"ALERTS"}
    return {selector.partition("{")[0] for selector in selectors(query)} - known
