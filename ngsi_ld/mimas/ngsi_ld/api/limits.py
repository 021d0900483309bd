"""How much one request may ask for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds with clear 4xx answers; every one is a setting of the platform.

    `temporal_instances` is the number of attribute instances one temporal answer may hold before it is
    sent in parts with 206 (CIM 009 6.3.10). `entity_map_size` is how many entities an entity map may list;
    `snapshots` how many a tenant may have. Entity maps and snapshots live at most so many seconds.
    """

    body_bytes: int = 16 * 1024 * 1024
    body_depth: int = 64
    query_bytes: int = 32 * 1024
    page_size: int = 20
    page_size_max: int = 1000
    batch_size: int = 10_000
    join_level: int = 10
    temporal_instances: int = 10_000
    entity_map_size: int = 100_000
    entity_map_seconds: float = 86_400
    snapshots: int = 100
    snapshot_seconds: float = 7 * 86_400
