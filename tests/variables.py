"""What the environment tells the tests, under other names: commands refuse variables they do not know."""

from __future__ import annotations

import os

_OURS = (
    "FRAUDCTL_TEST_HOME",
    "TEST_COMPOSE",
    "FRAUDCTL_TEST_KUBERNETES",
    "FRAUDCTL_TEST_DYNAMODB",
    "FRAUDCTL_DATA",
    "FRAUDCTL_SOAK_EVENTS",
    "FRAUDCTL_SOAK_SECONDS",
)

for _name in _OURS:
    if _name in os.environ:
        os.environ[f"_{_name}"] = os.environ.pop(_name)


def given(name: str) -> str | None:
    """What the variable held when the tests began."""
    assert name in _OURS
    return os.environ.get(f"_{name}")
