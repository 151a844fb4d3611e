"""What a bucket must let us do to hold checkpoints: said for who gives rights, and tried without a trace."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.states import gcs
from fraudctl.states.place import PlaceDown
from fraudctl.states.places import objects
from fraudctl.states.s3 import RIGHTS
from pipeline.connections import trouble, way
from pipeline.connections.proxies import proxy_url
from pipeline.connections.tls import BadFile, TlsFiles
from pipeline.connections.trouble import Trouble
from pipeline.connections.way import Finding, Place
from pipeline.sinks.rights import Rights


def policy(place: Checkpoints) -> dict[str, Any]:
    """A policy of IAM.

    The whole bucket may be listed: who may not is told of an object that is not there that it is forbidden,
    and Flink asks for such.
    """
    listing, *objects = RIGHTS
    bucket = f"arn:aws:s3:::{place.bucket}"
    below = f"{bucket}/{place.prefix}/*" if place.prefix else f"{bucket}/*"
    statements = [
        {"Sid": "ListStates", "Effect": "Allow", "Action": [listing], "Resource": [bucket]},
        {"Sid": "States", "Effect": "Allow", "Action": sorted(objects), "Resource": [below]},
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def role(place: Checkpoints, who: str) -> Rights:
    """What gives a service account the role at a bucket of Google's."""
    line = f"gcloud storage buckets add-iam-policy-binding gs://{place.bucket}"
    text = f"{line} --member=serviceAccount:{who} --role={gcs.ROLE}"
    return Rights(text, {"role": gcs.ROLE, "member": f"serviceAccount:{who}", "needed": list(gcs.RIGHTS)})


def examine(place: Checkpoints) -> Iterator[Finding]:
    """Every step on the way to the bucket, up to the first that fails. Nothing is made or changed."""
    store, kind = objects(place), "gcs" if place.scheme == "gs" else "s3"
    try:
        parts = urlsplit(store.endpoint)
        tls = TlsFiles() if parts.scheme == "https" else None
        at, port = parts.hostname or "", parts.port or (443 if tls else 80)
        yield from way.to(Place(at, port, tls, is_proxied=proxy_url(store.endpoint) is not None))
        lacking = store.lacking()
    except PlaceDown as down:
        step = "login" if down.trouble is Trouble.PASSWORD else "connection"
        yield Finding(step, down.message, down.hint, is_broken=True)
    except (OSError, BadFile, ValueError) as error:
        step, mend = way.step_of(trouble.of(error)), "see checkpoints.endpoint"
        yield Finding(step, f"{place.root}: {error}", mend, is_broken=True)
    else:
        mend = f"give them: fraudctl grants {kind}" if lacking else ""
        said = f"lacking: {', '.join(lacking)}" if lacking else f"{place.root}: all that is needed"
        yield Finding("rights", said, mend, is_broken=bool(lacking))
