"""What the documents name is there: paths in backticks, classes of the kernel, other documents, headings."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from fraudctl import __version__
from fraudctl.binaries import artifacts
from fraudctl.home import folder
from pipeline.rules.ruleset import load

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOPS = "compose|deploy|docs|faults|fraudctl|pipeline|profiles|scenarios|tests"
PATH = re.compile(rf"`((?:{TOPS})/[^`\s]*)`")
KERNEL_CLASS = re.compile(r"`(\w+\.java)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")
ANCHOR = re.compile(r"\]\(([^)#:]*)#([^)]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def named(pattern: re.Pattern[str], document: Path) -> set[str]:
    return set(pattern.findall(document.read_text(encoding="utf-8")))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_path_a_document_names_is_there(document: Path) -> None:
    whole = {path.partition("<")[0] for path in named(PATH, document)}
    assert {path for path in whole if not (ROOT / path).exists()} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_class_of_the_kernel_a_document_names_is_there(document: Path) -> None:
    known = {path.name for path in ROOT.glob("pipeline/kernel/src/**/*.java")}
    known |= {path.name for path in ROOT.glob("fraudctl/servers/**/*.java")}
    assert named(KERNEL_CLASS, document) - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_link_to_another_document_leads_somewhere(document: Path) -> None:
    assert {link for link in named(LINK, document) if not (document.parent / link).exists()} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda one: str(one.relative_to(ROOT)))
def test_every_heading_a_document_links_to_is_there(document: Path) -> None:
    linked = {(document.parent / file if file else document, anchor) for file, anchor in anchors(document)}
    assert {(file.name, anchor) for file, anchor in linked if anchor not in headings(file)} == set()


def test_what_the_readme_leaves_out_of_a_decision_is_what_the_default_rules_have_more() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8")
    ruleset = load(ROOT / "profiles" / "rules" / "default.yaml")
    fired = re.findall(r"^ fired: yes   rule: (\w+)", told, re.MULTILINE)
    assert {one.name for one in ruleset.rules} > set(fired)
    shown, silent = len(ruleset.features) + len(ruleset.built_in), len(ruleset.rules) - len(fired)
    left_out = f"its {shown} features, and the {silent} rules that did not fire"
    assert left_out in told
    assert f"rules {ruleset.version} ({ruleset.hash[:12]})" in told


JARS = {
    "org.apache.kafka:kafka_2.13": "kafka",
    "org.apache.flink:flink-connector-kafka": "connector",
    "software.amazon.msk:aws-msk-iam-auth": "msk",
    "org.apache.flink:flink-s3-fs-presto": "s3",
    "org.apache.flink:flink-gs-fs-hadoop": "gcs",
    "org.elasticsearch:elasticsearch": "elasticsearch",
    "com.amazonaws:DynamoDBLocal": "dynamodb",
    "org.eclipse.jdt:ecj": "compiler",
}


def test_the_table_of_jars_says_how_many_they_are_and_how_large() -> None:
    lines = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").splitlines()
    locked = {one.use for one in artifacts.lock()}
    assert set(JARS.values()) == locked
    for name, use in JARS.items():
        [line] = [line for line in lines if line.startswith(f"| `{name}`")]
        of_use = [one for one in artifacts.lock() if one.use == use]
        told = re.findall(r"(\d+) (jars|files|MB)", line.split(" | ")[0])
        size_mb, count = round(sum(one.size for one in of_use) / 1e6), len(of_use)
        sizes = {"MB": size_mb, "jars": count, "files": count}
        assert {unit: int(number) for number, unit in told} == {unit: sizes[unit] for _, unit in told}, name


def test_the_index_names_every_document() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link).resolve() for link in named(LINK, index)}
    assert {str(one.relative_to(ROOT)) for one in DOCUMENTS if one != index and one not in linked} == set()


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    released = re.findall(r"^## (\d\S+) — \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert [released[0], project["version"]] == [__version__, __version__]


def anchors(document: Path) -> list[tuple[str, str]]:
    return ANCHOR.findall(document.read_text(encoding="utf-8"))


def headings(document: Path) -> set[str]:
    """The anchors that a renderer of Markdown makes of a document's headings."""
    texts = HEADING.findall(document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in texts}


def test_the_table_of_a_home_has_every_folder_and_file_that_is_written_into_one() -> None:
    table = (ROOT / "docs" / "operations.md").read_text().partition("## The folder of a stack")[2]
    named = {
        name.rstrip("/")
        for row in table.split("\n\n")[1].splitlines()
        for name in re.findall(r"`([^`]+)`", row.split("|")[1])
    }
    assert named - {"~/.local/state/fraudctl"} == {*folder.ENTRIES, folder.MARK}
