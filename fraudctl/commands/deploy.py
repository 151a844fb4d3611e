"""`fraudctl deploy`: what a stack on Kubernetes is made of, for those who apply it themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from fraudctl.commands._app import App
from fraudctl.console import options
from fraudctl.console.result import Result, Table
from fraudctl.engines import contract, releases
from fraudctl.errors import Failed
from fraudctl.home import stack as stacks

Values = Annotated[
    Path | None,
    typer.Option("--values", metavar="FILE", help="The chart's values; without, those of the last `up`."),
]
Namespace = Annotated[str | None, typer.Option("--namespace", help="Where it is to be.")]
Context = Annotated[str | None, typer.Option("--context", help="Which cluster of the kubeconfig.")]


def register(app: typer.Typer) -> None:
    noun = App(help="What a stack on Kubernetes is made of.")
    noun.callback()(_noun)
    noun.command("render")(render)
    noun.command("plan")(plan)
    app.add_typer(noun, name="deploy")


def _noun() -> None:
    """What a stack on Kubernetes is made of: its manifests, and how they differ from what runs."""


def render(
    values: Values = None,
    namespace: Namespace = None,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="A file for each object, instead of all here.")
    ] = None,
) -> Result:
    """Write the manifests of the chart with these values; needs no cluster.

    Example: fraudctl deploy render --values my-values.yaml --out manifests
    """
    made = releases.of_clusters().render(stacks.home_dir(), contract.Elsewhere(values, namespace))
    if out is None:
        return Result("", iter(made) if options.current().json else _lines(made))
    try:
        names = releases.of_clusters().write(made, out)
    except OSError as error:
        raise Failed(f"{error.filename or out}: {error.strerror}", hint="name another folder") from error
    table = Table("", ("file",), [(name,) for name in names])
    return Result(f"{len(names)} files in {out}", {"folder": str(out), "files": names}, tables=(table,))


def _lines(made: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """All as one text of YAML; an item of a stream is a line."""
    for one in made:
        yield from releases.of_clusters().text(one).splitlines()


def plan(values: Values = None, namespace: Namespace = None, context: Context = None) -> Result:
    """Show what `up` would change in the cluster, and change nothing.

    Example: fraudctl deploy plan --values my-values.yaml --context prod
    """
    changes = releases.of_clusters().plan(stacks.home_dir(), contract.Elsewhere(values, namespace, context))
    summary = changes if changes else "nothing differs from what runs"
    return Result(summary.rstrip("\n"), {"differs": bool(changes), "diff": changes})
