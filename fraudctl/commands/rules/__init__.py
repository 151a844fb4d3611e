"""`fraudctl rules`: check and test a rule set, compare two, list those at hand, change the live one."""

from __future__ import annotations

import typer

from fraudctl.commands._app import App
from fraudctl.commands.rules import adopt, apply, approve, cases, diff, history, lint, new, shadow, show
from fraudctl.commands.rules import list as listing


def register(app: typer.Typer) -> None:
    noun = App(help="Rule sets: features, rules and thresholds as data.")
    noun.command("new")(new.new)
    noun.command("lint")(lint.lint)
    noun.command("test")(cases.run_tests)
    noun.command("diff")(diff.diff)
    noun.command("list")(listing.list_rules)
    noun.command("show")(show.show)
    noun.command("history")(history.history)
    noun.command("apply")(apply.apply)
    noun.command("pause")(apply.pause)
    noun.command("rollback")(apply.rollback)
    noun.command("approve")(approve.approve)
    noun.command("adopt")(adopt.adopt)
    noun.command("shadow")(shadow.shadow)
    noun.command("compare")(shadow.compare)
    noun.command("promote")(shadow.promote)
    app.add_typer(noun, name="rules")
