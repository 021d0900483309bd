"""Bearer tokens: 32 random bytes, shown once, kept as their SHA-256.

A fast hash is right here: nobody can guess 256 random bits, however many guesses a second.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime

from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore

PREFIX = "mimas_"


def new_token() -> str:
    """A fresh token; the prefix lets secret scanners recognise it."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_token(token: str) -> bytes:
    """The form in which a token is kept and looked up."""
    return hashlib.sha256(token.encode()).digest()


class Tokens:
    """The tokens in the database, and which of them were used."""

    def __init__(self, store: TokenStore) -> None:
        self._store = store
        self._used: set[bytes] = set()

    async def find(self, token: str) -> StoredToken | None:
        """The valid token that was given, None for an unknown or revoked one."""
        if not token.startswith(PREFIX):
            return None
        digest = hash_token(token)
        found = await self._store.find(digest)
        if found is None or found.revoked_at is not None or not hmac.compare_digest(found.hash, digest):
            return None
        self._used.add(digest)
        return found

    async def any_valid(self, roles: Sequence[str]) -> bool:
        """Say whether there is a token with one of these roles; the keys of sources have none of them."""
        return await self._store.any_valid(roles)

    async def note_uses(self) -> None:
        """Write down which tokens were used since the last time."""
        if self._used:
            used, self._used = self._used, set()
            await self._store.note_uses(sorted(used), datetime.now(UTC))
