"""What is put on disk comes back as it was, in order, as often as is wanted."""

from __future__ import annotations

from fraudctl.files.spooled import Spooled


def test_what_is_spooled_comes_back_whole_again_and_again_also_by_turns() -> None:
    every = [(number, f"u{number}", None, (True,)) for number in range(9_000)]
    spooled = Spooled(tuple)
    for number, one in enumerate(every):
        spooled.append(one)
        if number == 8_500:
            assert sum(1 for _ in spooled) == 8_501
    assert len(spooled) == 9_000
    assert list(spooled) == every
    assert all(one == other for one, other in zip(spooled, spooled, strict=True))


def test_two_are_equal_when_all_that_they_hold_is() -> None:
    one, other = Spooled(tuple), Spooled(tuple)
    one.append((1, "a"))
    assert one != other
    other.append((1, "a"))
    assert one == other
