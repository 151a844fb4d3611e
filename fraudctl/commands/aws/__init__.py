"""`fraudctl aws`: a stack on AWS, what it is made of, and its job there."""

from __future__ import annotations

import typer

from fraudctl.commands._app import App
from fraudctl.commands.aws import cost, job, package, stack


def register(app: typer.Typer) -> None:
    noun = App(help="A stack on AWS: its packages and template, and the deployment itself.")
    noun.command("package")(package.package)
    noun.command("function")(package.function)
    noun.command("template")(package.template)
    noun.command("plan")(stack.plan)
    noun.command("deploy")(stack.deploy)
    noun.command("status")(stack.status)
    noun.command("logs")(stack.logs)
    noun.command("down")(stack.down)
    noun.command("delete")(stack.delete)
    noun.command("cost")(cost.cost)
    noun.command("submit")(job.submit)
    noun.command("stop")(job.stop)
    noun.command("savepoint")(job.savepoint)
    app.add_typer(noun, name="aws")
