"""Hearing what other processes NOTIFY, over a connection that is made again when it is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from .database import Connection, Database, is_connection_failure

PAUSE = 1.0


async def listen(
    database: Database,
    channel: str,
    heard: Callable[[str], None],
    *,
    connected: Callable[[Connection], Awaitable[None]] | None = None,
    pause: float = PAUSE,
) -> None:
    """Call `heard` with what each NOTIFY says; runs until it is cancelled.

    It is called with nothing when something may have been missed; `connected` with each new connection.
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
    heard: Callable[[str], None],
    connected: Callable[[Connection], Awaitable[None]] | None,
) -> None:
    """Listen over one connection until it is lost."""
    connection = await database.connect()
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        await connection.add_listener(channel, lambda *given: heard(given[-1]))
        if connected is not None:
            await connected(connection)
        heard("")
        await lost.wait()
    finally:
        if not connection.is_closed():
            await connection.close()
