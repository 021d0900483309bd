"""Who may push into a source: tokens made for it alone, and those that may write anyway."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping

from mimas.ngsi_ld.store.tokens import StoredToken

from ..access import Role
from ..access.tokens import Tokens

BELIEVED_FOR = 3.0  # seconds until a revocation is noticed at the latest
_REMEMBERED = 1000


def role_of(source: str) -> str:
    """The role of the tokens that may push into `source`, and do nothing else."""
    return f"ingest:{source}"


def key_of(headers: Mapping[bytes, bytes]) -> str | None:
    """The key of a request: Bearer, the password of Basic, or X-API-Key; None without one."""
    scheme, _, rest = headers.get(b"authorization", b"").decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    key = headers.get(b"x-api-key")
    return None if key is None else key.decode("latin-1").strip()


class SourceKeys:
    """The keys of sources; what was found is believed for some seconds."""

    def __init__(self, tokens: Tokens) -> None:
        self._tokens = tokens
        self._recent: dict[str, tuple[float, StoredToken | None]] = {}

    async def find(self, key: str) -> StoredToken | None:
        """The valid token that the key is, None for an unknown or revoked one."""
        until, token = self._recent.get(key, (0.0, None))
        if time.monotonic() < until:
            return token
        token = await self._tokens.find(key)
        if token is not None:
            if len(self._recent) >= _REMEMBERED:
                self._recent.clear()
            self._recent[key] = (time.monotonic() + BELIEVED_FOR, token)
        return token


def may_push(token: StoredToken, source: str, tenant: str) -> bool:
    """Say whether a token is for this source, or may write into its tenant anyway."""
    if token.tenants is not None and tenant not in token.tenants:
        return False
    writers = {role.name.lower() for role in Role if role >= Role.WRITE}
    return role_of(source) in token.roles or not writers.isdisjoint(token.roles)
