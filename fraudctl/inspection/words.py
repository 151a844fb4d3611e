"""Words in columns that may stand for something else: for nothing, or for true and false."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from fraudctl.files.mapping import Said
from fraudctl.inspection.columns import Column
from fraudctl.inspection.notes import How, Proposal

_NEVER_ABSENT = ("event_id", "event_time", "amount")
"""Fields without which a row is refused whatever stands there."""
_TRUTHS = (
    *({"t", "f"}, {"y", "n"}, {"yes", "no"}, {"wahr", "falsch"}, {"ja", "nein"}, {"vrai", "faux"}),
    *({"oui", "non"}, {"verdadero", "falso"}, {"vero", "falso"}, {"sim", "nao"}, {"sim", "não"}),
)
_SURE_WORDS = ("null", "nan", "none", "\\n", "<na>")

Chosen = Mapping[str, Sequence[Column]]
"""The columns of each field."""


def note_truths(columns: Iterable[Column], chosen: Chosen, proposal: Proposal) -> None:
    """Name pairs of words that are texts, and perhaps meant for true and false."""
    given, fields = proposal.said.kind or {}, {one.name for found in chosen.values() for one in found}
    for column in columns:
        words = {one.strip().lower() for one in column.distinct}
        if words in _TRUTHS and column.name not in fields and column.name not in given:
            shown = " and ".join(sorted(column.distinct)[:2])
            text = f"{column.name} holds {shown}: texts, no truth values"
            proposal.note(How.assumed, text, f"--kind {column.name}=bool")


def propose_absent(columns: Iterable[Column], chosen: Chosen, proposal: Proposal) -> None:
    """Take words for nothing where columns hold them in which they are no text that counts."""
    if proposal.said.absent is not None:
        return
    words: dict[str, str] = {}
    for column in _with_words(columns, chosen):
        words |= {word: column.name for word in column.nothing if word.lower() in _SURE_WORDS}
    if words:
        proposal.say(Said(absent=tuple(words)))
        shown = ", ".join(f"{word!r} in {name}" for word, name in words.items())
        proposal.note(How.assumed, f"words that stand for nothing are taken as absent: {shown}")


def _with_words(columns: Iterable[Column], chosen: Chosen) -> Iterator[Column]:
    """Columns of fields, and of numbers and truth values otherwise."""
    fields = {one.name for field, found in chosen.items() for one in found if field not in _NEVER_ABSENT}
    for column in columns:
        if column.name in fields or ((column.is_number or column.is_truth) and column.nothing):
            yield column
