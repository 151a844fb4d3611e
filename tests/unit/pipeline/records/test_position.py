"""The rank of a decision among those for one event."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.records.position import OFFSET_BITS, Position, offset_of, pack, unpack

positions = st.builds(Position, st.integers(0, 1 << 22), st.integers(0, (1 << OFFSET_BITS) - 1))


def test_a_later_run_outranks_every_offset_of_an_earlier_one() -> None:
    assert [pack(0, 5), pack(1, 0), pack(1, 5)] == [5, 2**40, 2**40 + 5]


@given(positions)
def test_a_packed_position_gives_its_parts_back(one: Position) -> None:
    assert (unpack(pack(*one)), offset_of(pack(*one))) == (one, one.offset)


@given(positions, positions)
def test_packed_positions_sort_as_their_parts_do(one: Position, other: Position) -> None:
    assert (pack(*one) < pack(*other)) == (one < other)
