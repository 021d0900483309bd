"""The application of one worker, in this process, on a fresh database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from mimas.platform.settings import Settings


class Lifespan:
    """Enters and leaves the lifespan of an ASGI application."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self._app = app
        self._to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._from_app: asyncio.Queue[MutableMapping[str, Any]] = asyncio.Queue()

    async def __aenter__(self) -> None:
        self._task = asyncio.create_task(
            self._app({"type": "lifespan"}, self._to_app.get, self._from_app.put)  # type: ignore[arg-type]
        )
        await self._to_app.put({"type": "lifespan.startup"})
        assert (await self._from_app.get())["type"] == "lifespan.startup.complete"

    async def __aexit__(self, *_: object) -> None:
        await self._to_app.put({"type": "lifespan.shutdown"})
        assert (await self._from_app.get())["type"] == "lifespan.shutdown.complete"
        await self._task


@pytest.fixture
def lifespan() -> type[Lifespan]:
    """Runs an application of a test's own."""
    return Lifespan


@pytest.fixture
async def app(database_url: str) -> AsyncIterator[Any]:
    """The application, running."""
    from mimas.platform.app import PlatformApp

    app = PlatformApp(Settings(database_url=SecretStr(database_url)), housekeeping=False)
    async with Lifespan(app):
        yield app


@pytest.fixture
async def client(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client on this machine."""
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
async def stranger(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client on another machine."""
    transport = httpx.ASGITransport(app, client=("192.0.2.7", 50000))
    async with httpx.AsyncClient(transport=transport, base_url="http://mimas.example") as client:
        yield client
