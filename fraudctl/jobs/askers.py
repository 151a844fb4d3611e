"""Who asks for a change of the rules that another machine carries out, where Kafka is reached.

That machine is told by the one that was asked, and its records have this person and host: neither its own
user nor its own name says anything to who reads them later.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from fraudctl.home import signing
from pipeline.scoring import keys
from pipeline.scoring.account import MAX_NAME, Account

if TYPE_CHECKING:
    from fraudctl.home.signing import Signing
    from fraudctl.home.stack import Stack

ASKED_BY: Final = "asked_by"
"""among what is told beside a stack"""


@dataclass(frozen=True, slots=True)
class Asker:
    """A person, and the machine where the command was given."""

    author: str
    host: str

    def as_document(self) -> dict[str, str]:
        """In JSON."""
        return asdict(self)

    def in_place_of(self, account: Account, signer: Signing) -> Account:
        """That account as this person's. Whose key vouches for it is said too: it may be another's."""
        holder = signer.names.get(keys.public(signer.key))
        author = self.author if holder is None else f"{self.author} (key of {holder})"
        return replace(account, author=author[:MAX_NAME], host=self.host)


def here() -> Asker:
    """The user of this process, on this machine."""
    return Asker(signing.user()[:MAX_NAME], socket.gethostname()[:MAX_NAME] or "?")


def of(stack: Stack) -> Asker | None:
    """Who asks for what is done with this stack; None where it is the user of this process."""
    told: Mapping[str, Any] | None = stack.extra.get(ASKED_BY)
    return None if told is None else Asker(str(told["author"]), str(told["host"]))
