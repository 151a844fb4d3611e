"""What the job needs of ours and of others, by what its source imports."""

from __future__ import annotations

from pathlib import Path

from fraudctl.aws import imports, package, wheels

ROOT = Path(imports.__file__).parents[2]
OF_THE_SERVICE = {"pyflink"}
"""what is there without us; what PyFlink brings along is not relied on"""


def test_a_module_needs_what_it_imports_and_the_packages_it_lies_in(tmp_path: Path) -> None:
    sources = {
        "ours/__init__.py": "import yaml",
        "ours/start.py": "from ours.room import other\nimport json\nfrom ours.room.other import Name",
        "ours/room/__init__.py": "",
        "ours/room/other.py": "def late():\n    import numpy.linalg",
        "ours/room/unused.py": "import pandas",
    }
    for name, text in sources.items():
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = imports.needed(tmp_path, "ours", ["ours.start"])
    assert {file.as_posix() for file in found.files} == sources.keys() - {"ours/room/unused.py"}
    assert found.packages == {"yaml", "numpy"}


def test_what_the_job_needs_beside_the_service_is_in_its_zip() -> None:
    needed = imports.needed(ROOT, "pipeline", package.STARTED).packages - OF_THE_SERVICE
    called = {"PyYAML": "yaml"}
    packed = {called.get(one.name, one.name.replace("-", "_")) for one in wheels.lock() if one.use == "job"}
    assert needed <= packed
