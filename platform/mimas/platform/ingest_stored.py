"""Entities as they are stored, many at a time."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from mimas.ngsi_ld.store.database import Database

from .ingest_intake import Documents


class StoredDocuments:
    """Reads documents by id: the last values of counters are in them, and what a harvest compares with."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def __call__(self, tenant: str, ids: Sequence[str]) -> Documents:
        """The documents of those of `ids` that exist."""
        sql = "SELECT id, doc FROM entity WHERE tenant = $1 AND id = any($2::text[])"
        rows = await self._database.fetch(sql, tenant, list(ids))
        return {row["id"]: orjson.loads(row["doc"]) for row in rows}
