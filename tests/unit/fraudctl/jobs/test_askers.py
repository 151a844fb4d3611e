"""Whose change a record is that one machine writes for a person at another."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from fraudctl.home import signing
from fraudctl.home.stack import Stack
from fraudctl.jobs import activations, askers
from fraudctl.jobs.activations import Because
from fraudctl.settings import reading
from fraudctl.settings.profile import Signing
from pipeline.scoring.account import MAX_NAME


@pytest.fixture
def stack(tmp_path: Path) -> Stack:
    """One whose key is held by `deployer`, as a pod of the chart has it."""
    key = signing.new_key()
    (tmp_path / "key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (tmp_path / "trusted").write_text(f"deployer {public}\n")
    profile = replace(
        reading.load("default"), signing=Signing(key=tmp_path / "key", trusted=tmp_path / "trusted")
    )
    return Stack(tmp_path / "home", profile, {"kafka": "127.0.0.1:1"}, engine="kubernetes")


def test_a_record_has_the_person_and_machine_that_asked_and_whose_key_vouches_for_it(stack: Stack) -> None:
    asked = replace(stack, extra={askers.ASKED_BY: askers.Asker("alice", "laptop").as_document()})
    account = activations.of(asked).backing(Because("less noise")).account
    assert (account.author, account.host, account.reason) == (
        "alice (key of deployer)",
        "laptop",
        "less noise",
    )


def test_without_an_asker_it_has_who_holds_the_key_and_this_machine(stack: Stack) -> None:
    account = activations.of(stack).backing(Because()).account
    assert (account.author, account.host) == ("deployer", socket.gethostname())


def test_a_name_as_long_as_may_be_stays_within_what_a_record_takes(stack: Stack) -> None:
    asked = replace(stack, extra={askers.ASKED_BY: askers.Asker("a" * MAX_NAME, "laptop").as_document()})
    assert len(activations.of(asked).backing(Because()).account.author) == MAX_NAME


def test_who_asks_from_here_is_the_user_of_this_process() -> None:
    assert askers.here() == askers.Asker(signing.user(), socket.gethostname())
