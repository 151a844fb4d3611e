"""`fraudctl rules shadow | compare | promote`: a candidate beside the live rule set."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraudctl import engines
from fraudctl.commands import _completion
from fraudctl.commands.rules import _elsewhere, apply
from fraudctl.commands.rules._asked import KeyFile, Reason, Restart, Wait
from fraudctl.compare import shadow as shadows
from fraudctl.compare import shadow_gate, shadow_page
from fraudctl.console.progress import progress
from fraudctl.console.result import Result, Table
from fraudctl.errors import UsageError
from fraudctl.jobs import activations, approvals
from fraudctl.rules import changes

if TYPE_CHECKING:
    from fraudctl.compare.shadow import Comparison
    from fraudctl.compare.shadow_gate import Check

EXIT_REFUSED = 5


def shadow(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="RULES",
            help="The candidate: a file, a shipped one, a version or a hash.",
            autocompletion=_completion.rule_sets,
        ),
    ] = None,
    stop: Annotated[bool, typer.Option("--stop", help="End the shadow that runs.")] = False,
    reason: Reason = None,
    key: KeyFile = None,
    restart: Restart = False,
    wait: Wait = 60.0,
) -> Result:
    """Let a candidate decide every event beside the live rule set, which goes on as if alone.

    Example: fraudctl rules shadow candidate.yaml
    """
    by = activations.Signature(reason, key)
    if (name is None) != stop:
        raise UsageError("say which", hint="a candidate, or --stop")
    if _elsewhere.is_asked(key):
        what = _elsewhere.named(name) if name else None
        return _elsewhere.changed("shadow", what, reason, wait, {"stop": stop, "restart": restart})
    if name is None:
        made = apply.changed(engines.current(), shadows.stop, wait, by)
        if isinstance(made, approvals.Waiting):
            return apply.answer(made)
        return Result(f"no shadow from {made.as_document()['in_force_from']} on", made.as_document())
    candidate, here = apply.sound(name), engines.current()
    changes.refuse_stopped(here.paths.plugins, candidate)
    if restart:
        apply.add_steps(here, candidate, wait, ("shadow", name))
    started = apply.changed(here, shadows.start(candidate), wait, by)
    if isinstance(started, approvals.Waiting):
        return apply.answer(started)
    document = started.as_document()
    return Result(
        f"{candidate.version} runs as a shadow of {document['version']} from {document['in_force_from']} on; "
        "see: fraudctl rules compare",
        document,
    )


def compare() -> Result:
    """Compare what the shadow decides with what is decided live: alerts, flips, precision and recall.

    Example: fraudctl rules compare
    """
    if _elsewhere.is_asked():
        return _elsewhere.answer("compare")
    with progress("comparing") as shown:
        found = shadows.compare(engines.current(), shown)
    return Result(shadow_page.summary(found), found.as_document(), tables=shadow_page.tables(found))


def promote(
    gate: Annotated[
        Path | None,
        typer.Option("--gate", help="Limits it must keep, a YAML file; see docs/writing-rules.md."),
    ] = None,
    reason: Reason = None,
    key: KeyFile = None,
    wait: Wait = 60.0,
) -> Result:
    """Make the shadow the live rule set if it keeps the limits of the gate; else exit 5 with the evidence.

    Example: fraudctl rules promote --gate gate.yaml
    """
    limits = shadow_gate.read_gate(gate) if gate else shadow_gate.Gate(min_compared=0)
    if _elsewhere.is_asked():
        _refuse_key(key)
        return _elsewhere.changed("promote", _elsewhere.gated(gate), reason, wait)
    here = engines.current()
    with progress("comparing") as shown:
        found = shadows.compare(here, shown, shadows.PROMOTE)
    changes.refuse_stopped(here.paths.plugins, found.shadow)
    checks = shadow_gate.judge(limits, found)
    if not all(check.passed for check in checks):
        return _refused(found, checks)
    made = apply.changed(here, shadows.promote(found.shadow), wait, activations.Signature(reason, key))
    is_live = not isinstance(made, approvals.Waiting)
    done, data = apply.answer(made), {"promoted": is_live, **made.as_document(), "gate": _documents(checks)}
    return Result(done.summary, data, tables=done.tables)


def _refuse_key(key: Path | None) -> None:
    """UsageError: what is compared lies where a private key of this machine does not go."""
    if key is not None:
        raise UsageError(
            "what a promotion compares is not reached from here, and the key stays here",
            hint="see it with: fraudctl rules compare, then: fraudctl rules apply VERSION --key FILE",
            code="key_stays",
        )


def _refused(found: Comparison, checks: list[Check]) -> Result:
    rows = [
        (
            one.name,
            f"{one.limit:g}",
            "no labels" if one.value is None else f"{one.value:.4g}",
            "kept" if one.passed else "NOT KEPT",
        )
        for one in checks
    ]
    failed = ", ".join(one.name for one in checks if not one.passed)
    data = {"promoted": False, "gate": _documents(checks), "comparison": found.as_document()}
    tables = (Table("Gate", ("limit", "wanted", "found", ""), rows), *shadow_page.tables(found))
    return Result(f"{found.shadow.version} is not promoted: {failed}", data, EXIT_REFUSED, tables)


def _documents(checks: list[Check]) -> list[dict[str, object]]:
    return [
        {"name": one.name, "limit": one.limit, "value": one.value, "passed": one.passed} for one in checks
    ]
