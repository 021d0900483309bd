"""OPC UA: values of a server, by subscription or by polling."""

from .source import OpcUaSource

__all__ = ["OpcUaSource"]
