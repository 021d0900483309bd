"""Work that blocks (a file being parsed, GDAL), run in one thread of its own beside the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")


async def in_background(make: Callable[[], Generator[Item]]) -> AsyncGenerator[Item, None]:
    """What the generator yields. It lives in one thread from its first step to its end.

    Libraries that keep state by thread (GDAL, PROJ) see one thread alone. Closing this closes the generator.
    """
    loop = asyncio.get_running_loop()
    done = object()
    with ThreadPoolExecutor(1, thread_name_prefix="source") as thread:
        items = await loop.run_in_executor(thread, make)
        try:
            while (item := await loop.run_in_executor(thread, next, items, done)) is not done:
                yield item  # type: ignore[misc]
        finally:
            thread.submit(items.close)
