"""Where data come from: declared once, put on every entity of a source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def dataset_id(source: str) -> str:
    """The id of the Dataset entity that describes a source."""
    return f"urn:ngsi-ld:Dataset:{source}"


def compile_provenance(declaration: Mapping[str, Any], name: str) -> dict[str, dict[str, Any]]:
    """`source`, `dataProvider` and `license` as the Smart Data Models name them, where they are declared.

    `source` is the home page of the data; without one, of anything that declares where it comes from, the
    Dataset entity of the source.
    """
    declared = declaration.get("provenance")
    if declared is None:
        return {}
    values = {
        "source": declared.get("homepage") or dataset_id(name),
        "dataProvider": declared.get("provider"),
        "license": declared.get("licence"),
    }
    return {key: {"type": "Property", "value": value} for key, value in values.items() if value}
