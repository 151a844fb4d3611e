"""Which refusals of the supervisor are harmless."""

from __future__ import annotations

from xmlrpc.client import Fault

import pytest
from supervisor.xmlrpc import Faults

from fraudctl.engines.local import supervision


def test_a_refusal_is_told_by_its_code_and_not_by_its_words() -> None:
    codes = supervision.ALREADY_STARTED, supervision.NOT_RUNNING
    assert codes == (Faults.ALREADY_STARTED, Faults.NOT_RUNNING)
    with supervision._ignoring(supervision.NOT_RUNNING):
        raise Fault(Faults.NOT_RUNNING, "in other words")
    with pytest.raises(Fault), supervision._ignoring(supervision.NOT_RUNNING):
        raise Fault(Faults.FAILED, "NOT_RUNNING: sink-postgres")
