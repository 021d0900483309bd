"""The pages of the documentation that are made from the checker itself."""

from __future__ import annotations

import json
from pathlib import Path

from .reports import report_schema
from .requirement_pages import requirement_pages
from .testing import fault_table, load_faults


def conformance_pages(broken: Path) -> dict[str, str]:
    """Path below docs/ -> text. `broken` is the folder in which the faults are declared."""
    pages = {f"reference/requirements/{name}": text for name, text in requirement_pages().items()}
    return {
        "reference/fault-table.md": fault_table(load_faults(broken)),
        "reference/conformance-report.schema.json": json.dumps(report_schema(), indent=2) + "\n",
        **pages,
    }
