"""`fraudctl replay`: another rule set over the log again, and what would have changed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _asking, _completion, _nearby, _options
from fraudctl.compare import backtest_page, replay_page, replay_plan, replay_topics
from fraudctl.compare import replay as replays
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.console.streams import say
from fraudctl.engines import nearby, own_cluster
from fraudctl.errors import Failed, UsageError
from fraudctl.home import rulesets
from fraudctl.settings import moment
from pipeline.records import wording

if TYPE_CHECKING:
    from fraudctl.compare.diff import Diff
    from fraudctl.compare.replay import Replay
    from fraudctl.compare.replay_plan import Plan
    from fraudctl.home.stack import Stack
    from pipeline.rules.ruleset import RuleSet

EXIT_DIFFERENT = 5
SHOWN = 20
_BEGIN_S = 900.0
"""what pods and Flink may take in a cluster, and reading and comparing, beside each job"""


def register(app: typer.Typer) -> None:
    app.command("replay")(replay)


def replay(
    version: Annotated[
        str | None, typer.Option("--rule-version", metavar="V", help="A version or hash; see: rules history.")
    ] = None,
    rules: Annotated[
        str | None,
        typer.Option(
            "--rules",
            help="A file, a shipped one, a version or a hash.",
            autocompletion=_completion.rule_sets,
        ),
    ] = None,
    begin: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TIME", help="Compare events appended from then on: a time or an age."
        ),
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Compare events appended before then.")
    ] = None,
    base: Annotated[
        str | None,
        typer.Option(
            "--diff",
            metavar="BASE",
            help="live, run:N, or a rule set (file, shipped one, version, hash) to replay as well.",
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and do nothing.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the topic of the replay's decisions.")] = False,
    publish: Annotated[
        bool, typer.Option("--publish", help="Then let the replay's decisions replace those that stand.")
    ] = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write an HTML page with charts.")] = None,
    parallelism: Annotated[
        int | None,
        typer.Option("--parallelism", min=1, help="Of the replay's job; the profile's by default."),
    ] = None,
    wait: Annotated[float, _options.waits("Seconds a job may take.")] = 3600.0,
    clean: Annotated[
        bool, typer.Option("--clean", help="Only delete what replays left that were killed.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do not ask, where it costs money or something is deleted.")
    ] = False,
) -> Result:
    """Score the log again with a rule set, beside the live job, and compare.

    Live decisions stay as they are unless --publish is given.

    Exit code 5 when the same rule set gives other decisions than before.

    Example: fraudctl replay --rules candidate.yaml --diff live --report diff.html
    """
    if clean:
        return _clean(engines.current(), version or rules, dry_run, yes)
    if (version is None) == (rules is None):
        raise UsageError("name one rule set", hint="use --rule-version V or --rules NAME")
    if report is not None and base is None:
        raise UsageError("--report shows a diff", hint="add --diff live")
    here = engines.current()
    if (there := _in_a_cluster(here, str(rules or version), base, dry_run, report, wait)) is not None:
        return there
    own_cluster.keep_rule_sets(here)
    ruleset, _ = rulesets.find(str(rules or version), here.home)
    times = moment.of_option("--from", begin), moment.of_option("--to", until)
    made = replay_plan.plan(here, ruleset, *times, base, parallelism)
    if dry_run:
        return Result(_plan_text(made), {"plan": made.as_document()}, tables=(_plan_table(made),))
    cluster = own_cluster.made_for(here, made.parallelism)
    say(_plan_text(made))
    if left := replay_topics.unfinished(here):
        say(
            f"replays that did not end have left {', '.join(left)}; delete that with: fraudctl replay --clean"
        )
    if cluster and not yes:
        _asking.confirm(f"Make {cluster}?")
    with progress("replay", made.reads) as shown:
        kept = keep or (base is None and not publish)
        found = replays.run(here, made, base, kept, wait, shown, publish)
    return _answer(found, report)


def _clean(here: Stack, named: str | None, dry_run: bool, yes: bool) -> Result:
    """Delete the topics, and the clusters, of replays that did not come to their end; asks before."""
    if named is not None:
        raise UsageError("--clean replays nothing", hint="leave the rule set out")
    if nearby.needed(here) is not None:
        return _clean_there(here, dry_run, yes)
    found = replay_topics.unfinished(here)
    if found and not (dry_run or yes):
        _confirm_cleaning(found)
    if not dry_run:
        replay_topics.sweep(here)
        replay_topics.drop(here, found)
    return _cleaned(found, dry_run)


def _clean_there(here: Stack, dry_run: bool, yes: bool) -> Result:
    """The same near the data, where nobody is asked."""
    engine = nearby.needed(here)
    if isinstance(engine, nearby.Replays) and (busy := engine.replays_under_way(here)):
        raise Failed(
            f"a replay is under way: {', '.join(busy)}",
            hint="wait until it has ended",
            code="replay_under_way",
        )
    seen = _nearby.asked(here, ["replay", "--clean", "--dry-run"])
    found = [str(topic) for topic in seen["topics"]]
    if found and not dry_run:
        if not yes:
            _confirm_cleaning(found)
        _nearby.asked(here, ["replay", "--clean", "--yes"])
    if isinstance(engine, nearby.Replays) and not dry_run:
        engine.forget_replays_left(here)
    return _cleaned(found, dry_run)


def _confirm_cleaning(topics: Sequence[str]) -> None:
    known = "a replay that another home has under way fails then"
    _asking.confirm(f"Delete {', '.join(topics)}? ({known})")


def _cleaned(topics: Sequence[str], dry_run: bool) -> Result:
    data = {"topics": list(topics), "dry_run": dry_run}
    if not topics:
        return Result("no replay has left anything", data)
    said = "left by replays that did not end" if dry_run else "deleted"
    return Result(f"{said}: {', '.join(topics)}", data)


def _in_a_cluster(
    here: Stack, name: str, base: str | None, dry_run: bool, report: Path | None, wait: float
) -> Result | None:
    """What it answers near the data, for a stack that is not here; None where it is."""
    if nearby.needed(here) is None:
        return None
    if report is not None:
        raise UsageError("--report writes a page where the command runs", hint="take --json from here")
    names = [name] if base is None or replay_plan.is_logged(base) else [name, base]
    jobs = 0 if dry_run else len(names)
    rule_sets = {one: _here(one, here) for one in names}
    return _nearby.replayed(here, rule_sets, jobs * wait + _BEGIN_S, needs_flink=jobs > 0)


def _here(name: str, stack: Stack) -> RuleSet | None:
    """The rule set of that name, None where this machine has none."""
    try:
        return rulesets.find(name, stack.home)[0]
    except UsageError as error:
        if error.code == "no_rule_set":
            return None
        raise


def _plan_text(made: Plan) -> str:
    warm = (
        "the start of the log"
        if made.look_back_ms is None
        else f"{backtest_page.span(made.look_back_ms)} before"
    )
    many = wording.counted(made.jobs, "job")
    return (
        f"replay of {made.ruleset.version} ({made.ruleset.hash[:12]}) by {many}: "
        f"{made.reads:,} records to read, {made.compares:,} of them compared, windows warmed from {warm}; "
        f"about {made.estimate_s:.0f} s"
    )


def _plan_table(made: Plan) -> Table:
    rows = [(p, one.start, one.first, one.last, one.end) for p, one in sorted(made.ranges.items())]
    return Table(made.transactions, ("partition", "read from", "compare from", "to", "end of the log"), rows)


def _answer(found: Replay, report: Path | None) -> Result:
    data = found.as_document()
    published = f"; published as run {found.published['run']}" if found.published else ""
    if found.diff is None:
        kept = f" in {found.topic}" if found.topic else ""
        return Result(f"{found.decided} decisions{kept}{published}", data)
    diff = found.diff
    summary = (
        f"{diff.compared} compared with {found.base} in {diff.seconds:.1f} s: {diff.changed} changed, "
        f"{diff.added} added, {diff.removed} removed{published}"
    )
    if report is not None:
        report.write_text(_page(found, diff, summary), encoding="utf-8")
        data["report"], summary = str(report), f"{summary}; report: {report}"
    is_odd = not diff.same and diff.same_ruleset and not diff.only_warmed
    return Result(summary, data, EXIT_DIFFERENT if is_odd else 0, () if diff.same else _tables(diff))


def _tables(diff: Diff) -> tuple[Table, ...]:
    return (
        Table("Decisions", replay_page.FLIP_COLUMNS, replay_page.flip_rows(diff)),
        Table("Rules", replay_page.RULE_COLUMNS, replay_page.rule_rows(diff)),
        Table("Why", replay_page.CAUSE_COLUMNS, replay_page.cause_rows(diff)),
        Table("Examples", replay_page.EXAMPLE_COLUMNS, replay_page.example_rows(diff)[:SHOWN]),
    )


def _page(found: Replay, diff: Diff, summary: str) -> str:
    title = f"{found.plan.ruleset.version} against {found.base}"
    return replay_page.html(title, [summary, _plan_text(found.plan)], diff)
