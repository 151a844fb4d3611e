"""What PostgreSQL's own clients make of the file that an address names in the place of a password."""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from fraudctl.home import pass_file
from fraudctl.home.paths import Paths

ADDRESS = "postgresql://fraudctl@127.0.0.1:3/fraudctl"


@pytest.mark.parametrize("name", ["home", "a home & 100%? of #1"])
def test_the_address_names_a_file_for_its_owner_alone_that_has_the_password(
    tmp_path: Path, name: str
) -> None:
    paths = Paths(tmp_path / name)
    pass_file.lay(paths, "first")
    pass_file.lay(paths, "abc")
    shown = pass_file.named(paths, ADDRESS)
    read = conninfo_to_dict(shown)
    assert (read["host"], read["port"], read["user"], read["dbname"]) == (
        "127.0.0.1",
        "3",
        "fraudctl",
        "fraudctl",
    )
    file = Path(str(read["passfile"]))
    assert file.read_text() == "*:*:*:fraudctl:abc\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert ("abc" in shown, "password" in read) == (False, False)


def test_what_ends_a_word_of_such_a_file_does_not_end_the_password(tmp_path: Path) -> None:
    pass_file.lay(Paths(tmp_path), "a:b\\c")
    assert (tmp_path / "secrets" / pass_file.NAME).read_text() == "*:*:*:fraudctl:a\\:b\\\\c\n"


def test_a_file_that_holds_no_text_is_written_anew(tmp_path: Path) -> None:
    paths = Paths(tmp_path)
    pass_file.lay(paths, "abc")
    file = paths.secrets / pass_file.NAME
    file.write_bytes(b"\xff\xfe")
    pass_file.lay(paths, "abc")
    assert file.read_text() == "*:*:*:fraudctl:abc\n"


def test_an_address_names_no_file_that_is_not_there(tmp_path: Path) -> None:
    assert pass_file.named(Paths(tmp_path), ADDRESS) == ADDRESS
