"""What people read, at the widths of a small, a usual and a wide terminal."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from fraudctl.cli import main
from fraudctl.commands import chaos, doctor, profile, scenario
from fraudctl.commands.rules import cases, lint, show
from fraudctl.commands.rules import list as listing
from fraudctl.console import options
from fraudctl.console.tables import Table, layout
from fraudctl.engines.contract import Condition, ProgramState, ServerHealth
from fraudctl.observe import overview
from fraudctl.traffic.scorecard import Scoreboard
from fraudctl.traffic.simulate import _tables as scorecard_tables

WIDTHS = (80, 120, 200)
AT = "2026-11-27T22:58:23.123Z"
EVENT = "s18f3a9c2e41b7d00-000412"
WHY = "5 users from 203.0.113.9 in 2 minutes; 3 payments above 1,000.00 in 10 minutes"
STUCK = [("elasticsearch", "waiting", 120_394, "refused by 127.0.0.1:9200"), ("postgres", "running", 7, None)]
TABLES = {
    "alerts": Table(
        "",
        ("decided", "decision", "score", "user", "event", "amount", "ip", "why"),
        [(AT, "block", 95, "u0004212", EVENT, "1249.5 EUR", "203.0.113.9", WHY)] * 3,
    ),
    "sinks status": Table(
        "",
        ("sink", "state", "lag", "written", "superseded", "retried", "dead letters", "last error"),
        [
            ("elasticsearch", "waiting", 120_394, 1_234_567, 0, 12, 0, "refused by 127.0.0.1:9200"),
            ("postgres", "running", 7, 1_234_567, 0, 0, 0, ""),
        ],
    ),
    "explain": Table(
        "Rules",
        ("fired", "rule", "points", "when", "values and reason"),
        [
            ("yes", "ip_burst", 60, "ip_users_2m >= 5 and not country in trusted", f"ip_users_2m = 7\n{WHY}"),
            ("no", "impossible_travel_between_cards", 40, "speed_kmh > 900", "speed_kmh = absent"),
        ],
    ),
    "rules history": Table(
        "In force",
        ("since", "version", "hash", "by", "shadow"),
        [(AT, "default-1+paused.ip_burst", "3f9a0b1c2d3e", "stop shadow", "candidate-2")],
    ),
    "put aside": Table(
        "Records on the rules topic that are put aside; what is in force goes on",
        ("topic", "partition", "offset", "what is wrong"),
        [("risk.rules", 0, 120_394, f"its ruleset is no rule set: rules.ip_burst.when: column 1: {WHY}")],
    ),
    "sinks": Table(
        "",
        ("sink", "writes to", "dead letters", "settings"),
        [
            (
                "parquet",
                "s3://risk-decisions-of-a-large-payment-company/production/decisions",
                "risk.decisions.dlq.parquet",
                "batch=40000 gather_ms=500 region=eu-central-1",
            ),
            ("postgres", "postgresql://fraudctl@127.0.0.1:15432/fraudctl", "", ""),
        ],
    ),
    "verify": Table(
        "",
        ("sink", "class", "user", "event", "what"),
        [("elasticsearch", "wrong position", "u0004212", EVENT, "score: 40 is 60 in the log; and 2 more")],
    ),
    "bench": Table(
        "milliseconds from the scheduled time",
        ("", "p50", "p90", "p99", "p99.9", "most"),
        [("decided", 12.3, 45.1, 120.7, 300.2, 1022.0), ("floor", 1.1, 2.2, 3.3, 4.4, 5.5)],
    ),
    "shadow gate": Table(
        "Gate",
        ("limit", "wanted", "found", ""),
        [("min_precision", "0.9", "no labels", "NOT KEPT"), ("max_flips", "100", "1203", "kept")],
    ),
}


def shown(table: Table, width: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    for part in layout(table, width):
        console.print(part)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def assert_readable(table: Table, width: int) -> None:
    """Nothing is cut, nothing is too wide, and what is one word is whole in one line."""
    lines = shown(table, width)
    assert "…" not in "".join(lines)
    assert max(map(len, lines)) <= width
    for row in table.rows:
        for cell in row:
            text = "" if cell is None else str(cell)
            if len(text.split()) == 1 and len(text) < width - 20:
                assert any(text in line for line in lines), (text, lines)
            assert all(word in "\n".join(lines) for word in text.split() if len(word) < 48)


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_readable_at_every_width(name: str, width: int) -> None:
    assert_readable(TABLES[name], width)


def test_what_does_not_fit_is_shown_as_records() -> None:
    assert shown(Table("Alerts", *list(vars(TABLES["alerts"]).values())[1:]), 80)[:8] == [
        "",
        "Alerts",
        "",
        f" decided: {AT}   decision: block   score: 95",
        f" user: u0004212   event: {EVENT}   amount: 1249.5 EUR",
        " ip: 203.0.113.9",
        " why: 5 users from 203.0.113.9 in 2 minutes; 3 payments above 1,000.00 in 10",
        " minutes",
    ]


def test_what_fits_is_a_table_with_its_numbers_on_the_right() -> None:
    lines = shown(Table("", ("sink", "state", "lag", "last error"), STUCK), 80)
    assert lines == [
        "",
        " sink            state        lag   last error",
        f" {'─' * 60}",
        " elasticsearch   waiting   120394   refused by 127.0.0.1:9200",
        " postgres        running        7",
        "",
    ]


def test_the_room_that_is_left_is_shared_by_those_who_need_it() -> None:
    (_, head, *_), long = shown(TABLES["explain"], 120)[1:], shown(TABLES["explain"], 200)
    assert (head.index("when"), head.index("values")) == (52, 87)
    assert any(WHY in line for line in long)


@pytest.mark.parametrize(
    ("cells", "is_right"),
    [
        (("1", "1,249.50"), True),
        (("612 MB", ""), True),
        (("1.5 EUR", "-3 USD"), True),
        (("98.00 %", "none"), True),
        (("1e-05", "-"), True),
        (("", ""), False),
        (("12", "3f9a0b"), False),
        (("1 h 12 min", "3 min 20 s"), False),
    ],
)
def test_a_column_of_numbers_is_on_the_right(cells: tuple[str, str], is_right: bool) -> None:
    lines = shown(Table("", ("a rather long head",), [(cell,) for cell in cells]), 80)
    starts = {line.startswith("    ") for line in lines[3:-1] if line}
    assert starts <= {is_right}


@pytest.fixture(scope="module")
def without_a_stack(tmp_path_factory: pytest.TempPathFactory) -> list[Table]:
    """What the commands show that need none."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FRAUDCTL_HOME", str(tmp_path_factory.mktemp("none") / "home"))
        options.reset()
        answers = [
            show.show("default"),
            lint.lint("default"),
            cases.run_tests("default", complete=True),
            listing.list_rules(),
            profile.list_profiles(),
            profile.show("all-sinks"),
            scenario.list_(),
            scenario.show("ip-burst"),
            chaos.list_(),
            doctor.doctor(),
        ]
    return [table for answer in answers for table in answer.tables]


@pytest.mark.parametrize("width", WIDTHS)
def test_the_commands_that_need_no_stack_are_readable(width: int, without_a_stack: list[Table]) -> None:
    for table in without_a_stack:
        assert_readable(table, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_status_is_readable(width: int) -> None:
    programs = (
        ProgramState("flink-jobmanager", Condition.RUNNING, 4_194_301, 1),
        ProgramState("flink-taskmanager", Condition.FAILED),
    )
    health = [ServerHealth("flink", "Flink", "127.0.0.1:18081", False, "the TaskManager is gone", programs)]
    job = {"name": "fraudctl-live", "state": "RESTARTING", "job_id": "7f" * 16, "uptime_s": 12}
    sinks = [{"name": "sink-postgres", "lag": 12, "written": 1_000_000, "retried": 3, "last_error": WHY}]
    for table in overview.tables(health, job, sinks):
        assert_readable(table, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_scorecard_is_readable(width: int) -> None:
    for table in scorecard_tables(Scoreboard().scorecard()):
        assert_readable(table, width)


@pytest.mark.parametrize("width", WIDTHS)
def test_a_hint_and_a_summary_are_whole_at_every_width(
    width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert main(["rules", "show", "absent", "--home", str(tmp_path)]) == 2
    assert capsys.readouterr().err == (
        "error: no rule set is called 'absent'\n"
        "hint:  give a file, a shipped one (account-to-account, card-not-present, default, gift-cards, "
        "issuer-cards, marketplace), or a version of: fraudctl rules history\n"
    )


def test_a_table_whose_columns_have_no_names_begins_with_its_rows() -> None:
    shown = io.StringIO()
    console = Console(file=shown, width=80)
    for part in layout(Table("", ("", ""), [("before", "default-2"), ("now", "mine-1")]), 80):
        console.print(part)
    assert [line.split() for line in shown.getvalue().splitlines() if line.strip()] == [
        ["before", "default-2"],
        ["now", "mine-1"],
    ]
