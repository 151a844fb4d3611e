"""What the log says of a fault that was borne."""

from __future__ import annotations

from fraudctl.chaos.judgement import LogFindings, judge_log
from fraudctl.kafka.tail import Record


def decision(number: int, run: int, text: str = "approve") -> Record:
    value = f'{{"event_id":"burst-1-{number:07d}","decision":"{text}"}}'.encode()
    return Record("risk.decisions", 0, 0, 0, None, value, {"run": str(run).encode()})


def test_repeats_contradict_each_other_within_one_run_of_the_job_and_a_later_run_replaces() -> None:
    other = Record("risk.decisions", 0, 0, 0, None, b'{"event_id":"x"}', {"run": b"1"})
    repeated = [decision(0, 1), other, decision(0, 1), decision(1, 1)]
    assert judge_log(repeated, "burst-1", 3) == LogFindings(decided=2, repeats=1, contradictions=0)
    assert judge_log([*repeated, decision(0, 1, "block")], "burst-1", 3) == LogFindings(2, 2, 1)

    replaced = [*repeated, decision(0, 2, "block"), decision(0, 1), decision(0, 2, "block")]
    assert judge_log(replaced, "burst-1", 3) == LogFindings(2, 4, 0)
    assert judge_log([*replaced, decision(0, 2)], "burst-1", 3) == LogFindings(2, 5, 1)
