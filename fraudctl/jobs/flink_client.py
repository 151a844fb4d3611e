"""What Flink's own client, which hands a job over, finds to reach a cluster that is not ours.

It reads a folder of configuration and one variable. For the stack's own Flink that folder is the cluster's;
for another it is made here, new for each submission, of the files that the profile names.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from fraudctl.errors import Failed
from fraudctl.flink import security
from fraudctl.flink.cluster import Setting, as_yaml
from fraudctl.flink.connection import bearer
from fraudctl.flink.security import Pem, Stores
from fraudctl.home.private_files import write_atomically
from fraudctl.home.secret import generated_password
from pipeline.connections import tls
from pipeline.connections.flink import FlinkRest
from pipeline.connections.tls import BadFile

if TYPE_CHECKING:
    from fraudctl.home.stack import Stack

HEADERS = "FLINK_REST_CLIENT_HEADERS"
"""the variable in which that client looks for headers; it reads them nowhere else"""


def folder(stack: Stack) -> Path:
    """The folder of configuration, as it is to be for the cluster of this stack. Failed for a bad file."""
    rest = stack.flink
    if not is_elsewhere(stack) or not (rest.is_encrypted or rest.path):
        return stack.paths.flink_conf
    there = stack.paths.flink_client
    try:
        settings = {**({"rest.path": rest.path} if rest.path else {}), **_tls(rest, there)}
    except (BadFile, OSError, ValueError) as error:
        raise _unusable(rest, error) from error
    write_atomically(there / "config.yaml", as_yaml(settings))
    return there


def variables(stack: Stack) -> Mapping[str, str]:
    """What stands in that client's environment, which its owner alone can read. Failed for a bad file."""
    token = stack.flink.token_file
    if token is None:
        return {}
    try:
        return {HEADERS: f"Authorization:{bearer(token)}"}
    except BadFile as error:
        raise _unusable(stack.flink, error) from error


def is_elsewhere(stack: Stack) -> bool:
    """Whether the cluster is not ours to run."""
    return stack.profile.server("flink").external is not None


def _tls(rest: FlinkRest, there: Path) -> Mapping[str, Setting]:
    if not rest.is_encrypted:
        return {}
    tls.check(rest.tls_files)
    password, own = generated_password(there / "password"), None
    if rest.cert_file is not None and rest.key_file is not None:
        key_password = tls.secret(rest.key_password_file) if rest.key_password_file else None
        pem, own = Pem(rest.key_file.read_bytes(), rest.cert_file.read_bytes()), there / "own.p12"
        write_atomically(own, security.key_store(pem, key_password, password))
    write_atomically(there / "trust.p12", security.trust_store(rest.ca_file, password))
    return {**security.rest(Stores(there / "trust.p12", own, password)), **security.any_tls()}


def _unusable(rest: FlinkRest, error: Exception) -> Failed:
    hint = error.hint if isinstance(error, BadFile) else "see the files in servers.flink.external"
    return Failed(f"Flink at {rest.address}: {error}", hint=hint, code="flink_file")
