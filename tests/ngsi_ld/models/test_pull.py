from __future__ import annotations

from pathlib import Path

import pytest

from mimas.ngsi_ld.models.checker import ModelCheck
from mimas.ngsi_ld.models.pins import Pin, pins
from mimas.ngsi_ld.models.pull import PullError, pull


@pytest.fixture
def by_address(pulled: Path) -> dict[str, Path]:
    return {pin.address: pulled / pin.local_path for pin in pins()}


def test_pull_completes_what_an_interrupted_pull_began(by_address: dict[str, Path], tmp_path: Path) -> None:
    """Files that are there are not fetched again; those that are missing or damaged are."""
    asked: list[str] = []

    def fetch(address: str) -> bytes:
        asked.append(address)
        if len(asked) == 50:
            raise OSError("connection lost")
        return by_address[address].read_bytes()

    with pytest.raises(PullError, match="connection lost"):
        list(pull(tmp_path, fetch))
    kept = sum(path.is_file() for path in tmp_path.rglob("*.json*"))
    asked.clear()
    asked.extend([""] * 60)
    results = list(pull(tmp_path, fetch))

    assert kept > 30
    assert len(results) == len(pins())
    assert sum(not each.fetched for each in results) == kept


def test_a_file_that_is_not_what_was_pinned_is_refused(tmp_path: Path) -> None:
    """A changed or forged file never enters the cache."""
    with pytest.raises(PullError, match="is not what was pinned"):
        list(pull(tmp_path, lambda address: b"{}"))

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_every_address_is_of_one_commit() -> None:
    """Pinned files come from a commit, not from a branch that moves."""
    wrong = [pin for pin in pins() if f"/{pin.commit}/" not in pin.address or len(pin.commit) != 40]

    assert wrong == []


def test_references_by_both_addresses_are_known() -> None:
    """Published schemas name each other by github.io and by raw addresses."""
    pin = Pin("smart-data-models/dataModel.Device", "c" * 40, "device-schema.json", "", 0)

    assert pin.reference_addresses == (
        "https://smart-data-models.github.io/dataModel.Device/device-schema.json",
        "https://raw.githubusercontent.com/smart-data-models/dataModel.Device/master/device-schema.json",
        "https://github.com/smart-data-models/dataModel.Device/raw/master/device-schema.json",
    )


def test_pulled_schemas_extend_the_check(pulled: Path) -> None:
    """Types without a compact description are checked once the full set is there, and pass before."""
    document = {
        "id": "urn:x:1",
        "type": "ItemFlowObserved",
        "intensity": {"type": "Property", "value": "three"},
    }

    assert ModelCheck("reject")(document) == []
    assert ModelCheck("reject", pulled)(document) != []
    assert ModelCheck("off", pulled)(document) == []
