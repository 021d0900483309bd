"""Notifications of snapshots to the endpoints that clients chose, through the outgoing guard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .outbound import OutboundFailed, OutboundGuard, guarded_client

if TYPE_CHECKING:
    import httpx

TIMEOUT = 10.0


class SnapshotNotices:
    """POSTs them; the client is made when the first one is due."""

    def __init__(self, guard: OutboundGuard) -> None:
        self._guard = guard
        self._client: httpx.AsyncClient | None = None

    async def __call__(self, url: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send one; any answer that is not 2xx is a failure (CIM 009 5.16.6)."""
        if self._client is None:
            self._client = guarded_client(self._guard, timeout=TIMEOUT)
        answer = await self._client.post(url, headers=dict(headers), content=body)
        if not answer.is_success:
            raise OutboundFailed(f"{url} answered {answer.status_code}")

    async def close(self) -> None:
        """Close the client's connections."""
        if self._client is not None:
            await self._client.aclose()
