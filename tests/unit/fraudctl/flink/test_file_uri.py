from __future__ import annotations

from pathlib import Path

from fraudctl.flink.file_uri import local_path, one_form


def test_a_file_uri_and_a_path_name_the_same_place() -> None:
    assert (
        local_path("file:///a/b%20c") == local_path("file:/a/b%20c") == local_path("/a/b c") == Path("/a/b c")
    )


def test_both_forms_of_a_file_uri_become_one_and_any_other_stays() -> None:
    given = ("file:/a/b%20c", "file:///a/b%20c", "s3://a/b", "/a/b")
    assert [one_form(uri) for uri in given] == ["file:///a/b%20c", "file:///a/b%20c", "s3://a/b", "/a/b"]
