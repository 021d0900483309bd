"""Bearer tokens: 32 random bytes, shown once, kept as their SHA-256.

A fast hash is right here: nobody can guess 256 random bits, however many guesses a second.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from datetime import UTC, datetime

from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore

PREFIX = "mimas_"
BELIEVED_FOR = 3.0  # seconds until a revocation is noticed at the latest
_CACHED = 4096


def new_token() -> str:
    """A fresh token; the prefix lets secret scanners recognise it."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """The form in which a token is kept and looked up."""
    return hashlib.sha256(token.encode()).digest()


class TokenCache:
    """Valid tokens, and whether there are any, believed for some seconds."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._tokens: OrderedDict[bytes, tuple[float, StoredToken | None]] = OrderedDict()
        self._any: tuple[float, bool] = (0.0, False)
        self._used: set[bytes] = set()

    async def find(self, token: str) -> StoredToken | None:
        """The valid token that was given, None for an unknown or revoked one."""
        if not token.startswith(PREFIX):
            return None
        digest = hash_token(token)
        until, found = self._tokens.get(digest, (0.0, None))
        if time.monotonic() >= until:
            found = await self._look_up(digest)
        if found is not None:
            self._used.add(digest)
        return found

    async def any_valid(self) -> bool:
        """Say whether there is a token at all."""
        until, answer = self._any
        if time.monotonic() >= until:
            answer = await self._store.any_valid()
            self._any = (time.monotonic() + BELIEVED_FOR, answer)
        return answer

    async def note_uses(self) -> None:
        """Write down which tokens were used since the last time."""
        if self._used:
            used, self._used = self._used, set()
            await self._store.note_uses(sorted(used), datetime.now(UTC))

    async def _look_up(self, digest: bytes) -> StoredToken | None:
        stored = await self._store.find(digest)
        found = stored if stored is not None and stored.revoked_at is None else None
        self._tokens[digest] = (time.monotonic() + BELIEVED_FOR, found)
        self._tokens.move_to_end(digest)
        while len(self._tokens) > _CACHED:
            self._tokens.popitem(last=False)
        return found
