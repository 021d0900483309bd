"""The source: every meter is read at each multiple of `every` seconds; a reading is one message."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import orjson

from mimas.ngsi_ld.core.instants import format_instant

from ..mapping import MappingFile
from ..mapping.payloads import JSON
from ..mapping.problems import MappingProblem
from ..mapping.units import require_unit
from ..messages import Mapped, Message
from ..source import SourceError, Surroundings, source_options
from .line import Line, Meter, MeterSilent, Values, group_by_line, pause_until_next
from .registers import Register, compile_registers, plan_reads

EVERY = 60.0
TIMEOUT = 3.0
PORT = 502
Readings = asyncio.Queue[Message | Exception]
WAITING = 1000  # readings that wait in memory while the database is away


class ModbusSource:
    """Meters of one register map, on as many connections as they have addresses."""

    media = JSON

    def __init__(self, file: MappingFile, surroundings: Surroundings) -> None:
        if find_spec("pymodbus") is None:
            raise SourceError('Modbus needs the extra modbus: pip install "mimas[modbus]"')
        # It calls every silent meter an error at every poll; a line says it once.
        logging.getLogger("pymodbus.logging").setLevel(logging.CRITICAL)
        self.name = file.name
        self.file = file
        self._options = source_options(file)
        self._registers = self._compile_registers()
        self._units = {each.name: each.unit for each in self._registers if each.unit}
        self._meters = [self._meter(each) for each in self._options.get("meters", [])]
        if not self._meters:
            raise SourceError(f"{file.name}: no meters: name one under source.modbus.meters")
        if len({meter.name for meter in self._meters}) < len(self._meters):
            raise SourceError(f"{file.name}: two meters have the same name")

    def to_entities(self, message: Message) -> Mapped:
        """What a reading becomes by the mapping."""
        return self.file.mapping.map(message)

    async def messages(self) -> AsyncIterator[Message]:
        """Readings of all meters, for ever; the lines do not wait for each other."""
        readings: Readings = asyncio.Queue(WAITING)
        timeout = self._options.get("timeout", TIMEOUT)
        lines = [
            (Line(self.name, host, port, timeout), meters)
            for (host, port), meters in group_by_line(self._meters).items()
        ]
        tasks = [asyncio.create_task(self._poll(line, meters, readings)) for line, meters in lines]
        try:
            while True:
                reading = await readings.get()
                if isinstance(reading, Exception):
                    raise reading
                yield reading
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _poll(self, line: Line, meters: Sequence[Meter], readings: Readings) -> None:
        try:
            while True:
                for meter in meters:
                    if line.is_due(meter):
                        await self._read(line, meter, readings)
                await pause_until_next(self._options.get("every", EVERY))
        except Exception as error:  # a fault of ours ends the source, which is begun again, not one line
            await readings.put(error)
        finally:
            await line.close()

    async def _read(self, line: Line, meter: Meter, readings: Readings) -> None:
        try:
            values, failures = await line.read(meter)
        except MeterSilent:
            return
        await readings.put(self._message(meter, values, failures))

    def _message(self, meter: Meter, values: Values, failures: Sequence[str]) -> Message:
        now = datetime.now(UTC)
        record: dict[str, Any] = {
            "meter": meter.name,
            "time": format_instant(now),
            "values": values,
            "units": self._units,
        }
        if failures:
            record["failures"] = list(failures)
        return Message(self.name, meter.name, orjson.dumps(record), now, JSON, record)

    def _compile_registers(self) -> list[Register]:
        try:
            registers = compile_registers(self._options.get("registers", {}), self._options)
            for each in registers:
                if each.unit:
                    require_unit(each.unit, ("source", "modbus", "registers", each.name, "unit"))
        except (SourceError, MappingProblem) as error:
            raise SourceError(f"{self.file.name}: {error}") from error
        if not registers:
            raise SourceError(f"{self.file.name}: no registers: see source.modbus.registers")
        return registers

    def _meter(self, declared: Mapping[str, Any]) -> Meter:
        spans = plan_reads(
            self._registers, most=self._options.get("most", 100), gap=self._options.get("gap", 0)
        )
        return Meter(
            declared["name"],
            declared["host"],
            declared.get("port", PORT),
            declared.get("unit", 1),
            tuple(spans),
        )
