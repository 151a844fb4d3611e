"""`fraudctl rules`: check and test a rule set, compare two, list those at hand, show one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl.commands import _completion, rule_changes, shadow
from fraudctl.commands.rule_changes import RuleSetName
from fraudctl.console.result import Result, Table, options, say

if TYPE_CHECKING:
    from fraudctl.settings.profile import Profile
    from pipeline.rules.lint import KeyState
    from pipeline.rules.ruleset import Problem, RuleSet
    from pipeline.scoring.activation import Activation

EXIT_PROBLEMS = 5


def register(app: typer.Typer) -> None:
    rules = typer.Typer(help="Rule sets: features, rules and thresholds as data.", no_args_is_help=True)
    rules.command("lint")(lint)
    rules.command("test")(run_tests)
    rules.command("diff")(diff)
    rules.command("list")(list_rules)
    rules.command("show")(show)
    rules.command("history")(history)
    rule_changes.add_to(rules)
    shadow.add_to(rules)
    app.add_typer(rules, name="rules")


def lint(
    name: RuleSetName,
    form: Annotated[
        str, typer.Option("--format", help="table, sarif (code scanning) or junit (CI).")
    ] = "table",
    profile: Annotated[
        str | None, typer.Option("--profile", help="Whose retention counts; the running stack's, or default.")
    ] = None,
) -> Result:
    """Check a rule set: every problem with its place; exit 5 when one of them is an error.

    Example: fraudctl rules lint profiles/rules/default.yaml --format sarif > rules.sarif
    """
    from fraudctl.console import findings
    from fraudctl.errors import UsageError
    from fraudctl.home import rulesets
    from fraudctl.jobs.submission import plan_settings
    from pipeline.rules import ruleset
    from pipeline.rules.lint import lint as warnings_of
    from pipeline.rules.lint import state_per_key

    file = _located(name, form, ("table", "sarif", "junit"))
    settings = _profile(profile)
    states: list[KeyState] = []
    try:
        loaded = rulesets.load(file)
        problems = warnings_of(loaded, settings.retention_ms)
        states = state_per_key(loaded, plan_settings(settings))
    except ruleset.RuleSetError as error:
        loaded, problems = None, list(error.problems)
    answer = _report(file, loaded, problems, states)
    if form == "table":
        return answer
    if options().json:
        raise UsageError("--json and --format exclude each other", hint="leave one of them out")
    found = [findings.Finding(p.path, p.line, p.message, p.severity) for p in problems]
    text = findings.sarif(file, found) if form == "sarif" else findings.lint_junit(file, found)
    return Result("", iter([text]), answer.exit_code)


def run_tests(
    name: RuleSetName,
    form: Annotated[str, typer.Option("--format", help="table or junit (CI).")] = "table",
    complete: Annotated[
        bool,
        typer.Option("--complete", help="Fail unless every rule has all four kinds of cases."),
    ] = False,
) -> Result:
    """Run the cases inside a rule set, without a cluster; exit 5 when one fails.

    Example: fraudctl rules test default
    """
    import time

    from fraudctl.console import findings
    from fraudctl.home import rulesets
    from fraudctl.jobs.submission import plan_settings
    from pipeline.scoring.cases import run_cases, uncovered

    file = _located(name, form, ("table", "junit"))
    began = time.perf_counter()
    loaded = rulesets.read(file)
    outcomes = run_cases(loaded, plan_settings(_profile(None)))
    missing = uncovered(loaded)
    seconds = time.perf_counter() - began
    failed = [one for one in outcomes if one.failures]
    exit_code = EXIT_PROBLEMS if failed or not outcomes or (complete and missing) else 0
    if form == "junit":
        cases = [findings.Case(one.name, one.kind, one.line, one.failures) for one in outcomes]
        return Result("", iter([findings.junit(str(file), cases, seconds)]), exit_code)
    rows = [(o.name, o.kind, o.line, failure) for o in failed for failure in o.failures]
    tables = [Table("Failed cases", ("case", "kind", "line", "what"), rows)] if rows else []
    if missing:
        holes = [(p.path, p.line, p.message) for p in missing]
        tables.append(Table("Rules without cases", ("rule", "line", "what"), holes))
    data = {
        "file": str(file), "version": loaded.version, "hash": loaded.hash, "cases": len(outcomes),
        "failed": len(failed), "seconds": round(seconds, 4),
        "outcomes": [
            {"name": o.name, "kind": o.kind, "line": o.line, "events": o.events, "failures": list(o.failures)}
            for o in outcomes
        ],
        "uncovered": [{"path": p.path, "line": p.line, "message": p.message} for p in missing],
    }  # fmt: skip
    summary = f"{len(outcomes) - len(failed)} of {len(outcomes)} cases pass in {seconds * 1000:.0f} ms"
    return Result(summary if outcomes else f"{file} has no cases", data, exit_code, tuple(tables))


def diff(
    before: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="A file, a shipped one, a version or a hash.",
            autocompletion=_completion.rule_sets,
        ),
    ],
    after: Annotated[
        str,
        typer.Argument(
            metavar="B", help="The one it is compared with.", autocompletion=_completion.rule_sets
        ),
    ],
) -> Result:
    """Show what changed between two rule sets: features, rules, lists, thresholds.

    Example: fraudctl rules diff default my-rules.yaml
    """
    from fraudctl.home import rulesets, stack
    from fraudctl.rules.diff import changes

    home = stack.home_dir()
    (one, _), (other, _) = rulesets.find(before, home), rulesets.find(after, home)
    found = changes(one, other)
    rows = [(c.kind, c.section, c.name, c.sentence()) for c in found]
    data = {
        "before": {"version": one.version, "hash": one.hash},
        "after": {"version": other.version, "hash": other.hash},
        "same": not found,
        "changes": [change.as_document() for change in found],
    }
    summary = f"{one.version} ({one.hash[:12]}) to {other.version} ({other.hash[:12]}): "
    summary += f"{len(found)} change(s)" if found else "the same"
    tables = (Table("", ("change", "of", "name", "what"), rows),) if rows else ()
    return Result(summary, data, tables=tables)


def list_rules() -> Result:
    """List the rule sets at hand: shipped ones, and those this home has used; which one is in force.

    Example: fraudctl rules list
    """
    from fraudctl.errors import UsageError
    from fraudctl.home import rulesets, stack

    home, in_force = stack.home_dir(), _in_force()
    found: list[dict[str, Any]] = []
    for name, path in rulesets.shipped().items():
        try:
            found.append(_entry(name, path, rulesets.read(path), in_force))
        except UsageError as error:
            found.append({"name": name, "file": str(path), "in_use": False, "problem": error.message})
    known = {one.get("hash") for one in found}
    kept = [(one, path) for one, path in rulesets.stored(home).items() if one not in known]
    found += [_entry(one[:12], path, rulesets.read(path), in_force) for one, path in kept]
    rows = [
        (e["name"], e.get("version"), str(e.get("hash", ""))[:12], e.get("features"), e.get("rules"),
         "yes" if e["in_use"] else "", e.get("problem") or e["file"])
        for e in found
    ]  # fmt: skip
    columns = ("name", "version", "hash", "features", "rules", "in use", "file")
    return Result("", {"rule_sets": found}, tables=(Table("", columns, rows),))


def show(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A file, a shipped one, a version or a hash; by default the running stack's.",
            autocompletion=_completion.rule_sets,
        ),
    ] = None,
) -> Result:
    """Show a rule set: its features, its rules and its thresholds.

    Example: fraudctl rules show default
    """
    from fraudctl.errors import NotRunning
    from fraudctl.home import rulesets, stack

    chosen = name or _in_force()
    if chosen is None:
        raise NotRunning("no stack is running", hint="name a rule set: fraudctl rules show default")
    loaded, place = rulesets.find(str(chosen), stack.home_dir())
    content: Mapping[str, Any] = loaded.content
    features = [(key, _flat(value)) for key, value in (content.get("features") or {}).items()]
    declared = content["rules"]
    rules = [(rule.name, rule.points, rule.when, declared[rule.name].get("reason")) for rule in loaded.rules]
    limits = loaded.thresholds
    return Result(
        f"{loaded.version} ({loaded.hash[:12]}): review from {limits.review}, block from {limits.block}",
        {"file": place, "version": loaded.version, "hash": loaded.hash, "content": content},
        tables=(
            Table("Features", ("feature", "declared as"), features),
            Table("Rules", ("rule", "points", "when", "reason"), rules),
        ),
    )


def history() -> Result:
    """List what came into force when, and which rule set each job began with; the newest first.

    Example: fraudctl rules history
    """
    from fraudctl.home import rulesets, stack
    from fraudctl.rules.changes import described
    from pipeline.records.events import format_time

    activated = [described(one) for one in reversed(_chain())]

    found = [
        {"at": format_time(entry["at_ms"]), **{key: entry[key] for key in ("version", "hash", "job", "run")}}
        for entry in reversed(rulesets.history(stack.home_dir()))
    ]
    rows = [(e["at"], e["version"], e["hash"][:12], e["job"], e["run"]) for e in found]
    since = [
        (a["in_force_from"] or "the beginning", a["version"], a["hash"][:12], a["action"],
         a["shadow"] and a["shadow"]["version"])
        for a in activated
    ]  # fmt: skip
    tables = (
        Table("In force", ("since", "version", "hash", "by", "shadow"), since),
        Table("Jobs", ("since", "version", "hash", "job", "run"), rows),
    )
    return Result(
        "" if found else "no job has run in this home",
        {"activations": activated, "starts": found},
        tables=tuple(table for table in tables if table.rows),
    )


def _report(file: Path, loaded: RuleSet | None, problems: list[Problem], states: list[KeyState]) -> Result:
    errors = sum(problem.severity == "error" for problem in problems)
    data = {
        "file": str(file),
        "version": loaded.version if loaded else None,
        "hash": loaded.hash if loaded else None,
        "problems": [
            {"path": p.path, "line": p.line, "message": p.message, "severity": p.severity} for p in problems
        ],
        "state_per_key": [
            {"key": s.key, "retention_ms": s.retention_ms, "bytes_per_event": s.bytes_per_event,
             "bytes_at_most": s.bytes_at_most}
            for s in states
        ],
    }  # fmt: skip
    rows = [(p.severity, p.line, p.path, p.message) for p in problems]
    tables = [Table("", ("severity", "line", "place", "what"), rows)] if rows else []
    if states:
        from pipeline.records.clock import HOUR_MS

        kept = [
            (s.key, f"{s.retention_ms / HOUR_MS:.3g} h", s.bytes_per_event, s.bytes_at_most) for s in states
        ]
        columns = ("key", "of events", "bytes an event", "bytes a key at most")
        tables.append(Table("State per key (estimate)", columns, kept))
    sound = (
        f"{file} is a sound rule set: version {loaded.version}, {len(loaded.rules)} rules" if loaded else ""
    )
    summary = sound or f"{errors} error(s) in {file}"
    if loaded and problems:
        summary += f"; {len(problems)} warning(s)"
    return Result(summary, data, EXIT_PROBLEMS if errors else 0, tuple(tables))


def _located(name: str, form: str, forms: tuple[str, ...]) -> Path:
    """The file of the rule set of that name, once the format is known to be one of those."""
    from fraudctl.errors import UsageError
    from fraudctl.home import rulesets, stack

    if form not in forms:
        raise UsageError(f"there is no format {form!r}", hint=f"choose {', '.join(forms)}")
    return rulesets.locate(name, stack.home_dir())


def _profile(name: str | None) -> Profile:
    """The named profile, else the running stack's, else the default one."""
    import os

    from fraudctl import engines
    from fraudctl.errors import NotRunning
    from fraudctl.settings import reading

    if name is None:
        try:
            return engines.current().profile
        except NotRunning:
            name = "default"
    return reading.load(name, {}, os.environ)


def _entry(name: str, path: Path, loaded: RuleSet, in_force: str | None) -> dict[str, Any]:
    return {
        "name": name, "file": str(path), "version": loaded.version, "hash": loaded.hash,
        "features": len(loaded.features), "rules": len(loaded.rules), "in_use": loaded.hash == in_force,
    }  # fmt: skip


def _chain() -> list[Activation]:
    """Every activation of the running stack; none when nothing runs, or the topic cannot be read."""
    from fraudctl import engines
    from fraudctl.errors import NotRunning, Unhealthy
    from fraudctl.jobs import activations

    try:
        here = engines.current()
        return activations.of(here).read() if "kafka" in here.addresses else []
    except NotRunning:
        return []
    except Unhealthy as failure:
        say(f"what is in force is not known: {failure.message}")
        return []


def _in_force() -> str | None:
    """The hash of the rule set in force, None when nothing runs."""
    from fraudctl.jobs import activations

    one = activations.now(_chain())
    return one.hash if one else None


def _flat(declared: Any) -> str:
    if not isinstance(declared, Mapping):
        return str(declared)
    return ", ".join(f"{key}: {value}" for key, value in declared.items())
