"""The town's Modbus meters: units of one TCP server on loopback, with the registers of an Eastron SDM630."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

from . import ground

_REGISTERS = 80
_VOLTS = 230.0


@asynccontextmanager
async def serve(port: int) -> AsyncIterator[None]:
    """The server while the context lasts; unit 1 is the first of the meters."""
    from pymodbus.server import ModbusTcpServer
    from pymodbus.simulator import DataType, SimData, SimDevice

    block = SimData(0, count=_REGISTERS, values=0, datatype=DataType.REGISTERS)
    devices = [
        SimDevice(unit, [block], action=partial(_refresh, site))
        for unit, site in enumerate(ground.MODBUS_METERS, 1)
    ]
    server = ModbusTcpServer(devices, address=("127.0.0.1", port))
    await server.serve_forever(background=True)
    try:
        yield
    finally:
        await server.shutdown()  # type: ignore[no-untyped-call]


async def _refresh(
    site: str, _function: int, _start: int, _address: int, _count: int, registers: list[int], _values: Any
) -> None:
    """Put the present values into the registers before they are read."""
    now = datetime.now(UTC)
    power = ground.power(site, now)
    current = power / 3 / _VOLTS
    found = {
        **dict.fromkeys((0, 2, 4), _VOLTS + ground.chance(site, f"{now:%M}") * 4),
        **dict.fromkeys((6, 8, 10), current),
        **dict.fromkeys((12, 14, 16), power / 3),
        52: power,
        56: power * 1.03,
        60: power * 0.24,
        62: 0.97,
        70: 49.98,
        72: ground.energy(site, now),
        74: 0.0,
    }
    for address, value in found.items():
        registers[address : address + 2] = struct.unpack(">2H", struct.pack(">f", value))
