"""One Modbus TCP connection and the meters behind it: read in turn, begun again when it breaks."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..source import SourceError
from .registers import Register, Span, decode_register

if TYPE_CHECKING:
    from pymodbus.client import AsyncModbusTcpClient

FIRST_DELAY = 1.0
LONGEST_DELAY = 300.0
_FUNCTIONS = {
    "holding": "read_holding_registers",
    "input": "read_input_registers",
    "coil": "read_coils",
    "discrete": "read_discrete_inputs",
}

logger = logging.getLogger(__name__)
Values = dict[str, float | int | bool]


@dataclass(frozen=True, slots=True)
class Meter:
    """One meter: its name, where it is, its unit id, and what is read from it."""

    name: str
    host: str
    port: int
    unit: int
    spans: tuple[Span, ...]


class MeterSilent(Exception):
    """A meter gave nothing that could be used."""


class Line:
    """A connection, made when it is needed. A meter that is silent is left alone for longer and longer."""

    def __init__(self, source: str, host: str, port: int, timeout: float) -> None:
        self._source = source
        self._host = host
        self._port = port
        self._timeout = timeout
        self._client: AsyncModbusTcpClient | None = None
        self._delays: dict[str, float] = {}
        self._silent_until: dict[str, float] = {}

    def is_due(self, meter: Meter) -> bool:
        """Say whether a meter is to be asked: not while it is left alone."""
        return time.monotonic() >= self._silent_until.get(meter.name, 0.0)

    async def read(self, meter: Meter) -> tuple[Values, list[str]]:
        """The values of a meter, and what could not be read of it; MeterSilent when it gave nothing."""
        try:
            values, failures = await self._read_spans(meter)
        except (OSError, TimeoutError) as error:
            self._silence(meter, str(error) or type(error).__name__)
            raise MeterSilent(str(error)) from error
        if not values:
            self._silence(meter, failures[0] if failures else "no value")
            raise MeterSilent("; ".join(failures))
        if self._delays.pop(meter.name, None) is not None:
            logger.info("source %s: meter %s answers again", self._source, meter.name)
        self._silent_until.pop(meter.name, None)
        return values, failures

    async def close(self) -> None:
        """Let go of the connection."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def _read_spans(self, meter: Meter) -> tuple[Values, list[str]]:
        values: Values = {}
        failures: list[str] = []
        for span in meter.spans:
            try:
                words = await self._request(span, meter.unit)
            except _Refused as refused:
                failures.append(f"{span.function} {span.address}-{span.address + span.count - 1}: {refused}")
                continue
            for register in span.registers:
                value = _value(register, words[register.address - span.address :][: register.count])
                if value is not None:
                    values[register.name] = value
        return values, failures

    async def _request(self, span: Span, unit: int) -> Sequence[Any]:
        from pymodbus.exceptions import ModbusException

        client = await self._connected()
        try:
            reading = getattr(client, _FUNCTIONS[span.function])(
                span.address, count=span.count, device_id=unit
            )
            answer = await reading
        except ModbusException as error:  # no answer within the time, or a broken one
            await self.close()
            raise OSError(f"unit {unit} does not answer: {error}") from error
        if answer.isError():
            raise _Refused(f"the meter refuses with exception code {answer.exception_code}")
        content: Sequence[Any] = answer.bits if span.function in ("coil", "discrete") else answer.registers
        if len(content) < span.count:
            raise _Refused(f"{len(content)} values came instead of {span.count}")
        return content

    async def _connected(self) -> AsyncModbusTcpClient:
        if self._client is None or not self._client.connected:
            await self.close()
            client = _new_client(self._host, self._port, self._timeout)
            if not await client.connect():
                client.close()
                raise OSError(f"no connection to {self._host} port {self._port}")
            self._client = client
        return self._client

    def _silence(self, meter: Meter, reason: str) -> None:
        delay = self._delays.get(meter.name)
        if delay is None:
            logger.warning("source %s: meter %s is silent: %s", self._source, meter.name, reason)
        self._silent_until[meter.name] = time.monotonic() + (delay or FIRST_DELAY)
        self._delays[meter.name] = min((delay or FIRST_DELAY) * 2, LONGEST_DELAY)


class _Refused(Exception):
    """The meter answered, but not with the registers."""


def _value(register: Register, words: Sequence[Any]) -> float | int | bool | None:
    if register.function in ("coil", "discrete"):
        return bool(words[0])
    return decode_register(register, words)


def _new_client(host: str, port: int, timeout: float) -> AsyncModbusTcpClient:
    try:
        from pymodbus.client import AsyncModbusTcpClient
    except ImportError as error:
        raise SourceError('Modbus needs the extra modbus: pip install "mimas[modbus]"') from error
    return AsyncModbusTcpClient(host, port=port, timeout=timeout, retries=1, reconnect_delay=0)


def group_by_line(meters: Sequence[Meter]) -> Mapping[tuple[str, int], list[Meter]]:
    """Meters behind one address share a connection: gateways take one at a time."""
    lines: dict[tuple[str, int], list[Meter]] = {}
    for meter in meters:
        lines.setdefault((meter.host, meter.port), []).append(meter)
    return lines


async def pause_until_next(every: float) -> None:
    """Wait for the next multiple of `every` seconds: a quarter of an hour begins when it begins."""
    await asyncio.sleep(every - time.time() % every)
