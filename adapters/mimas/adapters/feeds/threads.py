"""Files are read in a thread, some records at a time, so that the event loop never waits for a parser."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from typing import TypeVar

CHUNK = 500

Item = TypeVar("Item")


async def read_ahead(items: Iterator[Item]) -> AsyncIterator[Item]:
    """The items of an iterator that blocks; its errors come through."""
    while chunk := await asyncio.to_thread(list, islice(items, CHUNK)):
        for item in chunk:
            yield item
