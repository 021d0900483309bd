"""`mimas up --demo` as a newcomer runs it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx

from mimas.platform.processes import wait_until


def test_the_demonstration_plays_beside_own_sources(start: Any, sources: Path) -> None:
    """Buildings appear in the API, and the sources of the setting run too."""
    platform = start("--demo", MIMAS_ADAPTERS=str(sources))
    url = f"{platform.url}/ngsi-ld/v1/entities?type=Building"
    appeared = wait_until(lambda: len(httpx.get(url).json()) >= 3, 200)

    assert appeared, platform.log()
    assert "source meters: connected" in platform.log()
