"""Access tokens as they are kept: a hash, never the token."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from .database import Database, Row

_COLUMNS = "hash, name, roles, tenants, created_at, last_used_at, revoked_at"
_FIND = f"SELECT {_COLUMNS} FROM access_token WHERE hash = $1"  # noqa: S608


@dataclass(frozen=True, slots=True)
class StoredToken:
    """One token; `tenants` None means all of them."""

    hash: bytes
    name: str
    roles: tuple[str, ...]
    tenants: tuple[str, ...] | None
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class TokenStore:
    """The table `access_token`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, token: StoredToken) -> bool:
        """Keep a token; false when its name is taken."""
        status = await self._database.execute(
            "INSERT INTO access_token (hash, name, roles, tenants, created_at) VALUES ($1, $2, $3, $4, $5)"
            " ON CONFLICT DO NOTHING",
            token.hash,
            token.name,
            list(token.roles),
            None if token.tenants is None else list(token.tenants),
            token.created_at,
        )
        return status.endswith(" 1")

    async def find(self, token_hash: bytes) -> StoredToken | None:
        """The token with this hash, revoked or not."""
        row = await self._database.fetchrow(_FIND, token_hash)
        return _stored(row) if row else None

    async def list_all(self) -> list[StoredToken]:
        """Every token, by name."""
        rows = await self._database.fetch(f"SELECT {_COLUMNS} FROM access_token ORDER BY name")  # noqa: S608
        return [_stored(row) for row in rows]

    async def any_valid(self, roles: Sequence[str]) -> bool:
        """Say whether a token with one of these roles exists that is not revoked."""
        found = await self._database.fetchval(
            "SELECT true FROM access_token WHERE revoked_at IS NULL AND roles && $1::text[] LIMIT 1",
            list(roles),
        )
        return bool(found)

    async def revoke(self, name: str, now: datetime) -> bool:
        """Make a token worthless; false when there is no valid one of this name."""
        status = await self._database.execute(
            "UPDATE access_token SET revoked_at = $2 WHERE name = $1 AND revoked_at IS NULL", name, now
        )
        return status.endswith(" 1")

    async def note_uses(self, hashes: Sequence[bytes], now: datetime) -> None:
        """Note when tokens were last used."""
        await self._database.execute(
            "UPDATE access_token SET last_used_at = $2 WHERE hash = any($1::bytea[])", list(hashes), now
        )


def _stored(row: Row) -> StoredToken:
    token_hash, name, roles, tenants, *times = row
    return StoredToken(token_hash, name, tuple(roles), None if tenants is None else tuple(tenants), *times)
