"""Rules of a release that change from elsewhere: by pods of their own, which it starts as containers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fraudctl.engines.kubernetes import given, mounted, rules
from fraudctl.jobs.askers import Asker

if TYPE_CHECKING:
    from tests.compose.release import Release

KEY, ALICE = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
"""those of the release, and of a person who changes rules from elsewhere"""


def ruled(
    release: Release, asker: Asker, *arguments: str, files: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """What a command about the rules answers in a pod, for that person; the whole document."""
    told = {**(files or {}), mounted.ASKER: json.dumps(asker.as_document())}
    job = rules.job_of(release.objects, ("rules", *arguments, "--json"), uuid.uuid4().hex[:8], 300.0)
    code, said = _ended(release, job, told)
    answer: dict[str, Any] = json.loads(said)
    assert answer["exit_code"] == code, said
    return answer


def carry(release: Release, signed: bytes | None) -> str:
    """What a pod tells of the topic of rules, which has written that first, if there is something."""
    files = {} if signed is None else {mounted.RECORD: signed.decode()}
    code, said = _ended(release, rules.log_job_of(release.objects, uuid.uuid4().hex[:8], 300.0), files)
    assert code == 0, said
    return said


def _ended(release: Release, job: dict[str, Any], files: Mapping[str, str]) -> tuple[int, str]:
    name = job["metadata"]["name"]
    try:
        spec = job["spec"]["template"]["spec"]
        release.pods.start(name, spec, [*release.objects, given.files_of(job, files)])
        return release.pods.result(name), release.pods.log(name)
    finally:
        release.pods.end(name)
        release.pods.specs.pop(name, None)


def private(key: Ed25519PrivateKey) -> str:
    """As a file has it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public(key: Ed25519PrivateKey) -> str:
    """As a line of the trusted has it."""
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
