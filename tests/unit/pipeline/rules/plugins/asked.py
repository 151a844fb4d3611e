"""Asking a plug-in that is given as text."""

from __future__ import annotations

from typing import Any

from pipeline.rules.plugins import call, source


def asked(text: str, *numbers: int) -> list[Any]:
    """The answers of one plug-in, in this order."""
    assert source.problems(text + "\n", "f", takes_model=False) == []
    function = vars(call._module(text + "\n", "own.py"))["f"]
    return [function({}, {"n": number}) for number in numbers or (1,)]
