"""Modbus TCP: meters polled by a declarative register map."""

from .source import ModbusSource

__all__ = ["ModbusSource"]
