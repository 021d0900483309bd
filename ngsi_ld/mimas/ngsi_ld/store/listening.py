"""Hearing what other processes NOTIFY, over a connection that is made again when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .database import Connection, Database, is_connection_failure

PAUSE = 1.0


async def listen(
    database: Database,
    channel: str,
    heard: Callable[[], None],
    *,
    connected: Callable[[Connection], Awaitable[None]] | None = None,
    pause: float = PAUSE,
) -> None:
    """Call `heard` at each NOTIFY, and when something may have been missed; runs until it is cancelled.

    `connected` is called with each new connection.
    """
    while True:
        try:
            await _hear(database, channel, heard, connected)
        except Exception as error:
            if not is_connection_failure(error):
                raise
        await asyncio.sleep(pause)


async def _hear(
    database: Database,
    channel: str,
    heard: Callable[[], None],
    connected: Callable[[Connection], Awaitable[None]] | None,
) -> None:
    """Listen over one connection until it is lost."""
    connection = await database.connect()
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        await connection.add_listener(channel, lambda *_: heard())
        if connected is not None:
            await connected(connection)
        heard()
        await lost.wait()
    finally:
        if not connection.is_closed():
            await connection.close()
