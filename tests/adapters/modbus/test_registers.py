"""Register maps: places, types, orders and few requests."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.adapters.modbus.registers import Register, compile_registers, decode_register, plan_reads
from mimas.adapters.source import SourceError


def words(raw: bytes) -> list[int]:
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


@pytest.mark.parametrize(
    ("options", "raw", "value"),
    [
        ({"type": "uint16"}, "ffff", 65535),
        ({"type": "int16", "scale": 0.1}, "ff9c", -10.0),
        ({"type": "uint16", "byte_order": "little"}, "3412", 0x1234),
        ({"type": "uint32"}, "00010002", 0x00010002),
        ({"type": "uint32", "word_order": "little"}, "00020001", 0x00010002),
        ({"type": "int32"}, "fffffffe", -2),
        ({"type": "int64", "scale": 0.001}, "0000000007278f57", 120033.111),
        ({"type": "uint64"}, "ffffffffffffffff", 2**64 - 1),
        ({"type": "float32"}, "43673333", 231.2),
        ({"type": "float32", "word_order": "little"}, "33334367", 231.2),
        ({"type": "float32", "word_order": "little", "byte_order": "little"}, "33336743", 231.2),
        ({"type": "float64"}, "3ff8000000000000", 1.5),
        ({"type": "float32"}, "7fc00000", None),
        ({"type": "int64", "missing": (-(2**63),)}, "8000000000000000", None),
        ({"type": "uint16", "bit": 3}, "0008", True),
        ({"type": "uint16", "bit": 3}, "fff7", False),
    ],
)
def test_decoding(options: dict[str, Any], raw: str, value: Any) -> None:
    """Types, word order, byte order, scale, bits, and what means "no value"."""
    assert decode_register(Register("r", 0, **options), words(bytes.fromhex(raw))) == value


def test_reads_are_grouped() -> None:
    """Neighbours are one request; a gap, another function or too many registers begin another."""
    options = {"type": "float32", "function": "input"}
    addresses = {"a": 0, "b": 2, "c": 8, "d": 20}
    declared: dict[str, Any] = {name: {"address": address} for name, address in addresses.items()}
    declared["e"] = {"address": 4, "function": "holding"}
    spans = plan_reads(compile_registers(declared, options), most=12, gap=4)

    assert [(span.function, span.address, span.count) for span in spans] == [
        ("input", 0, 10),
        ("input", 20, 2),
        ("holding", 4, 2),
    ]


@given(
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(["uint16", "float32", "int64"])), max_size=30),
    st.integers(4, 125),
    st.integers(0, 20),
)
def test_every_register_is_read_once_within_the_limit(
    places: list[tuple[int, str]], most: int, gap: int
) -> None:
    """Whatever the map, each register lies in exactly one request, and none is too long."""
    registers = [Register(f"r{n}", address, type=kind) for n, (address, kind) in enumerate(places)]
    spans = plan_reads(registers, most=most, gap=gap)

    assert sorted(r.name for span in spans for r in span.registers) == sorted(r.name for r in registers)
    assert all(span.count <= most for span in spans)
    assert all(
        span.address <= r.address and r.end <= span.address + span.count
        for span in spans
        for r in span.registers
    )


@pytest.mark.parametrize("declared", [{"address": 0}, {"address": 65536, "type": "float32"}])
def test_address_outside(declared: dict[str, Any]) -> None:
    """With `base: 1` there is no register 0."""
    with pytest.raises(SourceError, match="outside"):
        compile_registers({"r": declared}, {"base": 1})
