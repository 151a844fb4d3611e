"""`inspect` on files as services, banks and databases export them: they are read as they are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.fraudctl.inspection.asked import Export, exported
from tests.unit.fraudctl.inspection.banks import BANKS
from tests.unit.fraudctl.inspection.databases import DATABASES
from tests.unit.fraudctl.inspection.datasets import DATASETS
from tests.unit.fraudctl.inspection.documents import DOCUMENTS
from tests.unit.fraudctl.inspection.scripts import SCRIPTS
from tests.unit.fraudctl.inspection.services import SERVICES

EXPORTS = DATASETS | SERVICES | BANKS | SCRIPTS | DATABASES | DOCUMENTS


@pytest.mark.parametrize("one", EXPORTS.values(), ids=list(EXPORTS))
def test_an_export_is_read_as_it_is_meant(
    one: Export, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exported(capsys, tmp_path, one) == one.rows
