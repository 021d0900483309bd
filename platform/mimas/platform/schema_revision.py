"""Which schema this program was written for, without importing what migrates.

Alembic and SQLAlchemy take longer to import than everything else at a start that finds nothing to migrate.
"""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

_NAMES = re.compile(r"^(revision|down_revision)\b[^=]*= *[\"']([^\"']+)[\"']", re.MULTILINE)


def newest_revision() -> str:
    """The revision that no other one follows."""
    spec = importlib.util.find_spec("mimas.ngsi_ld.store")
    assert spec is not None
    assert spec.submodule_search_locations is not None
    versions = Path(spec.submodule_search_locations[0]) / "migrations" / "versions"
    found: list[dict[str, str]] = [dict(_NAMES.findall(path.read_text())) for path in versions.glob("*.py")]
    followed = {each.get("down_revision") for each in found}
    (newest,) = (each["revision"] for each in found if each["revision"] not in followed)
    return newest
