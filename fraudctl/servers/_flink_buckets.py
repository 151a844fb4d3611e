"""Where Flink puts checkpoints and savepoints, and what it needs to reach a bucket: plug-in, settings, keys.

The keys stand in its configuration alone, a file of the owner, as Flink takes them from nowhere else; its
REST interface shows secrets as asterisks.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from fraudctl.binaries import artifacts
from fraudctl.errors import Failed
from fraudctl.flink.cluster import Setting
from fraudctl.home.private_files import make_folder
from fraudctl.home.stack import Paths
from fraudctl.settings.checkpoints import PLUG_INS, Checkpoints
from pipeline.connections import aws

_FOLDER: Final = "states-"
"""what our folders of plug-ins begin with"""


def settings(paths: Paths, bucket: Checkpoints | None) -> dict[str, Setting]:
    """What both processes are told. Failed where the file of the keys cannot be used."""
    root = bucket.root if bucket else paths.home.as_uri()
    places: dict[str, Setting] = {
        "execution.checkpointing.dir": f"{root}/checkpoints",
        "execution.checkpointing.savepoint-dir": f"{root}/savepoints",
    }
    if bucket is None:
        return places
    return places | (_gcs(bucket) if bucket.scheme == "gs" else _s3(bucket))


def link_plug_in(folder: Path, bucket: Checkpoints | None, cache: Path) -> None:
    """Have a link to the plug-in for this bucket in the folder of plug-ins, and none to one for others."""
    for use in PLUG_INS.values():
        shutil.rmtree(folder / f"{_FOLDER}{use}", ignore_errors=True)
    if bucket is not None:
        there = folder / f"{_FOLDER}{bucket.plug_in}"
        make_folder(there)
        for jar in artifacts.jars(bucket.plug_in, cache):
            (there / jar.name).symlink_to(jar)


def _gcs(bucket: Checkpoints) -> dict[str, Setting]:
    """Flink reads the file of the keys itself."""
    if bucket.credentials_file:
        told: dict[str, Setting] = {
            "fs.gs.auth.service.account.enable": True,
            "fs.gs.auth.service.account.json.keyfile": str(bucket.credentials_file),
        }
    elif bucket.endpoint:
        told = {"fs.gs.auth.service.account.enable": False, "fs.gs.auth.null.enable": True}
    else:
        told = {}
    return told | ({"fs.gs.storage.root.url": bucket.endpoint} if bucket.endpoint else {})


def _s3(bucket: Checkpoints) -> dict[str, Setting]:
    told: dict[str, Setting] = {"s3.path.style.access": bucket.path_style}
    if bucket.endpoint:
        told |= {"s3.endpoint": bucket.endpoint, "s3.ssl.enabled": bucket.endpoint.startswith("https:")}
    if bucket.credentials_file:
        keys = _keys(bucket.credentials_file)
        told |= {"s3.access-key": keys.access_key, "s3.secret-key": keys.secret_key}
    return told


def _keys(file: Path) -> aws.Keys:
    try:
        keys = aws.keys_of(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        hint = "name a file with the keys in checkpoints.credentials_file"
        raise Failed(f"{file}: {error}", hint=hint, code="checkpoints_keys") from error
    if keys.token:
        raise Failed(
            f"{file} has temporary keys, which Flink would lose when they run out",
            hint="use lasting keys, or the role of the machine and no file",
            code="checkpoints_keys",
        )
    return keys
