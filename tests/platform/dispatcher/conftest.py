"""A broker that matches subscriptions, a dispatcher, and receivers that behave as told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from mimas.ngsi_ld.api.contexts import ContextResolver
from mimas.ngsi_ld.api.subscribers import Subscribers
from mimas.ngsi_ld.core.context import CORE_CONTEXT_URL
from mimas.ngsi_ld.core.operations import UpsertEntity
from mimas.ngsi_ld.store.contexts import ContextStore
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.outbox import Outbox
from mimas.ngsi_ld.store.subscriptions import StoredSubscription, SubscriptionStore
from mimas.ngsi_ld.store.writer import Writer
from mimas.platform.dispatcher.dispatcher import Dispatcher
from mimas.platform.dispatcher.http_delivery import HttpTransport
from mimas.platform.dispatcher.lane import Lane, Patience
from mimas.platform.dispatcher.mqtt_delivery import MqttTransport
from mimas.platform.dispatcher.periodic import Periodic
from mimas.platform.dispatcher.sending import Sender
from mimas.platform.outbound import OutboundGuard


class Receiver:
    """An HTTP endpoint on a real socket; `statuses` are answered in turn, then 200."""

    def __init__(self) -> None:
        self.notifications: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.statuses: list[int] = []
        self.delay = 0.0
        self.came = asyncio.Event()

    async def start(self) -> None:
        """Listen on a free port."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}/notify"

    async def stop(self) -> None:
        """Stop listening."""
        self._server.close()

    @property
    def values(self) -> list[Any]:
        """The temperature of every entity that was notified, in order."""
        return [each["temperature"]["value"] for body in self.notifications for each in body["data"]]

    async def until(self, fulfilled: Callable[[], bool]) -> None:
        """Wait until what has come fulfils a condition."""
        async with asyncio.timeout(20):
            while not fulfilled():
                self.came.clear()
                await self.came.wait()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                await self._answer(head.decode(), reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, head: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines = [line.split(": ", 1) for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, value in lines}
        body = orjson.loads(await reader.readexactly(int(headers["content-length"])))
        await asyncio.sleep(self.delay)
        status = self.statuses.pop(0) if self.statuses else 200
        if status == 200:
            self.notifications.append(body)
            self.headers.append(headers)
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode())
        await writer.drain()
        self.came.set()


class Scene:
    """One database with a writer and a dispatcher over it."""

    def __init__(self, database: Database, writer: Writer) -> None:
        self.database = database
        self.writer = writer
        self.subscriptions = SubscriptionStore(database)
        self.outbox = Outbox(database)

    async def subscribe(self, url: str, **members: Any) -> str:
        """Subscribe an endpoint to rooms."""
        number = await self.subscriptions.count("")
        document = {
            "id": f"urn:ngsi-ld:Subscription:{number}",
            "type": "Subscription",
            "entities": [{"type": "Room"}],
            "notification": {"endpoint": {"uri": url}},
        } | members
        now = datetime.now(UTC)
        next_at = now if "timeInterval" in document else None
        await self.subscriptions.create(
            StoredSubscription("", document["id"], document, CORE_CONTEXT_URL, now, now, next_at)
        )
        return str(document["id"])

    async def warm(self, temperature: float, room: int = 1) -> None:
        """Write a temperature of a room."""
        entity_id = f"urn:ngsi-ld:Room:{room}"
        document = {
            "id": entity_id,
            "type": "Room",
            "temperature": {"type": "Property", "value": temperature},
        }
        [outcome] = await self.writer.write("", [UpsertEntity(entity_id=entity_id, document=document)])
        assert not isinstance(outcome, Exception)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    """An endpoint that takes everything."""
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture
async def other_receiver() -> AsyncIterator[Receiver]:
    """A second endpoint."""
    receiver = Receiver()
    await receiver.start()
    yield receiver
    await receiver.stop()


@pytest.fixture
def patience() -> Patience:
    """Impatient, for tests."""
    return Patience(first_pause=0.05, longest_pause=0.1, refusals=3)


@pytest.fixture
async def scene(database_url: str, patience: Patience) -> AsyncIterator[Scene]:
    """A running broker and dispatcher."""
    database = await Database.open(database_url, max_size=6)
    guard = OutboundGuard(["127.0.0.1"])
    contexts = ContextResolver(ContextStore(database), _no_context)
    subscriptions, entities = SubscriptionStore(database), EntityStore(database)
    matching, dispatching = Subscribers(subscriptions, contexts), Subscribers(subscriptions, contexts)
    sender = Sender(entities, contexts, HttpTransport(guard), MqttTransport(guard), public_url="http://mimas")

    def new_lane() -> Lane:
        return Lane(Outbox(database), dispatching, subscriptions, sender, patience)

    dispatcher = Dispatcher(
        database,
        dispatching,
        subscriptions,
        Periodic(entities, subscriptions, sender),
        new_lane,
        poll=0.1,
    )
    stop = asyncio.Event()
    running = asyncio.create_task(dispatcher.run(stop))
    async with Writer(database, listener=matching, drains=1) as writer:
        yield Scene(database, writer)
    stop.set()
    await running
    await sender.close()
    await entities.close()
    await database.close()


async def _no_context(url: str) -> Any:
    raise AssertionError(f"nobody should ask for {url}")
