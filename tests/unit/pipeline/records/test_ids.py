"""Ids that look the same are the same, and every store can hold them."""

from __future__ import annotations

import sys
import unicodedata

import pytest

from pipeline.records.decisions import Decision, Source, decode_decision, encode_decision
from pipeline.records.events import decode
from pipeline.records.ids import ANY_IDS, IDS, IdLimits
from pipeline.records.quantities import Refusal
from tests.unit.pipeline.records.event_cases import HEAD

DIRECTIONS = frozenset(("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"))
SEEN = "Zoë-东京 🂡ß№½ا٣ก́_./:|@#%=+~"


def is_refused(character: str) -> bool:
    try:
        IDS.check("user_id", f"a{character}b")
    except Refusal as refusal:
        return refusal.code == "bad_id"
    return False


def test_no_control_character_line_end_or_mark_of_direction_passes() -> None:
    passed = [
        f"U+{point:04X}"
        for point, character in enumerate(map(chr, range(sys.maxunicode + 1)))
        if unicodedata.category(character) in ("Cc", "Zl", "Zp")
        or unicodedata.bidirectional(character) in DIRECTIONS
        if not is_refused(character)
    ]
    assert passed == []


@pytest.mark.parametrize(
    "point", [0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF, 0xAD, 0x34F, 0x3164, 0xFE0F, 0xE0041]
)
def test_what_has_no_width_is_refused(point: int) -> None:
    assert is_refused(chr(point))


@pytest.mark.parametrize("text", [" a", "a ", " a ", "  ", " \u00e9", "\u00e9 "])
def test_a_blank_that_nobody_sees_at_an_end_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        IDS.check("card_id", text)
    assert str(caught.value) == "bad_id: card_id has U+0020 at an end, which nobody sees"
    IDS.check("card_id", f"a{text}b")
    IdLimits(256, allow_any=True).check("card_id", text)


def test_letters_digits_and_signs_of_any_script_pass() -> None:
    IDS.check("user_id", SEEN)
    letters = [
        c for c in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(c) in ("Lu", "Ll", "Nd")
    ]
    assert [c for c in letters if is_refused(c)] == []


def test_a_profile_may_take_any_character_and_another_length() -> None:
    value = f'{{{HEAD},"card_id":"4\\u200b\\n{"x" * 300}"}}'.encode()
    assert decode(value, ids=IdLimits(305, True)).get("card_id") == "4\u200b\n" + "x" * 300
    with pytest.raises(Refusal, match="id_too_long: card_id has 305 bytes, at most 304"):
        decode(value, ids=IdLimits(304, True))


def test_a_decision_about_an_id_that_is_no_longer_accepted_is_read() -> None:
    transaction = decode(f'{{{HEAD},"card_id":"4\\u200b{"x" * 300}"}}'.encode(), ids=ANY_IDS)
    decision = Decision(
        transaction=transaction,
        score=0,
        decision="approve",
        source=Source("risk.transactions", 0, 1),
        reasons=(),
        features={},
        ruleset_version="v1",
        ruleset_hash="0" * 64,
        late=False,
        saturated=False,
    )
    assert decode_decision(encode_decision(decision)).transaction == transaction
