"""Meters on real pymodbus servers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from mimas.adapters.mapping import MappingFile, load_mapping
from mimas.adapters.messages import Message
from mimas.adapters.modbus import ModbusSource
from mimas.adapters.source import SourceError, Surroundings

WAIT = 20
SDM630 = [
    SimData(0, values=[231.2, 230.8, 232.1, 2.6, 2.7, 2.8, 600.0, 610.0, 630.5], datatype=DataType.FLOAT32),
    SimData(18, count=34, values=0, datatype=DataType.REGISTERS),
    SimData(
        52, values=[1840.5, 0.0, 1890.0, 0.0, 420.0, 0.97, 0.0, 0.0, 0.0, 49.98], datatype=DataType.FLOAT32
    ),
    SimData(72, values=[48211.37, 12.5], datatype=DataType.FLOAT32),
]
# A real meter answers reads of blocks it knows and refuses others: here energy export does not exist.
IEM3155 = [
    SimData(2999, values=[22.1, 22.2, 22.3], datatype=DataType.FLOAT32),
    SimData(3027, values=[229.9, 230.1, 230.4], datatype=DataType.FLOAT32),
    SimData(3053, values=[1.7, 1.75, 1.78, 5.23], datatype=DataType.FLOAT32),
    SimData(3067, values=[0.4], datatype=DataType.FLOAT32),
    SimData(3075, values=[5.3], datatype=DataType.FLOAT32),
    SimData(3109, values=[50.01], datatype=DataType.FLOAT32),
    SimData(3203, values=[120034871, -(2**63)], datatype=DataType.INT64),
]


class Surrounding:
    """Modbus keeps no state."""

    async def load(self, source: str) -> dict[str, Any]:
        return {}

    async def save(self, source: str, values: dict[str, Any], now: Any) -> None:
        return


Serve = Callable[..., Any]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts Modbus servers; a port can be given to start one again where it was."""
    servers: list[ModbusTcpServer] = []

    async def start(*devices: SimDevice, port: int = 0) -> tuple[ModbusTcpServer, int]:
        server = ModbusTcpServer(list(devices), address=("127.0.0.1", port), ignore_missing_devices=True)
        await server.serve_forever(background=True)
        servers.append(server)
        return server, server.transport.sockets[0].getsockname()[1]

    yield start
    for server in servers:
        await server.shutdown()


def configure(tmp_path: Path, use: str, meters: list[dict[str, Any]], **options: Any) -> MappingFile:
    path = tmp_path / "m.yaml"
    declared = {"meters": meters, "every": 0.1, "timeout": 0.3} | options
    path.write_text(f"use: {use}\nsource: {{modbus: {declared!r}}}\n".replace("'", '"'))
    return load_mapping(path)


def meter(name: str, port: int, unit: int = 1) -> dict[str, Any]:
    return {"name": name, "host": "127.0.0.1", "port": port, "unit": unit}


async def read(file: MappingFile, until: Callable[[list[Message]], bool]) -> list[Message]:
    """Messages of the source until there are enough."""
    source = ModbusSource(file, Surroundings("", Surrounding()))
    messages: list[Message] = []
    stream = source.messages()
    try:
        async with asyncio.timeout(WAIT):
            async for message in stream:
                messages.append(message)
                if until(messages):
                    return messages
    finally:
        await stream.aclose()  # type: ignore[attr-defined]
    return messages


async def test_shipped_map_of_the_sdm630(serve: Serve, tmp_path: Path) -> None:
    """Every register of the map is read, and becomes the entities of the mapping."""
    _, port = await serve(SimDevice(1, SDM630))
    file = configure(tmp_path, "modbus-eastron-sdm630", [meter("town-hall", port)])
    (message,) = await read(file, bool)
    record = file.mapping.map(message).records[0]

    assert set(message.record["values"]) == set(file.declaration["source"]["modbus"]["registers"])
    assert "failures" not in message.record
    assert record.documents[0]["totalActiveEnergyImport"]["value"] == 48211.37
    assert record.documents[0]["phaseVoltage"]["value"] == {"L1": 231.2, "L2": 230.8, "L3": 232.1}


async def test_shipped_map_of_the_iem3155(serve: Serve, tmp_path: Path) -> None:
    """Numbers that count from 1, int64 counters, kW, and a register the meter does not have."""
    _, port = await serve(SimDevice(3, IEM3155))
    file = configure(tmp_path, "modbus-schneider-iem3155", [meter("school", port, 3)])
    (message,) = await read(file, bool)
    values = message.record["values"]

    assert (values["energy_import"], values["power"], values["frequency"]) == (120034.871, 5230.0, 50.01)
    assert "energy_export" not in values


async def test_what_a_meter_refuses_does_not_lose_the_rest(serve: Serve, tmp_path: Path) -> None:
    """A request that the meter answers with an exception is named; other values come."""
    _, port = await serve(SimDevice(3, IEM3155[:3]))
    file = configure(tmp_path, "modbus-schneider-iem3155", [meter("school", port, 3)])
    (message,) = await read(file, bool)

    assert message.record["values"]["power"] == 5230.0
    assert any("exception code" in failure for failure in message.record["failures"])


async def test_dead_meters_do_not_stop_the_others(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither a silent unit behind the same gateway nor an address where nobody listens stops a meter."""
    _, port = await serve(SimDevice(1, SDM630))
    server, closed = await serve(SimDevice(1, SDM630))
    await server.shutdown()
    meters = [meter("silent", port, 9), meter("good", port), meter("closed", closed)]
    file = configure(tmp_path, "modbus-eastron-sdm630", meters)
    messages = await read(file, lambda found: len(found) >= 3 and "meter closed is silent" in caplog.text)

    assert {message.place for message in messages} == {"good"}
    assert caplog.text.count("meter silent is silent") == 1


async def test_meter_that_comes_back(serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A gateway that was away is found again without anybody's help."""
    caplog.set_level("INFO")
    server, port = await serve(SimDevice(1, SDM630))
    file = configure(tmp_path, "modbus-eastron-sdm630", [meter("m", port)])

    async def restart() -> None:
        await server.shutdown()
        while "meter m is silent" not in caplog.text:
            await asyncio.sleep(0.01)
        await serve(SimDevice(1, SDM630), port=port)

    restarting: list[asyncio.Task[None]] = []

    def is_back(messages: list[Message]) -> bool:
        if not restarting:
            restarting.append(asyncio.create_task(restart()))
        return "meter m answers again" in caplog.text

    messages = await read(file, is_back)

    assert restarting[0].done()
    assert len(messages) >= 2


def test_source_without_meters(tmp_path: Path) -> None:
    """The shipped map alone is no source: somebody has to say where the meters are."""
    (tmp_path / "m.yaml").write_text("use: modbus-eastron-sdm630\n")

    with pytest.raises(SourceError, match="no meters"):
        ModbusSource(load_mapping(tmp_path / "m.yaml"), Surroundings("", Surrounding()))
