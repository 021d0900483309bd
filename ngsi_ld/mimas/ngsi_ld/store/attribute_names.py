"""Attribute names as small integers, and back; they are only ever added."""

from __future__ import annotations

from collections.abc import Iterable

from .database import Connection


class AttributeNames:
    """What one process knows of the table `attribute_name`."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._names: dict[int, str] = {}

    def id_of(self, name: str) -> int:
        """The number of a name that `ensure` or `load` has met."""
        return self._ids[name]

    def name_of(self, number: int) -> str:
        """The name behind a number that `load_numbers` has met."""
        return self._names[number]

    async def ensure(self, connection: Connection, names: Iterable[str]) -> None:
        """Give every name a number, in a transaction of its own."""
        missing = await self._missing(connection, names)
        if missing:
            await connection.execute(
                "INSERT INTO attribute_name (name) SELECT unnest($1::text[]) ON CONFLICT (name) DO NOTHING",
                missing,
            )
            await self._missing(connection, missing)

    async def known(self, connection: Connection, names: Iterable[str]) -> list[int]:
        """The numbers of those names that have one."""
        wanted = list(names)
        await self._missing(connection, wanted)
        return [self._ids[name] for name in wanted if name in self._ids]

    async def numbers_of(self, connection: Connection, names: Iterable[str]) -> dict[str, int]:
        """The same by name."""
        wanted = list(names)
        await self._missing(connection, wanted)
        return {name: self._ids[name] for name in wanted if name in self._ids}

    async def load_numbers(self, connection: Connection, numbers: Iterable[int]) -> None:
        """Meet the names behind these numbers."""
        wanted = [each for each in set(numbers) if each not in self._names]
        if wanted:
            self._learn(
                await connection.fetch(
                    "SELECT id, name FROM attribute_name WHERE id = any($1::int[])", wanted
                )
            )

    async def _missing(self, connection: Connection, names: Iterable[str]) -> list[str]:
        unknown = sorted({name for name in names if name not in self._ids})
        if unknown:
            self._learn(
                await connection.fetch(
                    "SELECT id, name FROM attribute_name WHERE name = any($1::text[])", unknown
                )
            )
        return [name for name in unknown if name not in self._ids]

    def _learn(self, rows: Iterable[tuple[int, str]]) -> None:
        for number, name in rows:
            self._ids[name] = number
            self._names[number] = name
