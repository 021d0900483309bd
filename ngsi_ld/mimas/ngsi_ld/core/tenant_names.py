"""Names of tenants within the broker: those of clients, and those that hold the data of a snapshot.

A snapshot's data is kept as a tenant of its own, so every operation works on it unchanged. Its name begins
with a sign that no client's tenant may begin with, and tells which snapshot of which tenant it is.
"""

from __future__ import annotations

import secrets

_SIGN = "~"


def new_data_tenant(tenant: str, snapshot_id: str) -> str:
    """A tenant for the data of a snapshot; never the same twice, also when an id is used again."""
    return f"{_SIGN}{secrets.token_hex(6)}{_SIGN}{tenant}{_SIGN}{snapshot_id}"


def is_snapshot(tenant: str) -> bool:
    """Whether the name is that of a snapshot's data."""
    return tenant.startswith(_SIGN)


def headers_of(tenant: str) -> dict[str, str]:
    """The headers by which a client names what `tenant` holds (CIM 009 6.3.14, 6.3.22)."""
    if not is_snapshot(tenant):
        return {"NGSILD-Tenant": tenant} if tenant else {}
    _, _, owner, snapshot_id = tenant.split(_SIGN, 3)
    return headers_of(owner) | {"NGSILD-Snapshot": snapshot_id}
