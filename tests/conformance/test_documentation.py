"""What the documentation says of the checker is what the checker does."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.documentation import conformance_pages
from mimas.conformance.reports import FORMATS, report_schema

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"


def test_every_requirement_has_a_page() -> None:
    """And the index leads to it."""
    pages = conformance_pages(ROOT / "tests" / "conformance" / "broken")
    index = pages["reference/requirements/index.md"]

    assert all(f"]({each.id}.md)" in index for each in load_catalogue().requirements)
    assert all(f"reference/requirements/{each.id}.md" in pages for each in load_catalogue().requirements)


def test_every_member_of_a_target_is_explained() -> None:
    """docs/reference/target.md against the schema."""
    schema = yaml.safe_load((ROOT / "conformance/mimas/conformance/target/schema.yaml").read_text())
    page = (REFERENCE / "target.md").read_text()
    limits = schema["properties"]["limits"]["properties"]
    mechanisms = schema["properties"]["interfaces"]["propertyNames"]["enum"]

    assert [each for each in [*schema["properties"], *limits, *mechanisms] if f"`{each}`" not in page] == []


def test_every_format_is_explained() -> None:
    """docs/reference/reports.md against the list of formats."""
    page = (REFERENCE / "reports.md").read_text()

    assert [suffix for suffix in FORMATS if f"`{suffix}`" not in page] == []


def test_the_schema_of_the_docs_is_that_of_the_package() -> None:
    """Published twice, the same."""
    assert json.loads((REFERENCE / "conformance-report.schema.json").read_text()) == report_schema()
