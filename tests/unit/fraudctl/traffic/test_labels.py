"""Which of several labels in the log counts."""

from __future__ import annotations

from itertools import permutations

from fraudctl.traffic.labels import newest_of
from pipeline.records.label import Label, label

WHO = ("u", "e")


def test_the_label_that_became_known_last_counts_whatever_its_place_in_the_log() -> None:
    life = [label(WHO, True, "bank", 2_000_000_000_000), label(WHO, False, "analyst", 2_000_000_100_000)]
    for several in permutations(life):
        given = [(5, n, one) for n, one in enumerate(several)]
        assert newest_of(given, 2_000_000_200_000)[WHO].by == "analyst"
        assert newest_of(given, 2_000_000_050_000)[WHO].by == "bank"
        assert newest_of(given, 1_999_999_999_999) == {}


def test_of_labels_known_at_the_same_time_the_later_in_the_log_counts() -> None:
    same = [(7, n, label(WHO, fraud, "a", 2_000_000_000_000)) for n, fraud in enumerate((True, False))]
    for given in permutations(same):
        assert newest_of(given, 2_000_000_000_000)[WHO].is_fraud is False


def test_a_label_that_does_not_say_when_it_became_known_was_known_when_it_was_written() -> None:
    silent = Label("e", "u", "fraud", "soon")
    given = [(2_000_000_000_500, 0, silent), (9, 1, label(WHO, False, "a", 2_000_000_000_000))]
    assert newest_of(given, 2_000_000_001_000)[WHO] == silent
