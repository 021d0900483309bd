"""The `q` of a subscription where it looks into linked entities: decided when the notification is due."""

from __future__ import annotations

from mimas.ngsi_ld.core.query.linked_match import links_by_level
from mimas.ngsi_ld.core.query.match import matches
from mimas.ngsi_ld.core.query.q_tree import Node
from mimas.ngsi_ld.core.query.targets import related_ids
from mimas.ngsi_ld.core.state import EntityState
from mimas.ngsi_ld.store.entities import EntityStore


async def meets_linked(entities: EntityStore, tenant: str, state: EntityState, q: Node | None) -> bool:
    """Whether an entity meets `q` with the linked entities as they are now; each of them is read once."""
    levels = links_by_level(q) if q is not None else []
    if q is None or not levels:
        return True
    known: dict[str, EntityState] = {}
    present = [state]
    for relationships in levels:
        ids = {name for each in present for link in relationships for name in related_ids(each, link)}
        found = await entities.retrieve_many(tenant, ids - known.keys())
        known |= {each.id: each.state() for each in found.values()}
        present = [known[name] for name in ids if name in known]
    return matches(state, q, known)
