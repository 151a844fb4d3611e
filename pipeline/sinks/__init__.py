"""What a store of decisions must be able to do, and how one is found.

A sink is one folder in this one; the folder's name is its name everywhere. Its package offers
`Settings`, a type built on `Pace` that says every setting it takes (see `pipeline.settings.reading`), and
`connect(address, secret, settings) -> Sink`, which only remembers: the store is reached by the
first `write`, and secrets and certificates are read with each new connection. Two refusals are told apart:
*never* (this decision, whatever is tried: it is returned with its reason) and *not now* (`Unavailable`: the
same batch is written again later).

A sink that can be verified, as every one here can, also offers `ReadBack`: what it holds, and what it should
hold, both as an `Entry`, so that equality of entries is that of meaning. Nothing else is known of the store.

What else the package says of its store, each with what is taken where it says nothing:

- `NEEDS_SERVER` (True): the store is a server of that name; else it is a place without one
- `address(site) -> str` (the server's address): where the store is, a URL or host:port, without the password
- `prepare(address, secret, settings)` (nothing): what is done once before writers start; may be repeated

Every command may ask for these, so a package must be quick to import: clients are imported where they are
used, and known in its folder alone. Beside it are `reader` (what people ask) and `trials` (see there).
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Protocol, TypeGuard, cast

from pipeline.connections import trouble as troubles
from pipeline.connections.secrets import Secret
from pipeline.connections.tls import TlsFiles
from pipeline.connections.trouble import Trouble
from pipeline.settings.document import Told
from pipeline.settings.kinds import Duration, File, Whole
from pipeline.settings.reading import make, settings

if TYPE_CHECKING:
    from pipeline.records.decision_bytes import Parts
    from pipeline.records.decision_record import Delivery, Identity


class Unavailable(Exception):
    """Not now: the store cannot take anything at present.

    `trouble` is why, where the store or the way to it says so: told by who raises it, else by its cause.
    """

    def __init__(self, message: str = "", trouble: Trouble | None = None) -> None:
        super().__init__(message)
        self._told = trouble

    @property
    def trouble(self) -> Trouble | None:
        return self._told or troubles.of(self)


class Damaged(Unavailable):
    """The store answers, but what it holds in a place is not what a sink writes. The words name the place."""


@contextmanager
def naming(place: str) -> Iterator[None]:
    """What goes wrong while what lies there is read is the fault of what lies there. Raises Damaged."""
    try:
        yield
    except KeyError as error:
        raise Damaged(f"{place} lacks {error.args[0]}") from error
    except (ValueError, TypeError, AttributeError, IndexError) as error:
        raise Damaged(f"{place} is of another form: {error}") from error


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: the store will not take this decision; it belongs on the dead-letter topic."""

    delivery: Delivery
    reason: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a batch: `written + superseded + len(refused)` is its length.

    Superseded are those whose event has an equal or greater position, in the store or in the
    same batch.
    """

    written: int = 0
    superseded: int = 0
    refused: list[Refused] = field(default_factory=list)

    def __add__(self, other: Outcome) -> Outcome:
        return Outcome(
            self.written + other.written, self.superseded + other.superseded, self.refused + other.refused
        )


@dataclass(frozen=True, slots=True)
class Held:
    """What a store holds for one event. `rules` are the names of its hits, in order."""

    position: int
    score: int
    decision: str
    rules: tuple[str, ...]


class Sink(Protocol):
    """One store. Not safe for use by two threads."""

    @property
    def flagged_only(self) -> bool:
        """Whether approved transactions are left out."""

    def write(self, batch: Sequence[Delivery]) -> Outcome:
        """Store a batch; when it returns, the store has acknowledged. Raises Unavailable."""

    def held(self, user_id: str, event_id: str) -> Held | None:
        """What the store holds for an event. Raises Unavailable, as Damaged where it is no decision."""

    def close(self) -> None:
        """Let go of the connection. A later write connects again."""


class Entry(NamedTuple):
    """All a store holds, or should hold, for one event, in a form made to be compared.

    `fields` goes with `ReadBack.fields`; every value is text in one canonical form, None is absent.
    Everything that means something is in it, the time of writing is not; a time to live is (as the
    moment it ends). `expires_ms` is when the store may drop the entry by itself, `partition` the
    log's partition if the store knows it; these two are not compared.
    """

    user_id: str
    event_id: str
    position: int
    fields: tuple[str | None, ...]
    expires_ms: int | None = None
    partition: int | None = None

    @property
    def identity(self) -> Identity:
        return self.user_id, self.event_id


class ReadBack(Sink, Protocol):
    """A sink whose store can be compared with the log and mended from it."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of what `Entry.fields` holds, in its order."""

    def expected(self, delivery: Delivery, parts: Parts) -> Entry | None:
        """What the store should hold if this is the newest decision of its event; None for nothing.

        `parts` is `take_apart(delivery.value)`. Must not reach the store, nor look at the clock: an
        entry whose time is over is given all the same, with its `expires_ms`. Raises Undecodable.
        """

    def entries(self) -> Iterator[Entry]:
        """Everything the store holds, in any order, in bounded memory. Raises Unavailable.

        Of several for one event the greatest position is what the store holds. What does not belong
        there comes too; what cannot be read has position -1 and absent fields.
        """

    def look_up(self, identities: Sequence[Identity]) -> Mapping[Identity, Entry]:
        """What the store holds now for these events, at most a few thousand. Raises Unavailable."""

    def forget(self, doomed: Sequence[tuple[Identity, int]]) -> None:
        """Drop what is held for each event if its position is at most the given one, with whatever would
        keep `write` from putting that position back. Raises Unavailable."""

    def of_user(self, user_id: str) -> Iterator[Identity]:
        """Every event of a user of which anything is held, perhaps twice. Raises Unavailable."""

    def erase(self, user_id: str) -> int:
        """Drop all that is held of a user; the number of events. Raises Unavailable."""


def reads_back(sink: Sink) -> TypeGuard[ReadBack]:
    """Whether this sink can be verified."""
    return hasattr(sink, "entries")


@settings({"gather_ms": "gather"})
class Pace:
    """How a writer takes decisions from the log: the settings that every sink has."""

    batch: Annotated[int, Whole(1, 1_000_000)] = 2_000
    """the most decisions in one write"""
    gather_ms: Annotated[int, Duration(1, 5_000)] = 100
    """how long a batch may gather; meanwhile the writer neither stops nor tells how it is"""


@settings()
class Secured(Pace, TlsFiles):
    """How a store elsewhere is reached over TLS and with a password. Files are read with each connection."""

    password_file: Annotated[Path, File()] | None = None
    """the password alone; goes before external.credentials_file"""

    @property
    def tls_files(self) -> TlsFiles:
        """The files of TLS alone."""
        return TlsFiles(self.ca_file, self.cert_file, self.key_file, self.key_password_file)


class _Module(Protocol):
    Settings: type[Pace]

    def connect(self, address: str, secret: Secret, settings: Any) -> Sink: ...


def names() -> list[str]:
    """The sinks there are: the folders in this one."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def connect(name: str, address: str, secret: Secret, settings: Told) -> Sink:
    """The sink of that name. Raises ValueError when there is none, or for settings it does not take."""
    return cast(_Module, _module(name)).connect(address, secret, settings_of(name, settings))


def settings_type(name: str) -> type[Pace]:
    """What the sink of that name can be told. Raises ValueError when there is none."""
    return cast(_Module, _module(name)).Settings


def settings_of(name: str, given: Told) -> Any:
    """Those of a sink, of its own type. Raises ValueError with everything that is wrong."""
    return make(settings_type(name), given, name)


@dataclass(frozen=True, slots=True)
class Site:
    """What a stack has for a store.

    `server` is where its server is, host:port or as an external one is addressed, empty where there is none;
    `data` is a folder that the store may keep files in; `settings` are the sink's in the profile.
    """

    server: str
    data: Path
    settings: Told


def needs_server(name: str) -> bool:
    """Whether the sink's store is a server. Raises ValueError when there is no such sink."""
    return bool(getattr(_module(name), "NEEDS_SERVER", True))


def address(name: str, site: Site) -> str:
    """Where the sink's store is, without the password. Raises ValueError when there is no such sink."""
    say: Callable[[Site], str] = getattr(_module(name), "address", lambda site: site.server)
    return say(site)


def prepare(name: str, address: str, secret: Secret, settings: Told) -> None:
    """Make what must be in the store before writers start. Raises Unavailable."""
    act: Callable[[str, Secret, Any], None] | None = getattr(_module(name), "prepare", None)
    if act is not None:
        act(address, secret, settings_of(name, settings))


@dataclass(frozen=True, slots=True)
class Way:
    """With what those who read a store ask it, beside its address. Settings as a profile has them."""

    secret: Secret = None
    settings: Told = field(default_factory=dict)


OPEN: Final = Way()
"""Without a secret, and nothing said."""
SECRETS: Final = ("api_key_file", "password_file", "credentials_file")
"""The settings of sinks that name the file of a secret, one at most."""


def secret_file(settings: Told) -> Path | None:
    """The file of the secret that a sink's settings name; None where they name none."""
    named = next((settings[name] for name in SECRETS if settings.get(name)), None)
    return Path(str(named)).expanduser() if named else None


def mend(name: str, error: Exception) -> str | None:
    """What to do about a "not now" of that sink; None where nothing is known."""
    trouble = error.trouble if isinstance(error, Unavailable) else None
    return troubles.mend(trouble, name, error) if trouble else None


def _module(name: str) -> ModuleType:
    if name not in names():
        raise ValueError(f"no sink is called {name!r}; there are: {', '.join(names())}")
    return import_module(f"{__name__}.{name}")
