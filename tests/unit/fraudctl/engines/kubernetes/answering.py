"""An API server that keeps what it is given, for the Jobs of commands."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import yaml

from fraudctl.engines.kubernetes.cluster import ANSWER_S, Cluster, Place
from fraudctl.errors import Failed


class Answering(Cluster):
    """It has one pod in this state for the Job, and refuses one kind of object."""

    def __init__(self, state: dict[str, Any], refused: str = "") -> None:
        super().__init__(Place("risk", "fraud"))
        self.state, self.refused = state, refused
        self.made: list[dict[str, Any]] = []
        self.deleted: list[str] = []

    def get(self, kinds: str, selector: str | None = None) -> list[dict[str, Any]]:
        assert (kinds, selector) == ("pods", f"job-name={self.made[0]['metadata']['name']}")
        return [{"status": {"containerStatuses": [{"state": self.state}]}}]

    def find(self, kind: str, name: str) -> dict[str, Any] | None:
        assert (kind, name) == ("job", self.made[0]["metadata"]["name"])
        return {}

    def ask(self, argv: Sequence[str], text: str | None = None, wait_s: float = ANSWER_S) -> str:
        if argv[0] == "delete":
            self.deleted += [word for word in argv[1:] if not word.startswith("--")]
        if argv[0] != "create":
            return "what it said\n"
        found = list(yaml.safe_load_all(text or ""))
        if self.refused in [it["kind"] for it in found]:
            raise Failed(f"the cluster refused: {self.refused}")
        for it in found:
            it["metadata"]["uid"] = f"uid-{len(self.made)}"
            self.made.append(it)
        return json.dumps(found[0])
