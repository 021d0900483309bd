"""Every operation, in one place: routes, checks and `/openapi.json` come from here.

To come: registrations.py (6.8, 6.9) and registration_subscriptions.py (6.12, 6.13).
"""

from __future__ import annotations

from . import (
    attributes,
    batch,
    discovery,
    entities,
    entity,
    entity_maps,
    info,
    jsonld_contexts,
    snapshots,
    subscriptions,
    temporal_attributes,
    temporal_entities,
)
from .operation import Operation

OPERATIONS: tuple[Operation, ...] = (
    *entities.OPERATIONS,
    *entity.OPERATIONS,
    *attributes.OPERATIONS,
    *batch.OPERATIONS,
    *temporal_entities.OPERATIONS,
    *temporal_attributes.OPERATIONS,
    *entity_maps.OPERATIONS,
    *snapshots.OPERATIONS,
    *subscriptions.OPERATIONS,
    *discovery.OPERATIONS,
    *jsonld_contexts.OPERATIONS,
    *info.OPERATIONS,
)
