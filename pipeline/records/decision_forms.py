"""The forms in which decisions lie in their topic: JSON, or in the frame of a schema registry.

What is verified, replayed, compared and written into stores is a decision's JSON. In a frame it stands as it
is, or in Avro, or in Protobuf; of each it comes back byte for byte. No registry need be asked: decisions are
written by us alone, and how content begins tells which it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from pipeline.records import decision_avro, decision_protobuf
from pipeline.records.decisions import Decision, encode_decision
from pipeline.records.framed import HEAD_BYTES, is_framed
from pipeline.records.quantities import Refusal

_FORMS: Final[Mapping[bytes, Callable[[bytes], Decision]]] = {
    decision_avro.FORM: decision_avro.decision_of,
    decision_protobuf.FORM: decision_protobuf.decision_of,
}


def json_of(value: bytes) -> bytes:
    """The JSON of a decision as it lies in its topic; content that is none stays what it is."""
    if not is_framed(value):
        return value
    content = value[HEAD_BYTES:]
    form = _FORMS.get(content[:1])
    if form is None:
        return content
    try:
        return encode_decision(form(content))
    except (Refusal, ValueError, OverflowError):
        return content
