"""One document through the guard, for commands that run no event loop."""

from __future__ import annotations

import asyncio

from .outbound import MAX_BYTES, OutboundFailed, OutboundGuard, OutboundRefused, fetch, guarded_client


def fetch_bytes(url: str, *, allow: tuple[str, ...] = (), max_bytes: int = MAX_BYTES) -> bytes:
    """The body of a document that answers 200; `OSError` when it cannot be had."""

    async def get() -> bytes:
        async with guarded_client(OutboundGuard(allow)) as client:
            answer = await fetch(client, url, max_bytes=max_bytes)
        if answer.status != 200:
            raise OutboundFailed(f"{url} answers {answer.status}.")
        return answer.body

    try:
        return asyncio.run(get())
    except (OutboundFailed, OutboundRefused) as error:
        raise OSError(str(error)) from error
