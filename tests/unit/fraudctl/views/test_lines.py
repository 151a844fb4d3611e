"""The overview fits a terminal of 80 columns, whatever is to be told."""

from __future__ import annotations

from dataclasses import replace

from rich.cells import cell_len

from fraudctl.console.tables import Table
from fraudctl.views import lines
from fraudctl.views.pulse import Partition, Pulse
from fraudctl.views.watcher import View


def text(line: lines.Line) -> str:
    return "".join(part for part, _ in line)


BUSY = Pulse(
    at_s=1_000.0,
    events_s=5_012.3,
    decisions_s=4_998.0,
    flagged=0.0123,
    p50_s=0.012,
    p99_s=0.4,
    lag={"job": 5_000, "sink-postgres": 0},
    partitions=tuple(Partition(n, 1_250.0, 1_250) for n in range(4)),
    job_wanted=True,
    job_running=True,
    checkpoints=9,
    failed_checkpoints=0,
    checkpoint_age_s=3.0,
    checkpoint_took_s=0.2,
    checkpoint_bytes=12_000_000,
    verified_s=940.0,
    stopped=(),
)


def test_a_busy_stack_in_eighty_columns() -> None:
    shown = [text(line).rstrip() for line in lines.overview("default", View(1, (BUSY,), ()), -1, 1_001.0)]
    assert shown == [
        "fraudctl top   default   00:16:40 UTC   every program runs",
        "",
        "events/s          5,012 █               decisions/s       4,998 █",
        "flagged          1.23 % █               p99              400 ms █",
        "p50         12 ms",
        "job         running, checkpoint 3.0 s ago, took 200 ms, 12.0 MB, 0 failed",
        "behind      job 5,000   sink-postgres 0",
        "partitions  0: 1,250/s, 1,250     1: 1,250/s, 1,250     2: 1,250/s, 1,250",
        "            3: 1,250/s, 1,250",
        "verified    61 s ago, no differences",
        "",
        "alerts      none",
        "",
        "up/down choose   enter explain   q quit",
    ]
    assert max(map(cell_len, shown)) <= 80


def test_what_is_wrong_stands_in_the_first_line_and_what_is_not_known_is_a_dash() -> None:
    view = View(1, (Pulse(1_000.0, stopped=("keeper",)),), (), "PostgreSQL does not answer")
    shown = [text(line).rstrip() for line in lines.overview("p", view, -1, 1_001.0)]
    assert shown[0].endswith("stopped: keeper")
    assert shown[2].split() == ["events/s", "-", "decisions/s", "-"]
    assert shown[-3] == "alerts      PostgreSQL does not answer"
    unknown = lines.overview("p", View(1, (Pulse(1_000.0),), ()), -1, 1_001.0)
    assert text(unknown[0]).endswith("programs not known")
    late = lines.overview("p", view, -1, 1_100.0)
    assert text(late[0]).endswith("no news for 100 s")


def test_a_sparkline_rises_to_its_highest_value() -> None:
    assert lines.sparkline([0.0, 3.5, 7.0, None, 7.0]) == "▁▅█ █"
    assert lines.sparkline([0.0, 0.0]) == "▁▁"


def test_a_cell_keeps_its_lines_and_is_cut_where_there_are_too_many_or_too_long_ones() -> None:
    rows = [("a = 8\n8 users",), (None,), ("\n" * 400,), ("x" * 400,)]
    found = [cell for (cell,) in lines.brief(Table("", ("why",), rows)).rows]
    assert found == ["a = 8\n8 users", "", "\n" * 5 + "…", "x" * 300 + "…"]


def test_of_many_readers_partitions_and_stopped_programs_none_is_left_out_unsaid() -> None:
    sinks = ("dynamodb", "elasticsearch", "parquet", "postgres", "redis")
    much = replace(
        BUSY,
        lag={"job": 1_234_567, **{f"sink-{name}": 120_000 for name in sinks}},
        partitions=tuple(Partition(n, 5.0, n) for n in range(12)),
        stopped=("kafka", "postgres", *(f"sink-{name}" for name in sinks)),
    )
    shown = [text(line).rstrip() for line in lines.overview("default", View(1, (much,), ()), -1, 1_001.0)]
    assert shown[:3] == [
        "fraudctl top   default   00:16:40 UTC   7 are stopped",
        "stopped     kafka   postgres   sink-dynamodb   sink-elasticsearch   sink-parquet",
        "            sink-postgres   sink-redis",
    ]
    assert shown[-10:-4] == [
        "behind      job 1,234,567   sink-dynamodb 120,000   sink-elasticsearch 120,000",
        "            sink-parquet 120,000   sink-postgres 120,000   sink-redis 120,000",
        "partitions  0: 5.0/s, 0           1: 5.0/s, 1           2: 5.0/s, 2",
        "            3: 5.0/s, 3           4: 5.0/s, 4           5: 5.0/s, 5",
        "            6: 5.0/s, 6           7: 5.0/s, 7           and 4 more",
        "verified    61 s ago, no differences",
    ]
    assert max(map(cell_len, shown)) <= 80
