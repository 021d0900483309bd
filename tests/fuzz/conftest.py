"""How long to fuzz: seconds by default; MIMAS_TEST_FUZZ_SECONDS=600 looks for ten minutes, a test each."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

SECONDS = float(os.environ.get("MIMAS_TEST_FUZZ_SECONDS", "0"))
EXAMPLES = 100

Fuzz = Callable[[Callable[[Any], None], SearchStrategy[Any]], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test may take as long as it was told to fuzz."""
    for item in items:
        if "/fuzz/" in str(item.path):
            item.add_marker(pytest.mark.timeout(SECONDS + 300))


@pytest.fixture
def fuzz() -> Fuzz:
    """Check many examples: the same ones each time by default, ever new ones in a long run."""

    def run(check: Callable[[Any], None], examples: SearchStrategy[Any]) -> None:
        end = time.monotonic() + SECONDS
        wanted = settings(
            max_examples=EXAMPLES,
            deadline=None,
            derandomize=not SECONDS,
            database=None,
            suppress_health_check=list(HealthCheck),
        )

        def one(example: Any) -> None:
            check(example)

        while True:
            wanted(given(examples)(one))()
            if time.monotonic() >= end:
                return

    return run
