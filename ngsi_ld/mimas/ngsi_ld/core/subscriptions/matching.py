"""When a change notifies (CIM 009 5.8.6), as clauses that can also be told one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from ..query.geo_match import matches_geo
from ..query.linked_match import could_match
from ..query.scope import document_scopes
from ..query.type_selection import document_types
from ..state import Change, EntityState
from .subscription import EntitySelector, Subscription


@dataclass(frozen=True, slots=True)
class Explained:
    """One clause of the decision: what it asks for and whether the change meets it."""

    clause: str
    met: bool
    asks: str


def notifies(subscription: Subscription, change: Change, now: datetime) -> bool:
    """Whether this change is to be notified to this subscription."""
    return all(holds(subscription, change, now) for _, holds, _ in _CLAUSES)


def explain(subscription: Subscription, change: Change, now: datetime) -> Iterator[Explained]:
    """Every clause with its outcome, in the order in which they are asked."""
    for clause, holds, asks in _CLAUSES:
        yield Explained(clause, holds(subscription, change, now), asks(subscription))


def selects(selector: EntitySelector, state: EntityState) -> bool:
    """Whether the selector names this entity."""
    if not selector.types.matches(document_types(state.document)):
        return False
    if selector.ids:
        return state.id in selector.ids
    return selector.id_pattern is None or selector.id_pattern.found_in(state.id)


def _state(change: Change) -> EntityState:
    """The state conditions are asked of: the present one, or the last one of a deleted entity."""
    state = change.after or change.before
    assert state is not None
    return state


def _is_active(subscription: Subscription, _change: Change, now: datetime) -> bool:
    return subscription.is_active and (subscription.expires_at is None or subscription.expires_at > now)


def _on_change(subscription: Subscription, _change: Change, _now: datetime) -> bool:
    return subscription.time_interval is None


def _names_entity(subscription: Subscription, change: Change, _now: datetime) -> bool:
    if not subscription.selectors:
        return True
    state = _state(change)
    return any(selects(selector, state) for selector in subscription.selectors)


def _is_triggered(subscription: Subscription, change: Change, _now: datetime) -> bool:
    """An entity that comes has its attributes created, one that goes has them deleted."""
    if change.after is None and "entityDeleted" in subscription.triggers:
        return not subscription.watched or any(name in subscription.watched for name, _ in change.attributes)
    if change.before is None and "entityCreated" in subscription.triggers:
        return not subscription.watched or any(name in subscription.watched for name, _ in change.attributes)
    return any(
        f"attribute{effect.capitalize()}" in subscription.triggers
        for (name, dataset), effect in change.attributes.items()
        if (not subscription.watched or name in subscription.watched)
        and (not subscription.dataset_ids or dataset in subscription.dataset_ids)
    )


def _meets_q(subscription: Subscription, change: Change, _now: datetime) -> bool:
    """Of linked entities nothing is known here: the dispatcher asks again where the query follows links."""
    return subscription.q is None or could_match(_state(change), subscription.q)


def _meets_geo(subscription: Subscription, change: Change, _now: datetime) -> bool:
    return subscription.geo is None or matches_geo(_state(change).document, subscription.geo)


def _meets_scope(subscription: Subscription, change: Change, _now: datetime) -> bool:
    return subscription.scope is None or subscription.scope.matches(document_scopes(_state(change).document))


Holds = Callable[[Subscription, Change, datetime], bool]
Asks = Callable[[Subscription], str]

_CLAUSES: tuple[tuple[str, Holds, Asks], ...] = (
    ("status", _is_active, lambda s: "isActive is true and expiresAt is not past"),
    ("timeInterval", _on_change, lambda s: "the subscription is not periodic"),
    ("entities", _names_entity, lambda s: "type, id or idPattern select the entity"),
    (
        "notificationTrigger",
        _is_triggered,
        lambda s: (
            f"{', '.join(sorted(s.triggers))} on {', '.join(sorted(s.watched)) or 'any attribute'}, "
            "with a value that really differs"
        ),
    ),
    ("q", _meets_q, lambda s: "the query holds for the entity" if s.q else "no query"),
    ("geoQ", _meets_geo, lambda s: "the geoquery holds for the entity" if s.geo else "no geoquery"),
    (
        "scopeQ",
        _meets_scope,
        lambda s: "the scope query holds for the entity" if s.scope else "no scope query",
    ),
)
