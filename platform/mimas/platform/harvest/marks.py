"""Bits by number: what a run has seen, in an eighth of a byte each."""

from __future__ import annotations

from collections.abc import Iterable


class Marks:
    """A set of small whole numbers that takes little memory."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._count = 0

    def __contains__(self, number: int) -> bool:
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] & (1 << (number & 7)))

    def __len__(self) -> int:
        return self._count

    def add(self, number: int) -> None:
        """Mark a number."""
        place = number >> 3
        if place >= len(self._bits):
            self._bits.extend(bytes(max(place + 1 - len(self._bits), 4096)))
        bit = 1 << (number & 7)
        if not self._bits[place] & bit:
            self._bits[place] |= bit
            self._count += 1

    def update(self, numbers: Iterable[int]) -> None:
        """Mark numbers."""
        for number in numbers:
            self.add(number)
