"""The tests of single parts lie as the parts do: each folder mirrors a room, each file is of one module."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "tests" / "unit"
FILES = sorted(UNIT.rglob("test_*.py"))
JAVA: dict[str, list[Path]] = {}
for _file in (ROOT / "pipeline").rglob("*.java"):
    JAVA.setdefault(_file.name, []).append(_file)

OF_NO_MODULE = {
    "test_docs_commands.py": "command lines that documents print",
    "test_import_contracts.py": "who may import whom, as pyproject.toml says it",
    "test_late_imports.py": "which imports wait inside functions, and why",
    "test_ports.py": "tests/ports.py",
    "test_rooms.py": "this file",
    "test_waiting.py": "tests/waiting.py",
    "test_wheel.py": "what is read besides modules, in the wheel",
    "fraudctl/engines/compose/test_files.py": "the shipped compose files",
    "fraudctl/engines/kubernetes/test_policies.py": "what the chart's pods owe to those who run a cluster",
    "fraudctl/files/test_any_dialect.py": "all readers, on any table in any dialect",
    "fraudctl/files/test_reported_files.py": "all readers, on files that were reported",
    "fraudctl/files/test_hostile.py": "all commands that read files, on files that mean harm",
    "fraudctl/settings/test_written_files.py": "profiles, scenarios and faults alike, as files people write",
    "fraudctl/inspection/test_exports.py": "all that inspect recognises, on files of services and databases",
    "fraudctl/backup/test_cut_off.py": "taking a backup and putting it back, killed on the way",
    "fraudctl/home/test_purge_cut_off.py": "a purge killed on the way, and what takes the rest",
    "fraudctl/home/test_damaged_files.py": "every reader of the home, and who lives with what it says",
    "fraudctl/test_hostile_files.py": "all readers of settings, on files that are made to take long",
    "pipeline/test_processes.py": "all processes alike",
    "pipeline/connections/kafka/test_files.py": "files of a connection that change under librdkafka.py",
    "pipeline/kernel/test_evasion.py": "the kernel beside the reference against who knows the rules",
    "pipeline/kernel/test_activation_parity.py": "the kernel beside the reference while rule sets change",
    "pipeline/kernel/test_earlier_forms.py": "savepoints as earlier versions wrote them",
    "pipeline/kernel/test_kernel.py": "the kernel's reading of records and conditions",
    "pipeline/kernel/test_restarts.py": "a process that outlives the attempts of a job",
    "pipeline/kernel/test_packages.py": "which package of the kernel may name which",
    "pipeline/kernel/test_parity.py": "the kernel beside the reference and the oracle",
    "pipeline/kernel/test_words.py": "words made of fields, in the kernel beside Python",
    "pipeline/kernel/test_by_hand.py": "kernel, reference and rules beside what was computed by hand",
    "fraudctl/files/test_any_writer.py": "tables as other programs write them",
    "pipeline/sinks/test_new_store.py": "a folder that is a store, found by every list of stores",
    "pipeline/sinks/elasticsearch/test_pages.py": "how a server reads everything behind an alias",
    "pipeline/rules/test_hostile_rules.py": "rule sets that mean harm, in all of their parts",
    "pipeline/rules/test_recorded.py": "rule sets from before their plug-ins were refused",
    "pipeline/rules/plugins/test_between_calls.py": "what a plug-in could keep from call to call",
    "pipeline/rules/plugins/test_same_answers.py": "what would make answers of plug-ins differ by place",
    "pipeline/scoring/test_written_activations.py": "activations as earlier versions wrote them",
}

LONG: set[str] = set()
"""modules of more than 300 lines, which none is to become any more"""


def in_house(path: Path) -> Path:
    """Where in the house what lies below tests/unit would be."""
    return ROOT / path.relative_to(UNIT)


def subjects(file: Path) -> set[Path]:
    """What a file of that name can be of: a module, a room, or a class of the kernel."""
    name = file.stem.removeprefix("test_")
    room = in_house(file.parent)
    java = "".join(part.capitalize() for part in name.split("_")) + ".java"
    classes = {one for one in JAVA.get(java, ()) if room in one.parents}
    return {room / f"{name}.py", room / f"_{name}.py", room / name, *classes}


def test_every_folder_of_tests_mirrors_a_room() -> None:
    folders = {file.parent for file in FILES} - {UNIT}
    assert {folder.relative_to(UNIT) for folder in folders if not in_house(folder).is_dir()} == set()


def test_every_file_of_tests_is_of_something_there_is() -> None:
    of_something = {file.relative_to(UNIT).as_posix(): subjects(file) for file in FILES}
    nowhere = {name for name, found in of_something.items() if not any(one.exists() for one in found)}
    assert nowhere == set(OF_NO_MODULE)


def test_what_is_of_no_module_is_there() -> None:
    assert [name for name in OF_NO_MODULE if not (UNIT / name).is_file()] == []


def test_no_module_is_longer_than_can_be_read_at_once() -> None:
    modules = [path for room in ("fraudctl", "pipeline") for path in (ROOT / room).rglob("*.py")]
    long = {path for path in modules if len(path.read_text(encoding="utf-8").splitlines()) > 300}
    assert {path.relative_to(ROOT).as_posix() for path in long} <= LONG
