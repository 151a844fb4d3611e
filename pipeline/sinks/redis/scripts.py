"""The Lua scripts of the Redis sink, each in its own file; a client loads what the server lacks."""

from __future__ import annotations

from importlib.resources import files
from typing import Final


def _script(name: str) -> str:
    return files("pipeline.sinks.redis").joinpath(f"{name}.lua").read_text(encoding="utf-8")


PUT: Final = _script("put")
TOP: Final = _script("top")
FORGET: Final = _script("forget")
COUNT: Final = _script("count")
RIGHTS: Final = _script("rights")
