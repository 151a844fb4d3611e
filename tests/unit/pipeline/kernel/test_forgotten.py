"""The kernel and Python agree on who is forgotten."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from pipeline.records.forgotten import Forgotten, hash_of, salt_record, user_record
from tests.kernel_process import KernelProcess

USERS = ("ada", "Zoë", "ключ 😀", "bob")
PLACES = tuple(itertools.product(USERS, (0, 1, 2), (0, 6, 7)))


def test_a_job_lets_pass_what_no_erasure_covers(kernel: KernelProcess, tmp_path: Path) -> None:
    known, salts = Forgotten(), (bytes(32), bytes(range(32)))
    for salt, users in zip(salts, (USERS[:2], USERS[1:3]), strict=True):
        known.take(*salt_record(salt))
        for user in users:
            until = {"t": {0: 7, len(user) % 2: 3 + len(user)}}
            known.take(*user_record(hash_of(salt, user), until, "now"))
    (tmp_path / "asked.json").write_text(json.dumps({"told": known.as_document("t"), "events": PLACES}))
    said = kernel.printed("Forgets", str(tmp_path / "asked.json")).split()
    assert said == [str(not known.covers(user, "t", *place)).lower() for user, *place in PLACES]
    assert {"true", "false"} == set(said)
