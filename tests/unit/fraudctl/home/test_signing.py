"""Whose key signs, whom readers trust, and who is meant by it."""

from __future__ import annotations

import os
import pwd
import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from fraudctl.home import signing
from fraudctl.home.signing import BadKey
from fraudctl.home.stack import Stack
from fraudctl.settings.profile import Signing
from pipeline.scoring import keys

MakeStack = Callable[..., Stack]
USER = pwd.getpwuid(os.getuid()).pw_name


def key_file(folder: Path, name: str, form: PrivateFormat = PrivateFormat.OpenSSH) -> Path:
    """A private key as `ssh-keygen` and others write one."""
    path = folder / name
    key = Ed25519PrivateKey.generate()
    path.write_bytes(key.private_bytes(Encoding.PEM, form, NoEncryption()))
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    (folder / f"{name}.pub").write_text(f"{public} {name}@desk\n")
    return path


def trusting(folder: Path, **holders: Path) -> Path:
    """The file of those who are trusted."""
    path = folder / "trusted"
    lines = [f"{name} {Path(f'{file}.pub').read_text()}" for name, file in holders.items()]
    path.write_text("# who may change the rules\n\n" + "".join(lines))
    return path


def told(stack: Stack, settings: Signing) -> Stack:
    return replace(stack, profile=replace(stack.profile, signing=settings))


def test_a_home_has_no_key_before_its_first_record_and_then_trusts_that_alone(make_stack: MakeStack) -> None:
    stack = make_stack()
    assert signing.of(stack) is None
    key = signing.new_key()
    signing.keep(stack, key)
    found = signing.of(stack)
    assert found is not None
    assert found.trust.as_document() == {
        "stack": "fraudctl",
        "topic": "risk.rules",
        "keys": [keys.public(key)],
        "adopted": 0,
    }
    assert (found.author, found.account("why").reason) == (USER, "why")
    assert found.account(None, "keeper").author == "keeper"
    assert found.account("why").host == socket.gethostname()


@pytest.mark.parametrize("form", [PrivateFormat.OpenSSH, PrivateFormat.PKCS8])
def test_who_is_trusted_has_a_name_and_it_is_that_of_the_key(
    make_stack: MakeStack, tmp_path: Path, form: PrivateFormat
) -> None:
    alice, bob = key_file(tmp_path, "alice", form), key_file(tmp_path, "bob", form)
    stack = told(make_stack(), Signing(alice, trusting(tmp_path, alice=alice, bob=bob), "prod"))
    by_stack, by_bob = signing.of(stack), signing.of(stack, bob)
    assert by_stack is not None
    assert by_bob is not None
    assert (by_stack.author, by_bob.author) == ("alice", "bob")
    assert by_stack.trust == by_bob.trust
    assert (by_bob.trust.stack, len(by_bob.trust.keys)) == ("prod", 2)


def test_a_key_that_is_not_trusted_is_refused_with_the_line_that_is_missing(
    make_stack: MakeStack, tmp_path: Path
) -> None:
    alice, eve = key_file(tmp_path, "alice"), key_file(tmp_path, "eve")
    stack = told(make_stack(), Signing(eve, trusting(tmp_path, alice=alice)))
    with pytest.raises(BadKey, match="this key is not among those of") as refused:
        signing.of(stack)
    missing = Path(f"{eve}.pub").read_text().split()[1]
    assert refused.value.hint == f"its line there: {USER} ssh-ed25519 {missing}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names nobody who is trusted"),
        ("alice\n", "line 1: 'alice' names nobody"),
        ("alice ssh-ed25519 AAAA\n", "line 1: 'alice ssh-ed25519 AAAA' names nobody"),
        ("alice {key}\nbob {key}\n", "line 2: "),
        ("alice {key}\nalice {other}\n", "line 2: "),
    ],
)
def test_a_file_of_the_trusted_that_leaves_a_doubt_is_refused(
    make_stack: MakeStack, tmp_path: Path, text: str, said: str
) -> None:
    key_file(tmp_path, "other")
    alice = key_file(tmp_path, "alice")
    public = {name: (tmp_path / f"{name}.pub").read_text().strip() for name in ("alice", "other")}
    trusted = tmp_path / "trusted"
    trusted.write_text(text.format(key=public["alice"], other=public["other"]))
    with pytest.raises(BadKey, match=said):
        signing.of(told(make_stack(), Signing(alice, trusted)))


def test_what_is_no_open_ed25519_key_is_refused(make_stack: MakeStack, tmp_path: Path) -> None:
    locked = Ed25519PrivateKey.generate().private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    other = generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for content, said in (
        (b"", "holds no private key"),
        (locked, "holds no private key without"),
        (other, "is of another kind than Ed25519"),
        (None, "cannot be read"),
    ):
        file = tmp_path / "key"
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        with pytest.raises(BadKey, match=said):
            signing.of(make_stack(), file)
