"""Names of history instances: UUIDs in the database, URIs outside (CIM 009 4.5.7, instanceId)."""

from __future__ import annotations

import os
import time
from uuid import NAMESPACE_URL, UUID, uuid5

PREFIX = "urn:ngsi-ld:Instance:"
_VERSION_AND_VARIANT = (7 << 76) | (2 << 62)


class InstanceIds:
    """Makes UUIDs of version 7 that grow: rows of one moment keep their order, and the index its locality."""

    def __init__(self) -> None:
        self._process = int.from_bytes(os.urandom(5), "big")
        self._last = 0

    def new(self) -> bytes:
        """The bytes of the next one: milliseconds and twelve bits of their fraction, then this process."""
        self._last = max(self._last + 1, time.time_ns() * 4096 // 1_000_000)
        milliseconds, fraction = self._last >> 12, self._last & 0xFFF
        number = (milliseconds << 80) | _VERSION_AND_VARIANT | (fraction << 64) | self._process
        return number.to_bytes(16, "big")


def to_bytes(uri: str) -> bytes:
    """The bytes of the UUID at the end of an instance's URI, or of one made of the URI."""
    try:
        number = bytes.fromhex(uri[-36:].replace("-", ""))
    except ValueError:
        return uuid5(NAMESPACE_URL, uri).bytes
    return number if len(number) == 16 else uuid5(NAMESPACE_URL, uri).bytes


def to_uuid(uri: str) -> UUID:
    """The same as a UUID."""
    return UUID(bytes=to_bytes(uri))


def to_uri(instance_id: UUID) -> str:
    """The URI an instance is served under."""
    return f"{PREFIX}{instance_id}"
