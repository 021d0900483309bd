"""The published models, when the folder with them lies beside the repository."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mimas.ngsi_ld.models.pins import pins

_PUBLISHED = Path(__file__).resolve().parents[3].parent / "shared" / "models"


@pytest.fixture(scope="session")
def published() -> Path:
    if not _PUBLISHED.is_dir():
        pytest.skip(f"the published Smart Data Models are not at {_PUBLISHED}: the check is not compared")
    return _PUBLISHED


@pytest.fixture(scope="session")
def pulled(published: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The published files laid out as `mimas models pull` lays them out."""
    directory = tmp_path_factory.mktemp("pulled")
    for pin in pins():
        source = published / (pin.path if pin.path == "common-schema.json" else f"{pin.subject}/{pin.path}")
        target = directory / pin.local_path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    return directory


@pytest.fixture(scope="session")
def normalized_examples(published: Path) -> dict[str, dict[str, Any]]:
    """The published normalised example of each type, by type."""
    return {
        path.parent.name: json.loads(path.read_bytes())
        for path in sorted(published.glob("*/*/example-normalized.jsonld"))
    }
