"""The chart, rendered: by the `helm` of this machine, or by Helm as a library where it has none.

What values may say is checked by the chart's own schema, in Helm's words.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Final, TypedDict

import yaml

from fraudctl.errors import Failed, FileProblems
from fraudctl.settings import shipped
from pipeline.settings.document import DocumentError, read_file

ANSWER_S: Final = 60.0


class Release(TypedDict):
    """What a rendered chart is called, and where it goes."""

    name: str
    namespace: str


class Meta(TypedDict):
    """What every object says of itself."""

    name: str


class Manifest(TypedDict):
    """One object as Kubernetes takes it; beside these it has what its kind has."""

    apiVersion: str
    kind: str
    metadata: Meta


class BadValues(FileProblems):
    """Values that the chart does not take."""

    code = "values"
    advice = "see deploy/kubernetes/fraudctl/values.yaml for all there is"


def folder() -> Path:
    """Where the chart lies."""
    return shipped.data_dir("deploy") / "kubernetes" / "fraudctl"


def values_of(path: Path) -> Mapping[str, object]:
    """A file of values. Raises BadValues."""
    try:
        found = read_file(path).content
    except DocumentError as error:
        raise BadValues(str(path), [error]) from None
    if not isinstance(found, Mapping):
        raise BadValues(str(path), ["the file must be a mapping of values"])
    return found


def render(values: Path, release: Release) -> list[Manifest]:
    """Every object of the chart with these values, in the order in which they are to be made.

    Raises BadValues where the chart does not take them, Failed where there is no Helm.
    """
    values_of(values)
    text = _by_command(values, release) if shutil.which("helm") else _by_library(values, release)
    found = (one for one in yaml.load_all(text, Loader=_LOADER) if one)
    return sorted(found, key=lambda one: (_order(one["kind"]), one["kind"], one["metadata"]["name"]))


def text_of(manifest: Manifest) -> str:
    """As YAML, with a text of several lines as one that people can read."""
    return yaml.dump(manifest, Dumper=_Readable, sort_keys=False)


class _Readable(yaml.SafeDumper):
    """Writes a text of several lines as a block."""


def _block(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Readable.add_representer(str, _block)


def write(manifests: Sequence[Manifest], folder: Path) -> list[str]:
    """One file for each object, for those who keep them in a repository; their names. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for one in manifests:
        name = f"{one['kind'].lower()}-{one['metadata']['name']}.yaml"
        (folder / name).write_text(text_of(one), encoding="utf-8")
        names.append(name)
    return sorted(names)


_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_FIRST: Final = (
    "NetworkPolicy",
    "ServiceAccount",
    "ExternalSecret",
    "ConfigMap",
    "Role",
    "RoleBinding",
    "Service",
    "PodDisruptionBudget",
    "Job",
)


def _order(kind: str) -> int:
    """What others refer to comes before them."""
    return _FIRST.index(kind) if kind in _FIRST else len(_FIRST)


def _by_command(values: Path, release: Release) -> str:
    argv = ["helm", "template", release["name"], str(folder()), "--namespace", release["namespace"]]
    done = subprocess.run(
        [*argv, "--values", str(values)], capture_output=True, text=True, check=False, timeout=ANSWER_S
    )
    if done.returncode != 0:
        raise BadValues(str(values), [_in_lines(done.stderr.removeprefix("Error: "))])
    return done.stdout


def _by_library(values: Path, release: Release) -> str:
    if find_spec("helm_python") is None:
        raise Failed(
            "there is no Helm on this machine",
            hint="install helm, or: pip install 'fraudctl[kubernetes]'",
            code="no_helm",
        )
    # an 85 MB library, for those who have no helm alone
    from helm_python import Chart, HelmError

    try:
        with Chart.load(folder()) as chart:
            made = chart.render(dict(values_of(values)), **release)
    except HelmError as error:
        raise BadValues(str(values), [_in_lines(str(error))]) from None
    return "\n---\n".join(text for name, text in sorted(made.items()) if name.endswith(".yaml"))


def _in_lines(said: str) -> str:
    """Helm's words, further lines set in."""
    return "\n    ".join(line for line in said.strip().splitlines() if line.strip())
