"""What a notification is, what a channel must be able to do, and how one is found.

A channel is one file in the folder `channels`; the file's name is its name everywhere. It offers `Settings`,
a type that says every setting it takes (see `pipeline.settings.reading`), and `connect(settings) -> Channel`.
A channel sends a message or tells which of three things happened: `NotNow` (certainly not sent; try later),
`Never` (certainly not sent, nor ever will be), anything else it raises (nobody knows: it is not tried again).
Who is told what, and that it happens at most once, is not known here: see `pipeline.notify.outbox`.
"""

from __future__ import annotations

import os
import pkgutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Protocol, cast

from pipeline.notify import channels
from pipeline.records.clock import DAY_MS
from pipeline.records.masking import Masks
from pipeline.records.visible import visible
from pipeline.settings.document import Told
from pipeline.settings.kinds import Duration, Whole
from pipeline.settings.reading import make

WindowMs = Annotated[int, Duration(1, DAY_MS, bare=True)]
"""The time in which alerts are counted that may be folded."""
MostSingly = Annotated[int, Whole(1, 1_000_000)]
"""How many alerts of one window are told singly; what comes on top is folded."""
LINES = 20
"""the most alerts a digest names one by one"""


class NotNow(Exception):
    """Certainly not sent, and worth another try, not before `after_s` seconds where the channel said so."""

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class Never(Exception):
    """Certainly not sent, and no later try would do better."""


@dataclass(frozen=True, slots=True)
class Alert:
    """What a message says of one alert. `amount` is exact decimal text; reasons are sentences."""

    user_id: str
    event_id: str
    score: int
    decision: str
    amount: str
    currency: str | None
    event_time: str
    reasons: tuple[str, ...]

    def masked(self, masks: Masks, values: Mapping[str, Any]) -> Alert:
        """As people are told it where some fields are masked; `values` are those of the payment, which
        reasons may say."""
        if not masks:
            return self
        shown = masks.document({"fields": dict(values), "alert": asdict(self)})["alert"]
        return Alert(**{**shown, "reasons": tuple(shown["reasons"])})

    def line(self) -> str:
        """The alert on one line."""
        money = f"{self.amount} {self.currency}" if self.currency else self.amount
        why = "; ".join(self.reasons) or "no reasons"
        what = f"{self.decision} {self.score}: {self.user_id}, {money}, event {self.event_id}"
        return _one_line(f"{what}: {why}")


@dataclass(frozen=True, slots=True)
class Message:
    """One notification: of a single alert, or a digest of several. `key` is the same for each try of it."""

    key: str
    alerts: tuple[Alert, ...]

    @property
    def title(self) -> str:
        if len(self.alerts) == 1:
            one = self.alerts[0]
            return _one_line(f"Fraud alert: {one.decision}, score {one.score}, user {one.user_id}")
        blocked = sum(alert.decision == "block" for alert in self.alerts)
        return f"{len(self.alerts)} fraud alerts, {blocked} of them blocked"

    @property
    def lines(self) -> Sequence[str]:
        """The alerts with the highest scores, one line each, and how many more there are."""
        first = sorted(self.alerts, key=lambda alert: -alert.score)[:LINES]
        more = len(self.alerts) - len(first)
        return [alert.line() for alert in first] + ([f"and {more} more"] if more else [])


class Channel(Protocol):
    """One way to tell people."""

    def send(self, message: Message) -> None:
        """Return when the other side has taken it. Must end within 30 s. Raises NotNow, Never or others."""


class _Module(Protocol):
    Settings: type[Any]

    def connect(self, settings: Any) -> Channel: ...


def names() -> list[str]:
    """The channels there are: the files of the folder `channels`."""
    return sorted(module.name for module in pkgutil.iter_modules(channels.__path__))


def connect(name: str, settings: Told) -> Channel:
    """The channel of that name. Raises ValueError when there is none, or for settings it cannot use."""
    module = cast(_Module, _module(name))
    return module.connect(make(module.Settings, settings, name))


def settings_type(name: str) -> type[Any]:
    """What the channel of that name can be told. Raises ValueError when there is none."""
    return cast(_Module, _module(name)).Settings


def secret(settings: object, name: str) -> str | None:
    """The setting NAME, or the content of the file that NAME_file points at, or of the environment
    variable that NAME_variable names; None where there is none of them. Raises ValueError.
    """
    plain, file, variable = (getattr(settings, f"{name}{how}") for how in ("", "_file", "_variable"))
    if file:
        try:
            return Path(file).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{name}_file: {error}") from error
    if variable:
        if not (value := os.environ.get(variable)):
            raise ValueError(f"{name}_variable: {variable} is not set")
        return value
    return None if plain is None else str(plain)


def _module(name: str) -> ModuleType:
    if name not in names():
        raise ValueError(f"no channel is called {name!r}; there are: {', '.join(names())}")
    return import_module(f"{channels.__name__}.{name}")


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()), 500)
