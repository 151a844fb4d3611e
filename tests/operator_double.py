"""The Flink Kubernetes Operator as far as its contract goes: it reads wishes and answers in the status.

In the shapes of its definition, version 1.15.0, with the states of its documentation: what is new is upgraded
(with a savepoint of what ran), comes up, is deployed, and is stable at the next look. It starts no Flink.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


class Resources(Protocol):
    """The side of the API server that an operator sees."""

    def read(self) -> dict[str, Any] | None:
        """The FlinkDeployment."""

    def tell(self, status: Mapping[str, Any]) -> None:
        """Replace its status."""


@dataclass
class Operator:
    """One look at a time. `refuses` makes it say that a change failed; `is_slow` makes it do nothing."""

    resources: Resources
    refuses: str = ""
    is_slow: bool = False
    savepoints: list[str] = field(default_factory=list)
    submitted: list[dict[str, Any]] = field(default_factory=list)
    """what was handed to Flink each time: from which savepoint, at which parallelism"""
    last_state: str = ""

    def look(self) -> None:
        """Compare what is wanted with what was made of it, and do one step."""
        found = self.resources.read()
        if found is None or self.is_slow:
            return
        status = json.loads(json.dumps(found.get("status") or {}))
        before = json.loads(status.get("reconciliationStatus", {}).get("lastReconciledSpec", "null"))
        spec, generation = found["spec"], found["metadata"]["generation"]
        if self.refuses:
            status |= {"error": self.refuses, "lifecycleState": "FAILED", "observedGeneration": generation}
            self.resources.tell(status)
            return
        status["error"] = ""
        if before is None or _relevant(spec) != _relevant(before):
            self._reconcile(spec, before, status)
        elif status.get("lifecycleState") == "DEPLOYED":
            status["lifecycleState"] = "STABLE"
        self._trigger(spec, before, status)
        status["observedGeneration"] = generation
        made = {"lastReconciledSpec": json.dumps(spec), "state": "DEPLOYED", "reconciliationTimestamp": 1}
        status["reconciliationStatus"] = made
        self.resources.tell(status)

    def _reconcile(self, spec: Mapping[str, Any], before: Mapping[str, Any] | None, status: Any) -> None:
        job = status.setdefault("jobStatus", {})
        ran = before is not None and job.get("state") == "RUNNING"
        if ran and spec["job"]["upgradeMode"] == "savepoint":
            job["upgradeSavepointPath"] = self._savepoint(job, None, "UPGRADE")
        if spec["job"].get("state") == "suspended":
            job["state"] = "FINISHED"
            status |= {"lifecycleState": "SUSPENDED", "jobManagerDeploymentStatus": "MISSING"}
            return
        asked = spec["job"].get("initialSavepointPath")
        is_redeploy = before is not None and _nonce(spec) != _nonce(before)
        from_ = asked if before is None or is_redeploy else _state(spec, before, job)
        self.submitted.append({"from": from_, "parallelism": spec["job"]["parallelism"]})
        job |= {"jobId": f"{len(self.submitted):032x}", "jobName": "fraudctl-live", "state": "RUNNING"}
        job |= {"startTime": "1764300000000", "updateTime": "1764300000000"}
        status |= {"lifecycleState": "DEPLOYED", "jobManagerDeploymentStatus": "READY"}

    def _trigger(self, spec: Mapping[str, Any], before: Mapping[str, Any] | None, status: Any) -> None:
        nonce = spec["job"].get("savepointTriggerNonce")
        if before is not None and nonce and nonce != before["job"].get("savepointTriggerNonce"):
            self._savepoint(status["jobStatus"], nonce, "MANUAL")

    def _savepoint(self, job: Any, nonce: int | None, kind: str) -> str:
        path = f"s3://flink/savepoints/savepoint-{len(self.savepoints) + 1}"
        self.savepoints.append(path)
        taken = {"location": path, "timeStamp": 1764300000000, "triggerType": kind, "formatType": "CANONICAL"}
        last = taken | ({} if nonce is None else {"triggerNonce": nonce})
        info = job.setdefault("savepointInfo", {"savepointHistory": [], "lastPeriodicSavepointTimestamp": 0})
        info["lastSavepoint"] = last
        info["savepointHistory"] = [*info["savepointHistory"], last]
        return path


def _state(spec: Mapping[str, Any], before: Mapping[str, Any], job: Mapping[str, Any]) -> str:
    """From which a job goes on; one that was suspended as it was suspended, whatever is asked for by now."""
    suspended = before["job"].get("state") == "suspended"
    mode = (before if suspended else spec)["job"]["upgradeMode"]
    path = job.get("upgradeSavepointPath") if mode == "savepoint" else None
    return str(path or "last-state")


def _nonce(spec: Mapping[str, Any]) -> object:
    return spec["job"].get("savepointRedeployNonce")


def _relevant(spec: Mapping[str, Any]) -> object:
    """What a new job has to be made for: all but the wish for a savepoint."""
    job = {name: value for name, value in spec["job"].items() if name != "savepointTriggerNonce"}
    return {**spec, "job": job}
