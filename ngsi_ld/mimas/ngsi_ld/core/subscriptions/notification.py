"""Notifications as they are sent (CIM 009 5.3.1, 5.8.6, 6.3.8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from ..context.term_map import TermMap
from ..instants import format_instant
from ..represent import (
    downgrade,
    flatten,
    inliner,
    linked_ids,
    represent_change,
    represent_deletion,
    to_feature,
    to_feature_collection,
)
from ..state import Change, Document, EntityState
from .subscription import Subscription

GEO_JSON = "application/geo+json"
LD_JSON = "application/ld+json"


def render_item(
    subscription: Subscription,
    change: Change,
    at: datetime,
    terms: TermMap,
    linked: Mapping[str, EntityState] | None = None,
    *,
    bare_null: bool = False,
) -> list[Document]:
    """The entities that tell of one change: one, or with a flat join also those it links to."""
    if subscription.conformance:
        change = _downgraded(change, subscription.conformance)
    state = change.after or change.before
    assert state is not None
    if change.after is None:
        shown = represent_deletion(
            change,
            subscription.how,
            terms,
            at,
            show_changes=subscription.show_changes,
            attributes=_told_as_deleted(subscription, change),
        )
        return [_shaped(subscription, state, shown)]
    join = subscription.join if linked else None
    decorate = (
        inliner(state.id, subscription.how, terms, linked or {}, subscription.join_level)
        if join == "inline"
        else None
    )
    shown = represent_change(
        change,
        subscription.how,
        terms,
        show_changes=subscription.show_changes,
        bare_null=bare_null,
        decorate=decorate,
    )
    others = _flat(subscription, linked or {}, state, terms) if join == "flat" else []
    return [_shaped(subscription, state, shown), *others]


def notification(
    subscription: Subscription,
    data: list[Document],
    notified_at: datetime,
    notification_id: str,
    context: Any,
) -> dict[str, Any]:
    """The Notification of rendered entities; `context` is in the body where the media type says so."""
    accept = subscription.endpoint.accept
    body: dict[str, Any] = {
        "id": notification_id,
        "type": "Notification",
        "subscriptionId": subscription.id,
        "notifiedAt": format_instant(notified_at),
        "data": data,
    }
    if accept == LD_JSON:
        body["@context"] = context
        body["data"] = [{**each, "@context": context} for each in data]
    elif accept == GEO_JSON:
        body["data"] = to_feature_collection(data)
        if not links_context(subscription):
            body["data"]["@context"] = context
    return body


def links_context(subscription: Subscription) -> bool:
    """Whether the @context travels as a Link header (6.3.8): always for JSON, for GeoJSON when preferred."""
    accept = subscription.endpoint.accept
    if accept == GEO_JSON:
        prefer = dict(subscription.endpoint.receiver_info).get("Prefer", "")
        return "body=json" in prefer.replace(" ", "")
    return accept != LD_JSON


def _shaped(subscription: Subscription, state: EntityState, shown: Document) -> Document:
    return to_feature(state, shown, subscription.how) if subscription.endpoint.accept == GEO_JSON else shown


def _told_as_deleted(subscription: Subscription, change: Change) -> frozenset[str]:
    """The attributes that an entity's deletion tells of: those watched, when attributeDeleted asks for it."""
    if "attributeDeleted" not in subscription.triggers:
        return frozenset()
    names = frozenset(name for name, _ in change.attributes)
    return names & subscription.watched if subscription.watched else names


def _flat(
    subscription: Subscription, linked: Mapping[str, EntityState], state: EntityState, terms: TermMap
) -> list[Document]:
    by = linked_ids(state.document, subscription.how)
    others = [
        (each, subscription.how.for_linked(by.get(each.id, "")))
        for each in linked.values()
        if each.id != state.id
    ]
    documents = flatten([], others, terms)
    return [_shaped(subscription, linked[each["id"]], each) for each in documents if each.get("id") in linked]


def _downgraded(change: Change, version: str) -> Change:
    """4.3.6.8: entity data as an older version of the standard knows it."""

    def older(state: EntityState | None) -> EntityState | None:
        return state and replace(state, document=downgrade(state.document, version))

    return Change(older(change.before), older(change.after), change.attributes)
