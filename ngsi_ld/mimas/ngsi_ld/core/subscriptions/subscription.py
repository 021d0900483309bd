"""A subscription as it is matched: names expanded, queries parsed, patterns compiled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from ..context.term_map import TermMap
from ..instants import parse_instant
from ..query.geo import GeoQuery, parse_geo_query
from ..query.posix_regex import Pattern, parse_pattern
from ..query.projection import parse_projection
from ..query.q import parse_query
from ..query.q_tree import Node
from ..query.scope import ScopeQuery, parse_scope_query
from ..query.type_selection import TypeSelection, parse_type_selection
from ..represent import Representation
from ..state import DEFAULT_DATASET

ATTRIBUTE_TRIGGERS = frozenset({"attributeCreated", "attributeUpdated", "attributeDeleted"})
DEFAULT_TRIGGERS = frozenset({"attributeCreated", "attributeUpdated"})  # 5.2.12


@dataclass(frozen=True, slots=True)
class EntitySelector:
    """5.2.33: a type selection, narrowed by ids or else by a pattern."""

    types: TypeSelection
    ids: frozenset[str] = frozenset()
    id_pattern: Pattern | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """5.2.15: where notifications go. Times are in seconds here, in milliseconds on the wire."""

    uri: str
    accept: str = "application/json"
    timeout: float | None = None
    cooldown: float | None = None
    receiver_info: tuple[tuple[str, str], ...] = ()
    notifier_info: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Subscription:
    """One subscription (5.2.12), compiled in its own @context.

    `triggers` holds only entityCreated, entityDeleted and the three attribute triggers: entityUpdated stands
    for those. `dataset_ids` are stored dataset names (the default instance is the empty name).
    """

    id: str
    tenant: str
    selectors: tuple[EntitySelector, ...]
    watched: frozenset[str]
    triggers: frozenset[str]
    endpoint: Endpoint
    how: Representation
    q: Node | None = None
    geo: GeoQuery | None = None
    scope: ScopeQuery | None = None
    dataset_ids: frozenset[str] = frozenset()
    is_active: bool = True
    expires_at: datetime | None = None
    throttling: float | None = None
    time_interval: float | None = None
    show_changes: bool = False
    join: str | None = None
    join_level: int = 1
    conformance: str | None = None
    jsonld_context: str | None = None


def compile_subscription(document: Mapping[str, Any], terms: TermMap, tenant: str = "") -> Subscription:
    """The compiled form of a checked document; raises BadRequestData for queries that do not parse."""
    notification = document["notification"]
    expand_values, json_keys = document.get("expandValues", ""), document.get("jsonKeys", "")
    query, scope, geo = document.get("q"), document.get("scopeQ"), document.get("geoQ", {})
    expires_at, join = document.get("expiresAt"), notification.get("join", "@none")
    return Subscription(
        id=document["id"],
        tenant=tenant,
        selectors=tuple(_selector(each, terms) for each in document.get("entities", ())),
        watched=frozenset(map(terms.expand, document.get("watchedAttributes", ()))),
        triggers=_triggers(document.get("notificationTrigger")),
        endpoint=_endpoint(notification["endpoint"]),
        how=_representation(document, terms),
        q=None
        if query is None
        else parse_query(
            unquote(query),  # clients write it as in a URL, percent-encoded, or plain
            terms.expand,
            expand_values=expand_values,
            json_keys=json_keys,
        ),
        geo=parse_geo_query(
            geo.get("georel"),
            geo.get("geometry"),
            geo.get("coordinates"),
            geo.get("geoproperty"),
            terms.expand,
        ),
        scope=None if scope is None else parse_scope_query(scope),
        dataset_ids=frozenset(_stored_dataset(each) for each in document.get("datasetId", ())),
        is_active=document.get("isActive", True),
        expires_at=parse_instant(expires_at) if expires_at else None,
        throttling=document.get("throttling"),
        time_interval=document.get("timeInterval"),
        show_changes=notification.get("showChanges", False),
        join=None if join == "@none" else join,
        join_level=notification.get("joinLevel", 1),
        conformance=document.get("ngsildConformance"),
        jsonld_context=document.get("jsonldContext"),
    )


def _stored_dataset(dataset_id: str) -> str:
    return DEFAULT_DATASET if dataset_id == "@none" else dataset_id


def _selector(entry: Mapping[str, Any], terms: TermMap) -> EntitySelector:
    ids = entry.get("id", ())
    pattern = entry.get("idPattern")
    return EntitySelector(
        types=parse_type_selection(entry["type"], terms.expand),
        ids=frozenset((ids,) if isinstance(ids, str) else ids),
        id_pattern=parse_pattern(pattern) if pattern and not ids else None,  # 5.2.33: id wins
    )


def _triggers(given: list[str] | None) -> frozenset[str]:
    if given is None:
        return DEFAULT_TRIGGERS
    named = frozenset(given)
    return (named - {"entityUpdated"}) | ATTRIBUTE_TRIGGERS if "entityUpdated" in named else named


def _endpoint(entry: Mapping[str, Any]) -> Endpoint:
    timeout, cooldown = entry.get("timeout"), entry.get("cooldown")
    return Endpoint(
        uri=entry["uri"],
        accept=entry.get("accept", "application/json"),
        timeout=timeout / 1000 if timeout else None,
        cooldown=cooldown / 1000 if cooldown else None,
        receiver_info=tuple((each["key"], each["value"]) for each in entry.get("receiverInfo", ())),
        notifier_info={each["key"]: each["value"] for each in entry.get("notifierInfo", ())},
    )


def _representation(document: Mapping[str, Any], terms: TermMap) -> Representation:
    notification = document["notification"]
    pick, omit, attributes = (notification.get(name) for name in ("pick", "omit", "attributes"))
    form = notification.get("format", "normalized")
    return Representation.of(
        pick=parse_projection(pick, "pick", terms.expand) if pick else None,
        omit=parse_projection(omit, "omit", terms.expand) if omit else None,
        format="simplified" if form == "keyValues" else form,
        sys_attrs=notification.get("sysAttrs", False),
        attrs=frozenset(map(terms.expand, attributes)) if attributes else None,
        dataset_ids=frozenset(document.get("datasetId", ())),
        lang=document.get("lang"),
    )
