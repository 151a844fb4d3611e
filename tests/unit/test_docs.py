"""What the documents name is there: paths in backticks, classes of the kernel, links to other documents."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
TOPS = "compose|deploy|docs|faults|fraudctl|pipeline|profiles|scenarios|tests"
PATH = re.compile(rf"`((?:{TOPS})/[^`\s]*)`")
KERNEL_CLASS = re.compile(r"`(\w+\.java)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


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
