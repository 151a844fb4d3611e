"""One jar of several: nothing is lost, nothing is chosen silently, and the bytes follow from the inputs."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from fraudctl.aws.jar import merged
from fraudctl.errors import Failed


def jar(folder: Path, name: str, files: dict[str, str], year: int = 2026) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as packed:
        for entry, text in files.items():
            packed.writestr(zipfile.ZipInfo(entry, (year, 1, 2, 3, 4, 6)), text)
    return path


def read(path: Path) -> dict[str, str]:
    with zipfile.ZipFile(path) as packed:
        return {name: packed.read(name).decode() for name in packed.namelist()}


def test_classes_services_and_licences_of_all_jars_are_in_the_one(tmp_path: Path) -> None:
    first = jar(
        tmp_path,
        "client-1.jar",
        {
            "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\n",
            "META-INF/services/org.Provider": "a.First\n",
            "META-INF/LICENSE": "the first's",
            "META-INF/KEY.RSA": "signed",
            "module-info.class": "a module",
            "a/First.class": "1",
            "same/Class.class": "s",
        },
    )
    second = jar(
        tmp_path,
        "login-2.jar",
        {
            "META-INF/services/org.Provider": "b.Second\na.First",
            "META-INF/LICENSE": "the second's",
            "META-INF/versions/9/b/Second.class": "29",
            "META-INF/maven/b/pom.xml": "<project/>",
            "b/Second.class": "2",
            "same/Class.class": "s",
        },
    )
    assert read(merged([first, second], tmp_path / "one.jar")) == {
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\r\nMulti-Release: true\r\n\r\n",
        "META-INF/legal/client-1/LICENSE": "the first's",
        "META-INF/legal/login-2/LICENSE": "the second's",
        "META-INF/services/org.Provider": "a.First\nb.Second\n",
        "META-INF/versions/9/b/Second.class": "29",
        "a/First.class": "1",
        "b/Second.class": "2",
        "same/Class.class": "s",
    }


def test_two_different_classes_of_one_name_are_refused_with_both_jars(tmp_path: Path) -> None:
    one, other = (jar(tmp_path, f"{name}.jar", {"a/B.class": name}) for name in ("one", "other"))
    with pytest.raises(Failed) as caught:
        merged([one, other], tmp_path / "both.jar")
    assert caught.value.message == "a/B.class is another one in one.jar than in other.jar"


def test_the_same_files_give_the_same_bytes_whenever_they_were_packed(tmp_path: Path) -> None:
    files = {"b/B.class": "b", "a/A.class": "a"}
    old = merged([jar(tmp_path, "x.jar", files, 2001)], tmp_path / "old.jar")
    new = merged([jar(tmp_path, "x.jar", dict(reversed(files.items())), 2026)], tmp_path / "new.jar")
    assert old.read_bytes() == new.read_bytes()
