"""Right targets, faults, and the listener that tests of checks share.

Every module of `right/` adds fixtures `right_<name>` that give a right Target; every module of `broken/`
declares faults. docs/how-to/add-a-check.md explains both.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

from mimas.conformance.listener import Listener
from mimas.conformance.testing import load_faults

HERE = Path(__file__).parent


def _right_targets() -> dict[str, object]:
    """The fixtures of the modules in right/."""
    found: dict[str, object] = {}
    for path in sorted((HERE / "right").glob("*.py")):
        specification = importlib.util.spec_from_file_location(f"mimas_right_{path.stem}", path)
        assert specification and specification.loader
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        found |= {name: value for name, value in vars(module).items() if name.startswith("right_")}
    return found


globals().update(_right_targets())
FAULTS = load_faults(HERE / "broken")


@pytest.fixture(scope="session")
def listener() -> Iterator[Listener]:
    """One listener for all checks that want to be called."""
    listener = Listener()
    yield listener
    listener.close()
