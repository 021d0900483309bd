"""A broker on a fresh database, behind its HTTP binding."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest

from mimas.ngsi_ld.api.app import create_app
from mimas.ngsi_ld.api.broker import Broker
from mimas.ngsi_ld.api.contexts import Fetched
from mimas.ngsi_ld.core.errors import LdContextNotAvailable
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.writer import Writer


class RemoteContexts:
    """The documents that the outside world has, by URL; `asked` counts downloads."""

    def __init__(self) -> None:
        self.documents: dict[str, bytes] = {}
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []

    def serve(self, url: str, context: object) -> str:
        """Publish a context."""
        self.documents[url] = orjson.dumps({"@context": context})
        return url

    async def __call__(self, url: str) -> Fetched:
        """Download one."""
        self.asked.append(url)
        if url not in self.documents:
            raise LdContextNotAvailable(f"{url} cannot be reached.")
        return Fetched(self.documents[url], self.headers)


@pytest.fixture
def remote() -> RemoteContexts:
    """Remote contexts, none at first."""
    return RemoteContexts()


@pytest.fixture
async def broker(database_url: str, remote: RemoteContexts) -> AsyncIterator[Broker]:
    """A broker that writes and reads."""
    database = await Database.open(database_url, max_size=4)
    async with Writer(database, drains=1) as writer:
        broker = Broker.on(database, writer, remote)
        yield broker
        await broker.close()
    await database.close()


@pytest.fixture
async def client(broker: Broker) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the broker's API; paths begin below /ngsi-ld/v1 when they are relative."""
    transport = httpx.ASGITransport(app=create_app(broker))  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://mimas/ngsi-ld/v1/") as client:
        yield client
