"""The pages in a real browser, at the width of a phone and of a desk."""

from __future__ import annotations

import asyncio
import shutil
import struct
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.tokens import TokenStore
from mimas.platform.console import Look, console_routes
from mimas.platform.console.stored import StoredSight
from mimas.platform.self_check import SelfCheck

HISTORY = "/history/urn:ngsi-ld:ACMeasurement:hall-electricity?attribute=totalActiveEnergyImport"
pytestmark = pytest.mark.browser


@pytest.fixture
def chromium() -> str:
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("there is no chromium: the pages are not looked at in a browser")
    return program


@pytest.fixture
async def address(town: Database, tmp_path: Path) -> AsyncIterator[str]:
    entities = EntityStore(town)
    checking = SelfCheck(tmp_path / "conformance", "1", TokenStore(town))
    app = Starlette(routes=console_routes(StoredSight.over(town, entities), Look(), checking, version="1"))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    async with asyncio.timeout(20):
        while not server.started:
            await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving
    await entities.close()


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("path", ["/", HISTORY])
async def test_a_page_is_drawn_without_complaint(
    chromium: str, address: str, tmp_path: Path, width: int, path: str
) -> None:
    """The browser finds nothing that the page's own policy forbids, and draws something on it."""
    picture = tmp_path / "page.png"
    complaints = await asyncio.to_thread(_look, chromium, address + path, picture, width)
    data = picture.read_bytes()

    assert "Content Security Policy" not in complaints
    assert "CONSOLE" not in complaints
    assert struct.unpack(">I", data[16:20]) == (width,)
    assert len(data) > 15_000


def _look(chromium: str, url: str, picture: Path, width: int) -> str:
    command = [
        *(chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
        *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
        *("--enable-logging=stderr", f"--user-data-dir={picture.parent / 'profile'}"),
        *(f"--window-size={width},1200", f"--screenshot={picture}", url),
    ]
    return subprocess.run(command, capture_output=True, text=True, timeout=90, check=True).stderr
