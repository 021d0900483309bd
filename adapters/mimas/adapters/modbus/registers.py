"""Register maps: where a value stands in a meter, how it is written, and which registers are read at once."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..source import SourceError

LAST_ADDRESS = 0xFFFF
MOST_REGISTERS = 125  # of one request (Modbus Application Protocol 1.1b3, 6.3)
MOST_BITS = 2000  # (6.1)
_CODES = {
    "int16": "h",
    "uint16": "H",
    "int32": "i",
    "uint32": "I",
    "int64": "q",
    "uint64": "Q",
    "float32": "f",
    "float64": "d",
}
_BIT_FUNCTIONS = ("coil", "discrete")


@dataclass(frozen=True, slots=True)
class Register:
    """One value: `address` counts from 0, as in the protocol."""

    name: str
    address: int
    function: str = "holding"
    type: str = "uint16"
    word_order: str = "big"
    byte_order: str = "big"
    scale: float = 1.0
    unit: str | None = None
    bit: int | None = None
    missing: tuple[float, ...] = ()

    @property
    def count(self) -> int:
        """How many registers (or bits) it takes."""
        return 1 if self.function in _BIT_FUNCTIONS else struct.calcsize(_CODES[self.type]) // 2

    @property
    def end(self) -> int:
        """The address after it."""
        return self.address + self.count


@dataclass(frozen=True, slots=True)
class Span:
    """Registers that one request reads."""

    function: str
    address: int
    count: int
    registers: tuple[Register, ...] = field(default=())


def compile_registers(
    declared: Mapping[str, Mapping[str, Any]], options: Mapping[str, Any]
) -> list[Register]:
    """The register map: `declared` by name, with what `options` say for all of them."""
    base = options.get("base", 0)
    found = []
    for name, each in declared.items():
        missing = each.get("missing", [])
        register = Register(
            name,
            each["address"] - base,
            each.get("function", options.get("function", "holding")),
            each.get("type", options.get("type", "uint16")),
            each.get("word_order", options.get("word_order", "big")),
            each.get("byte_order", options.get("byte_order", "big")),
            each.get("scale", 1.0),
            each.get("unit"),
            each.get("bit"),
            tuple(missing if isinstance(missing, list) else [missing]),
        )
        _require_place(register)
        found.append(register)
    return found


def _require_place(register: Register) -> None:
    if not 0 <= register.address <= register.end - 1 <= LAST_ADDRESS:
        raise SourceError(f"register {register.name}: the address lies outside 0 to {LAST_ADDRESS}; see base")
    if register.bit is not None and (register.type != "uint16" or register.function in _BIT_FUNCTIONS):
        raise SourceError(f"register {register.name}: bit is one of a single register: leave type out")


def plan_reads(registers: Sequence[Register], *, most: int, gap: int) -> list[Span]:
    """Few requests: registers of one function that are at most `gap` apart, at most `most` together."""
    spans: list[Span] = []
    for function in dict.fromkeys(register.function for register in registers):
        limit = MOST_BITS if function in _BIT_FUNCTIONS else min(most, MOST_REGISTERS)
        ordered = sorted((r for r in registers if r.function == function), key=lambda r: (r.address, r.end))
        spans += [_span(function, group) for group in _groups(ordered, limit, gap)]
    return spans


def _groups(ordered: Sequence[Register], most: int, gap: int) -> Iterator[list[Register]]:
    group: list[Register] = []
    end = 0
    for register in ordered:
        if group and (register.address > end + gap or register.end - group[0].address > most):
            yield group
            group = []
        group.append(register)
        end = max(end, register.end) if len(group) > 1 else register.end
    if group:
        yield group


def _span(function: str, group: list[Register]) -> Span:
    first = group[0].address
    return Span(function, first, max(register.end for register in group) - first, tuple(group))


def decode_register(register: Register, words: Sequence[int]) -> float | int | bool | None:
    """The value in `words` (the register's own); None for a value that the meter does not have."""
    if register.bit is not None:
        return bool(words[0] >> register.bit & 1)
    raw = b"".join(word.to_bytes(2, register.byte_order) for word in _ordered(register, words))  # type: ignore[arg-type]
    value: float | int = struct.unpack(f">{_CODES[register.type]}", raw)[0]
    if value in register.missing or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if register.type == "float32":
        value = float(f"{value:.7g}")  # as many digits as it has
    if register.scale == 1:
        return value
    return float(f"{value * register.scale:.15g}")


def _ordered(register: Register, words: Sequence[int]) -> Sequence[int]:
    return words if register.word_order == "big" else list(reversed(words))
