"""Makes the indexes that queries ask for most, one at a time and while everything goes on."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime

from ..core.errors import Unavailable
from .attribute_index import AttributeIndex
from .database import Database
from .indexes import IndexStore

_log = logging.getLogger(__name__)

HOT = 100.0  # uses, halved with every hour
LARGE = 5_000  # entities; fewer are read faster than an index pays


class AutoIndex:
    """At most `most` attribute indexes in the database; those that somebody made by hand count too."""

    def __init__(self, database: Database, *, most: int, hot: float = HOT, large: int = LARGE) -> None:
        self._indexes = IndexStore(database)
        self._most = most
        self._hot = hot
        self._large = large

    async def make_hottest(self, now: datetime) -> AttributeIndex | None:
        """Make one index, the hottest that is missing; None when nothing is hot enough."""
        present = {each.name for each in await self._indexes.list_all() if each.valid}
        if sum(not name.endswith("_rest") for name in present) >= self._most:
            return None
        for use in await self._indexes.uses(now):
            if use.heat < self._hot:
                return None
            if use.index.name in present or not await self._indexes.is_large(use.index.type, self._large):
                continue
            if not await self._indexes.create(use.index):
                return None
            _log.info("an index was made for %s of %s (%s)", use.index.path, use.index.type, use.index.kind)
            return use.index
        return None

    async def run(self, interval: float = 60.0) -> None:
        """Look at every interval, until cancelled."""
        while True:
            await asyncio.sleep(interval)
            try:
                await self.make_hottest(datetime.now(UTC))
            except Unavailable:
                _log.info("Indexes wait for the database")
            except Exception:
                _log.exception("An index could not be made")
