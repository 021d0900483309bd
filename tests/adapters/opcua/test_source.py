"""Values of a real asyncua server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from asyncua import Node, Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from mimas.adapters.mapping import MappingFile, load_mapping
from mimas.adapters.messages import Message
from mimas.adapters.opcua import OpcUaSource
from mimas.adapters.source import SourceError, Surroundings
from mimas.platform.processes import free_port

WAIT = 30
pytestmark = pytest.mark.asyncio(loop_scope="module")


class Surrounding:
    """OPC UA keeps no state."""

    async def load(self, source: str) -> dict[str, Any]:
        return {}

    async def save(self, source: str, values: dict[str, Any], now: Any) -> None:
        return


class Plant:
    """A server with a boiler."""

    def __init__(self, server: Server, url: str, nodes: dict[str, Node]) -> None:
        self.server = server
        self.url = url
        self.nodes = nodes

    async def write(self, name: str, value: Any, moment: datetime | None = None) -> None:
        data = ua.DataValue(ua.Variant(value))
        if moment is not None:
            data = ua.DataValue(ua.Variant(value), SourceTimestamp=moment.replace(tzinfo=None))
        await self.nodes[name].write_value(data)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def plant(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Plant]:
    """The server, with a temperature, a switch and an array; it takes seconds to start."""
    folder = tmp_path_factory.mktemp("plant")
    server = Server()
    await server.init()
    url = f"opc.tcp://127.0.0.1:{free_port()}"
    server.set_endpoint(url)
    await make_certificate(folder / "server", "urn:freeopcua:python:server", ExtendedKeyUsageOID.SERVER_AUTH)
    await server.load_certificate(str(folder / "server.der"))
    await server.load_private_key(str(folder / "server.pem"))
    kinds = ua.SecurityPolicyType
    server.set_security_policy([kinds.NoSecurity, kinds.Basic256Sha256_SignAndEncrypt])
    space = await server.register_namespace("https://city.example/plant")
    boiler = await server.nodes.objects.add_object(space, "Boiler")
    nodes = {
        "temperature": await boiler.add_variable(ua.NodeId("Boiler.Supply", space), "Supply", 61.5),
        "running": await boiler.add_variable(ua.NodeId(7, space), "Running", True),
        "phases": await boiler.add_variable(ua.NodeId(8, space), "Phases", [1.0, 2.0, 3.0]),
    }
    async with server:
        yield Plant(server, url, nodes)


async def make_certificate(path: Path, application: str, use: Any) -> None:
    """A key and its certificate, signed by itself."""
    await setup_self_signed_certificate(
        path.with_suffix(".pem"),
        path.with_suffix(".der"),
        application,
        "localhost",
        [use],
        {"commonName": "test"},
    )


def configure(tmp_path: Path, plant: Plant, options: str) -> MappingFile:
    names = {"temperature": "ns=2;s=Boiler.Supply", "running": "ns=2;i=7", "phases": "ns=2;i=8"}
    nodes = "".join(f'      {name}: "{node}"\n' for name, node in names.items())
    path = tmp_path / "m.yaml"
    path.write_text(
        f"use: opcua-values\nsource:\n  opcua:\n    url: {plant.url}\n{options}    nodes:\n{nodes}"
    )
    return load_mapping(path)


async def read(file: MappingFile, enough: Callable[[list[Message]], Awaitable[bool]]) -> list[Message]:
    source = OpcUaSource(file, Surroundings("", Surrounding()))
    messages: list[Message] = []
    stream = source.messages()
    try:
        async with asyncio.timeout(WAIT):
            async for message in stream:
                messages.append(message)
                if await enough(messages):
                    break
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
    return messages


async def test_poll(plant: Plant, tmp_path: Path) -> None:
    """Polled, one message has all values, as JSON has them."""
    file = configure(tmp_path, plant, "    mode: poll\n    every: 0.2\n")

    async def enough(messages: list[Message]) -> bool:
        await plant.write("temperature", 70.25)
        return len(messages) == 2

    await plant.write("temperature", 61.5)
    first, second = await read(file, enough)

    assert first.record["values"] == {"temperature": 61.5, "running": True, "phases": [1.0, 2.0, 3.0]}
    assert second.record["values"]["temperature"] == 70.25


async def test_subscription_carries_the_time_of_the_change(plant: Plant, tmp_path: Path) -> None:
    """Subscribed, each change is a message with the time at its source, and becomes the mapping's entity."""
    file = configure(tmp_path, plant, "    sampling: 0.05\n")
    moment = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)

    async def enough(messages: list[Message]) -> bool:
        if len(messages) == 3:  # the values as they are come first
            await plant.write("temperature", 72.0, moment)
        return len(messages) == 4

    message = (await read(file, enough))[3]
    document = file.mapping.map(message).records[0].documents[0]

    assert document["temperature"] == {
        "type": "Property",
        "value": 72.0,
        "unitCode": "CEL",
        "observedAt": "2026-01-15T10:30:00Z",
    }


async def test_bad_value_is_named_and_left_out(plant: Plant, tmp_path: Path) -> None:
    """A value whose status is not good is no value."""
    file = configure(tmp_path, plant, "    mode: poll\n    every: 0.2\n")
    bad = ua.DataValue(ua.Variant(0.0), StatusCode=ua.StatusCode(ua.UInt32(ua.StatusCodes.BadSensorFailure)))
    await plant.nodes["temperature"].write_value(bad)

    async def enough(messages: list[Message]) -> bool:
        return True

    (message,) = await read(file, enough)

    assert message.record["failures"] == {"temperature": "BadSensorFailure"}
    assert "temperature" not in message.record["values"]


async def test_node_that_is_not_there(plant: Plant, tmp_path: Path) -> None:
    """An unknown node is named."""
    file = configure(tmp_path, plant, "    sampling: 0.05\n")
    file.declaration["source"]["opcua"]["nodes"]["lost"] = "ns=2;s=Nowhere"

    async def enough(messages: list[Message]) -> bool:
        return False

    with pytest.raises(SourceError, match="node lost cannot be subscribed to: BadNodeIdUnknown"):
        await read(file, enough)


async def test_signed_and_encrypted(plant: Plant, tmp_path: Path) -> None:
    """With a certificate of its own the source reads over an encrypted connection."""
    await make_certificate(tmp_path / "mimas", "urn:city.example:mimas", ExtendedKeyUsageOID.CLIENT_AUTH)
    files = "    certificate_file: mimas.der\n    key_file: mimas.pem\n"
    security = f"    security: Basic256Sha256,SignAndEncrypt\n{files}"
    file = configure(tmp_path, plant, f"    mode: poll\n{security}")

    async def enough(messages: list[Message]) -> bool:
        return True

    (message,) = await read(file, enough)

    assert message.record["values"]["running"] is True


async def test_server_that_goes_away_is_an_error(plant: Plant, tmp_path: Path) -> None:
    """The source fails, so that the platform says so and begins again. The last test: the server is gone."""
    file = configure(tmp_path, plant, "    sampling: 0.05\n")

    async def enough(messages: list[Message]) -> bool:
        if len(messages) == 3:
            await plant.server.stop()
        return False

    with pytest.raises((OSError, SourceError)):
        await read(file, enough)
