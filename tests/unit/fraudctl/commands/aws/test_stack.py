"""What `fraudctl aws plan` shows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import yaml
from rich.console import Console

from fraudctl.aws import deployment, template
from fraudctl.aws.cloudformation import Change
from fraudctl.commands.aws import stack
from fraudctl.console.tables import layout

SMALL = 80


class Loader(yaml.SafeLoader):
    """Reads a template for the types of its resources; what its functions would give is left out."""


Loader.add_multi_constructor("!", lambda *_: None)


def changes() -> Iterator[Change]:
    """One of every resource of the shipped templates, every other one with another in its place."""
    for layer in deployment.LAYERS:
        text = (template.folder() / f"{layer}.yaml").read_text(encoding="utf-8")
        resources: dict[str, Any] = yaml.load(text, Loader)["Resources"]
        for number, (name, one) in enumerate(resources.items()):
            yield Change(f"fraudctl-{layer}", "Modify", name, one["Type"], number % 2 == 0)


def shown(width: int) -> list[str]:
    out = io.StringIO()
    console = Console(file=out, width=width, highlight=False)
    for table in stack.tables(changes()):
        for part in layout(table, width):
            console.print(part)
    return [line.rstrip() for line in out.getvalue().splitlines()]


def test_each_change_of_every_stack_has_a_line_of_a_small_terminal() -> None:
    lines = shown(SMALL)
    rows = [line.split()[:2] for line in lines if line.split()[:1] in (["modify"], ["replace"])]
    assert rows == [[one.verb, one.resource] for one in changes()]
    assert {f"fraudctl-{layer}" for layer in deployment.LAYERS} <= {line.strip() for line in lines}
    assert max(map(len, lines)) <= SMALL


def test_what_becomes_of_a_resource_is_one_word() -> None:
    kind = "AWS::EC2::VPC"
    acts = [Change("risk", act, "Vpc", kind, False).verb for act in ("Add", "Modify", "Remove")]
    assert [*acts, Change("risk", "Modify", "Vpc", kind, True).verb] == ["add", "modify", "remove", "replace"]
    assert Change("risk", "Add", "Vpc", kind, False).words_of_kind == "EC2 VPC"
