"""The key by which a home signs what changes its rules, and the keys that its readers trust.

The profile names a key and a file of those who are trusted; without, the home has a key of its own below
`secrets`, made when its first record is signed, and trusts that alone. Here a key becomes an author: by its
name in the file of the trusted, else by the user who runs the command, which is as true as that user is.
"""

from __future__ import annotations

import os
import pwd
import socket
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from fraudctl.errors import Failed
from fraudctl.home.private_files import write_atomically
from pipeline.records.clock import now_ms
from pipeline.records.quantities import format_time
from pipeline.scoring import keys
from pipeline.scoring.account import MAX_NAME, Account, Destination
from pipeline.scoring.signature import Trust

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from fraudctl.home.stack import Stack
    from fraudctl.settings.profile import Profile

KEY: Final = "rules-signing-key"
"""among the secrets of the home"""
_KIND: Final = "ssh-ed25519"
_HOW: Final = f"make one with: ssh-keygen -t ed25519 -N '' -f FILE; its public half is a line NAME {_KIND} …"


class BadKey(Failed):
    """A key, or the file of those who are trusted, cannot be used."""

    code = "signing_key"


@dataclass(frozen=True, slots=True)
class Signing:
    """A key at hand, whom readers trust, and who is meant by it."""

    key: Ed25519PrivateKey
    trust: Trust
    author: str
    names: Mapping[str, str]
    """who holds which public key, where the profile says so"""

    @property
    def destination(self) -> Destination:
        return Destination(self.trust.stack, self.trust.topic)

    def account(self, reason: str | None, author: str | None = None) -> Account:
        """What a record says of who writes it now; `author` is a program that acts by itself."""
        at = format_time(now_ms())
        return Account(author or self.author, socket.gethostname()[:MAX_NAME] or "?", at, reason)


def of(stack: Stack, key_file: Path | None = None) -> Signing | None:
    """By the key of that file, else the profile's or the home's; None where the home has none yet. BadKey."""
    file = key_file or stack.profile.signing.key or stack.paths.secret_file(KEY)
    if not (key_file or stack.profile.signing.key or file.is_file()):
        return None
    return with_key(stack.profile, _private(file))


def with_key(profile: Profile, key: Ed25519PrivateKey) -> Signing:
    """By this key. BadKey where the profile does not trust it."""
    settings, own = profile.signing, keys.public(key)
    names = _trusted(settings.trusted) if settings.trusted else {}
    if names and own not in names:
        line = f"{user()} {_KIND} {_ssh(own)}"
        raise BadKey(f"this key is not among those of {settings.trusted}", hint=f"its line there: {line}")
    trust = _trust(profile, tuple(names or (own,)))
    return Signing(key, trust, names.get(own, user()), names)


def trusted_by(profile: Profile) -> Trust:
    """Whom a job trusts that no home looks after: those of the profile. BadKey where it names nobody."""
    settings = profile.signing
    if settings.trusted:
        trusted = tuple(_trusted(settings.trusted))
    elif settings.key:
        trusted = (keys.public(_private(settings.key)),)
    else:
        said = f"the profile {profile.name} says of nobody that his rules count"
        raise BadKey(said, hint=f"name signing.key or signing.trusted; {_HOW}")
    return _trust(profile, trusted)


def _trust(profile: Profile, trusted: tuple[str, ...]) -> Trust:
    wanted = profile.approval.required
    if wanted >= len(trusted) > 0 and wanted:
        said = f"approval.required is {wanted}, and {len(trusted)} may change the rules"
        raise BadKey(said, hint="name more people in signing.trusted: nobody approves of what is their own")
    return Trust(profile.signing.stack, profile.topics.rules, trusted, approvals=wanted)


def new_key() -> Ed25519PrivateKey:
    """One that nobody has."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.generate()


def keep(stack: Stack, key: Ed25519PrivateKey) -> None:
    """Make it the key of the home."""
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    write_atomically(stack.paths.secret_file(KEY), pem.decode())


def user() -> str:
    """The user of this process, not what the environment says of it."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def _private(path: Path) -> Ed25519PrivateKey:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_ssh_private_key

    content = _bytes(path)
    load = load_ssh_private_key if b"OPENSSH PRIVATE KEY" in content else load_pem_private_key
    try:
        key = load(content, None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey(f"{path} holds no private key without a passphrase", hint=_HOW) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise BadKey(f"the key in {path} is of another kind than Ed25519", hint=_HOW)
    return key


def _trusted(path: Path) -> dict[str, str]:
    """Names by public keys, of lines `NAME ssh-ed25519 KEY`. A key and a name stand there once each."""
    names: dict[str, str] = {}
    text = _bytes(path).decode(errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        key = _public(words)
        if key is None or key in names or words[0] in names.values() or len(words[0]) > MAX_NAME:
            hint = f"each line is NAME {_KIND} KEY, each name and key once"
            raise BadKey(f"{path}, line {number}: {line[:60]!r} names nobody", hint=hint)
        names[key] = words[0]
    if not names:
        raise BadKey(f"{path} names nobody who is trusted", hint=_HOW)
    return names


def _public(words: list[str]) -> str | None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        key = load_ssh_public_key(" ".join(words[1:3]).encode())
    except (ValueError, UnsupportedAlgorithm):
        return None
    return b64encode(key.public_bytes_raw()).decode() if isinstance(key, Ed25519PublicKey) else None


def _ssh(public: str) -> str:
    kind, raw = _KIND.encode(), b64decode(public)
    return b64encode(b"".join(len(part).to_bytes(4) + part for part in (kind, raw))).decode()


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BadKey(f"{path} cannot be read: {error.strerror}", hint=_HOW) from None
