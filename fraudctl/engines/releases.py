"""What an engine for clusters can do beyond the contract: show of what a stack is made before it is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Protocol, cast

from fraudctl import engines
from fraudctl.engines.contract import Elsewhere

ENGINE: Final = "kubernetes"


Manifest = Mapping[str, Any]
"""one object as the API server takes it; its schema is the cluster's"""


class Releases(Protocol):
    """Manifests are given as Kubernetes takes them, in the order in which they are to be made."""

    def render(self, home: Path, asked: Elsewhere) -> Sequence[Manifest]:
        """Every object. Needs no cluster. UsageError for values that cannot be."""

    def text(self, manifest: Manifest) -> str:
        """One of them as YAML, with the line before it that parts documents."""

    def write(self, manifests: Sequence[Manifest], folder: Path) -> Sequence[str]:
        """A file for each; their names. Raises OSError."""

    def plan(self, home: Path, asked: Elsewhere) -> str:
        """What `up` would change, as a diff; empty where nothing would. Failed without a cluster."""


def of_clusters() -> Releases:
    """The engine that can."""
    return cast("Releases", engines.find(ENGINE))
