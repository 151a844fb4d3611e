"""What S3 must let the sink do (see `pipeline.sinks.rights`). A folder needs no more than its owner has."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from pipeline.connections.proxies import proxy_url
from pipeline.connections.secrets import Secret
from pipeline.connections.tls import TlsFiles
from pipeline.connections.trouble import Trouble
from pipeline.connections.way import Finding, Place
from pipeline.sinks import Unavailable
from pipeline.sinks.parquet import Settings, blobs
from pipeline.sinks.parquet.blobs import Bucket, Changed, StoreDown
from pipeline.sinks.parquet.failures import translated
from pipeline.sinks.rights import Asked, Rights, missing

_ON_OBJECTS: Final = ("s3:DeleteObject", "s3:GetObject", "s3:PutObject")
_NAME: Final = "doctor-looks-whether-it-may.parquet"


def needed(asked: Asked) -> Rights:
    """A policy of IAM for the bucket; nothing for a folder."""
    parts = urlsplit(asked.address)
    if parts.scheme != "s3":
        return Rights("", {})
    bucket, prefix = f"arn:aws:s3:::{parts.netloc}", parts.path.strip("/")
    below = f"{prefix}/*" if prefix else "*"
    listing: dict[str, object] = {
        "Sid": "List",
        "Effect": "Allow",
        "Action": ["s3:ListBucket"],
        "Resource": [bucket],
    }
    if prefix:
        listing["Condition"] = {"StringLike": {"s3:prefix": [below]}}
    objects = {
        "Sid": "Objects",
        "Effect": "Allow",
        "Action": list(_ON_OBJECTS),
        "Resource": [f"{bucket}/{below}"],
    }
    statements = [listing, objects]
    if asked.settings.role is not None:
        role = {"Sid": "Role", "Effect": "Allow", "Action": ["sts:AssumeRole"]}
        statements.append(role | {"Resource": [asked.settings.role]})
    policy = {"Version": "2012-10-17", "Statement": statements}
    return Rights(json.dumps(policy, indent=2), policy)


def places(address: str, settings: Settings) -> Sequence[Place]:
    """The endpoint, as the client has it; none for a folder."""
    store = blobs.connect(address, None, settings.bucket)
    if not isinstance(store, Bucket):
        return []
    with translated():
        endpoint = store.endpoint
    parts = urlsplit(endpoint)
    tls = TlsFiles(settings.ca_file) if parts.scheme == "https" else None
    at, port = parts.hostname or "", parts.port or (443 if tls else 80)
    return [Place(at, port, tls, is_proxied=proxy_url(endpoint) is not None)]


def ask(address: str, secret: Secret, settings: Settings) -> Iterator[Finding]:
    """Writes name a version that is not there. Raises Unavailable."""
    store = blobs.connect(address, secret, settings.bucket)
    tries = {
        "s3:ListBucket": lambda: next(store.names(), None),
        "s3:GetObject": lambda: store.read(_NAME),
        "s3:PutObject": lambda: store.write(_NAME, b"", '"0"'),
    }
    if not isinstance(store, Bucket):
        yield _folder(store)
        return
    lacking = [name for name, act in tries.items() if not _may(act)]
    if not _may(lambda: store.drop(_NAME, '"0"')):
        lacking.append("s3:DeleteObject")
    yield missing(address, lacking, "s3")


def _folder(store: blobs.Store) -> Finding:
    try:
        next(store.names(), None)
    except StoreDown as error:
        raise Unavailable(str(error), error.trouble) from error
    return Finding("login", "a folder of this machine")


def _may(act: Any) -> bool:
    """Raises Unavailable for what is no matter of rights."""
    try:
        act()
    except Changed:
        return True
    except StoreDown as error:
        if error.trouble is Trouble.PERMISSION:
            return False
        raise Unavailable(str(error), error.trouble) from error
    return True
