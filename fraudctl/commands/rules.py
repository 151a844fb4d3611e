"""`fraudctl rules`: check a rule set, list those at hand, show one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fraudctl.result import Result, Table

if TYPE_CHECKING:
    from pipeline.ruleset import Problem, RuleSet

EXIT_PROBLEMS = 5

File = Annotated[Path, typer.Argument(help="The rule set's YAML file.")]


def _complete_names(incomplete: str) -> list[str]:
    return [name for name in _shipped() if name.startswith(incomplete)]


def register(app: typer.Typer) -> None:
    rules = typer.Typer(help="Rule sets: features, rules and thresholds as data.", no_args_is_help=True)
    rules.command("lint")(lint)
    rules.command("list")(list_rules)
    rules.command("show")(show)
    app.add_typer(rules, name="rules")


def lint(file: File) -> Result:
    """Check a rule set: every problem with its place; exit 5 when one of them is an error.

    Example: fraudctl rules lint profiles/rules/default.yaml
    """
    from fraudctl.errors import UsageError
    from pipeline import ruleset

    if not file.is_file():
        raise UsageError(f"there is no file {file}")
    try:
        loaded = ruleset.load(file)
    except ruleset.RuleSetError as error:
        return _report(file, None, list(error.problems))
    return _report(file, loaded, ruleset.lint(loaded))


def list_rules() -> Result:
    """List the rule sets that are shipped, and the one that the running stack uses.

    Example: fraudctl rules list
    """
    from pipeline.ruleset import RuleSetError, load

    in_force = _in_force()
    paths = dict(_shipped())
    if in_force is not None and in_force.resolve() not in {path.resolve() for path in paths.values()}:
        paths[in_force.stem] = in_force
    found = []
    for name, path in paths.items():
        is_used = in_force is not None and path.resolve() == in_force.resolve()
        try:
            found.append(_entry(name, path, load(path), is_used))
        except RuleSetError as error:
            problem = {"problem": str(error.problems[0])}
            found.append({"name": name, "file": str(path), "in_use": is_used} | problem)
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
            help="A shipped one or a file; by default the running stack's.", autocompletion=_complete_names
        ),
    ] = None,
) -> Result:
    """Show a rule set: its features, its rules and its thresholds.

    Example: fraudctl rules show default
    """
    from fraudctl.errors import Failed
    from pipeline.ruleset import RuleSetError, load

    path = _path_of(name)
    try:
        loaded = load(path)
    except RuleSetError as error:
        raise Failed(f"{path} is no rule set", hint=f"run: fraudctl rules lint {path}") from error
    content: Mapping[str, Any] = loaded.content
    features = [(key, _flat(value)) for key, value in content.get("features", {}).items()]
    declared = content["rules"]
    rules = [(rule.name, rule.points, rule.when, declared[rule.name].get("reason")) for rule in loaded.rules]
    limits = loaded.thresholds
    return Result(
        f"{loaded.version} ({loaded.hash[:12]}): review from {limits.review}, block from {limits.block}",
        {"file": str(path), "version": loaded.version, "hash": loaded.hash, "content": content},
        tables=(
            Table("Features", ("feature", "declared as"), features),
            Table("Rules", ("rule", "points", "when", "reason"), rules),
        ),
    )


def _report(file: Path, loaded: RuleSet | None, problems: list[Problem]) -> Result:
    errors = sum(problem.severity == "error" for problem in problems)
    data = {
        "file": str(file),
        "version": loaded.version if loaded else None,
        "hash": loaded.hash if loaded else None,
        "problems": [
            {"path": p.path, "line": p.line, "message": p.message, "severity": p.severity} for p in problems
        ],
    }
    rows = [(p.severity, p.line, p.path, p.message) for p in problems]
    tables = (Table("", ("severity", "line", "place", "what"), rows),) if rows else ()
    sound = (
        f"{file} is a sound rule set: version {loaded.version}, {len(loaded.rules)} rules" if loaded else ""
    )
    summary = sound or f"{errors} error(s) in {file}"
    if loaded and problems:
        summary += f"; {len(problems)} warning(s)"
    return Result(summary, data, EXIT_PROBLEMS if errors else 0, tables)


def _entry(name: str, path: Path, loaded: RuleSet, is_used: bool) -> dict[str, Any]:
    return {
        "name": name, "file": str(path), "version": loaded.version, "hash": loaded.hash,
        "features": len(loaded.features), "rules": len(loaded.rules), "in_use": is_used,
    }  # fmt: skip


def _shipped() -> dict[str, Path]:
    from fraudctl.profile import data_dir

    return {path.stem: path for path in sorted((data_dir("profiles") / "rules").glob("*.yaml"))}


def _in_force() -> Path | None:
    """The file of the rule set of the running stack, if there is one."""
    from fraudctl import stack
    from fraudctl.errors import NotRunning

    try:
        return Path(stack.current().profile.rules)
    except NotRunning:
        return None


def _path_of(name: str | None) -> Path:
    from fraudctl.errors import NotRunning, UsageError

    shipped = _shipped()
    if name is None:
        path = _in_force()
        if path is None:
            raise NotRunning("no stack is running", hint="name a rule set: fraudctl rules show default")
        return path
    if name in shipped:
        return shipped[name]
    if Path(name).is_file():
        return Path(name)
    raise UsageError(f"no rule set is called {name!r}", hint=f"shipped: {', '.join(shipped)}; or give a file")


def _flat(declared: Any) -> str:
    if not isinstance(declared, Mapping):
        return str(declared)
    return ", ".join(f"{key}: {value}" for key, value in declared.items())
