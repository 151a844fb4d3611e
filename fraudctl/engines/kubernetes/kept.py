"""What a home on this machine keeps of a release in a cluster: where it is, and the values it was made of."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter

from fraudctl.engines.kubernetes.cluster import Cluster, Place
from fraudctl.errors import NotRunning
from fraudctl.home import typed_files
from fraudctl.home.private_files import make_folder, write_atomically
from fraudctl.home.stack import Paths

_KIND: Final = TypeAdapter(Place)
_MEND: Final = "run: fraudctl up --engine kubernetes, which writes it anew"


def place(home: Path) -> Place | None:
    """Where the release of this home is; None where there never was one. Damaged, Newer."""
    return typed_files.read(_file(home), _KIND, _MEND)


def cluster(home: Path) -> Cluster:
    """The cluster of this home's release. NotRunning where there is none."""
    found = place(home)
    if found is None:
        raise NotRunning(f"no stack has been started in {home}")
    return Cluster(found)


def keep(home: Path, found: Place, values: Path) -> Path:
    """Keep where the release is, and a copy of its values; where that lies."""
    make_folder(Paths(home).run)
    write_atomically(_file(home), json.dumps(asdict(found), indent=2) + "\n")
    copy = kept_values(home)
    if values != copy:
        write_atomically(copy, values.read_text(encoding="utf-8"))
    return copy


def kept_values(home: Path) -> Path:
    """The values of the last `up`."""
    return Paths(home).run / "values.yaml"


def keep_trusted(home: Path, text: str) -> Path | None:
    """Keep whose changes of the rules count, and give the file; None where the values name nobody."""
    if not text.strip():
        return None
    file = Paths(home).run / "trusted"
    write_atomically(file, text)
    return file


def _file(home: Path) -> Path:
    return Paths(home).run / "kubernetes.json"
