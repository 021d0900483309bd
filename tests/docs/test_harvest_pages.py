"""The files that the pages on harvesting show are files that work."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimas.adapters.mapping import load_mapping
from mimas.adapters.registry import create_source
from mimas.adapters.source import ForgetfulState, Surroundings

FOLDER = Path(__file__).resolve().parents[2] / "docs/how-to"


def _shown() -> Iterator[tuple[str, str]]:
    for page in sorted(FOLDER.glob("harvest-*.md")):
        for number, block in enumerate(re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)):
            if block.startswith(("use:", "description:")):
                yield f"{page.stem}-{number}", block


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in _shown()])
def test_shown_files_configure_a_source(text: str, tmp_path: Path) -> None:
    """A reader copies them, changes the address, and has a source."""
    (tmp_path / "chargers.token").write_text("t")
    path = tmp_path / "s.yaml"
    path.write_text(text, encoding="utf-8")

    assert create_source(load_mapping(path), Surroundings("mqtt://127.0.0.1", ForgetfulState())).name == "s"
