"""The job as Managed Service for Apache Flink starts it: `main.py` of its zip calls `main` here.

What the job is lies in the zip beside this package (`job.json`); what differs from one application to the
next are runtime properties of the application, which the service writes into a file. Every property is known
here by name, so a misspelt one stops the start instead of being passed over.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from pipeline import job
from pipeline.records.members import Malformed, Members
from pipeline.scoring.job_config import JobConfig

PROPERTIES: Final = Path("/etc/flink/application_properties.json")
"""where the service writes the properties of the application"""
PROPERTIES_VARIABLE: Final = "FRAUDCTL_APPLICATION_PROPERTIES"
"""names another file, for who starts the zip elsewhere"""
GROUP: Final = "fraudctl.job"
"""the group of properties that is ours"""
JOB: Final = Path(__file__).parents[1] / "job.json"

SAID: Final[Mapping[str, Callable[[str], Any]]] = {
    "bootstrap": str,
    "run": int,
    "start": str,
    "hops": lambda text: [one.strip() for one in text.split(",") if one.strip()],
    "python": str,
}
"""The properties there are, each with how its text is read."""


def configured(document: Mapping[str, object], groups: object) -> JobConfig:
    """The job of the zip as the application's properties have it. Raises Malformed."""
    said = _properties(groups)
    for name in said:
        if name not in SAID:
            raise Malformed(f"{GROUP}.{name}", f"is no property; there are: {', '.join(SAID)}")
    return JobConfig.from_document({**document, **{name: _read(name, one) for name, one in said.items()}})


def main() -> None:
    """Hand the job to the cluster that runs this."""
    place = Path(os.environ.get(PROPERTIES_VARIABLE) or PROPERTIES)
    document = json.loads(JOB.read_text(encoding="utf-8"))
    config = configured(document, json.loads(place.read_text(encoding="utf-8")))
    # Nobody looks at desks there; a folder of the machine that made the zip would be of no use.
    job.submit(replace(config, plugin_watch=None))


def _properties(groups: object) -> Mapping[str, str]:
    """Those of our group; none where the application has no such group."""
    for group in Members({"groups": groups}).each("groups"):
        if group.text("PropertyGroupId") == GROUP:
            return {name: str(one) for name, one in group.mapping("PropertyMap").items()}
    return {}


def _read(name: str, text: str) -> Any:
    try:
        return SAID[name](text)
    except ValueError:
        raise Malformed(f"{GROUP}.{name}", f"{text!r} is no whole number") from None
