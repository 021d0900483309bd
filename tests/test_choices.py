"""The page of choices names settings that exist."""

from __future__ import annotations

import re
from pathlib import Path

from mimas.platform.settings import Settings

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "choices.md"


def test_choices_name_settings() -> None:
    """Every MIMAS_* of the page is a setting."""
    named = set(re.findall(r"MIMAS_(\w+)", PAGE.read_text()))

    assert named <= {name.upper() for name in Settings.model_fields}
