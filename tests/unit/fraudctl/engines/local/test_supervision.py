"""Which refusals of the supervisor are harmless, and whose answers are believed."""

from __future__ import annotations

import os
import socket
import tempfile
from pathlib import Path
from xmlrpc.client import Fault

import pytest
from supervisor.xmlrpc import Faults

from fraudctl.engines.local import supervision
from fraudctl.engines.local.configuration import socket_path
from fraudctl.errors import NotRunning
from fraudctl.home.stack import Paths


def test_a_refusal_is_told_by_its_code_and_not_by_its_words() -> None:
    codes = supervision.ALREADY_STARTED, supervision.NOT_RUNNING
    assert codes == (Faults.ALREADY_STARTED, Faults.NOT_RUNNING)
    with supervision._ignoring(supervision.NOT_RUNNING):
        raise Fault(Faults.NOT_RUNNING, "in other words")
    with pytest.raises(Fault), supervision._ignoring(supervision.NOT_RUNNING):
        raise Fault(Faults.FAILED, "NOT_RUNNING: sink-postgres")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can lay a socket there as somebody else")
def test_a_socket_that_another_user_has_laid_in_its_place_is_not_spoken_to(tmp_path: Path) -> None:
    home = tmp_path / ("long" * 30)
    home.mkdir()
    place = socket_path(home)
    assert place.parent == Path(tempfile.gettempdir())
    with socket.socket(socket.AF_UNIX) as listens:
        listens.bind(str(place))
        try:
            listens.listen()
            os.chown(place, 65534, 65534)
            one = supervision.Supervisor(Paths(home))
            with pytest.raises(NotRunning, match="another user's"), one.calls() as calls:
                calls.getState()
            assert one.states() == {}
            listens.setblocking(False)
            with pytest.raises(BlockingIOError):
                listens.accept()
        finally:
            place.unlink()


@pytest.mark.parametrize("damaged", [b"", b"\xff\xfe\x00", b"[supervisord"])
def test_a_configuration_that_was_damaged_is_written_anew(tmp_path: Path, damaged: bytes) -> None:
    one = supervision.Supervisor(Paths(tmp_path))
    file = tmp_path / "run" / "supervisord.conf"
    assert one.configure([], is_root=False)
    whole = file.read_bytes()
    assert not one.configure([], is_root=False)
    file.write_bytes(damaged)
    assert one.configure([], is_root=False)
    assert file.read_bytes() == whole
