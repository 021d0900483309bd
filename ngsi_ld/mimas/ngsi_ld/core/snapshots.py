"""What a snapshot may say, what became of its queries, and which snapshots a purge means (CIM 009 5.16)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from .errors import BadRequestData, OperationNotSupported
from .names import require_uri
from .query.match import matches
from .query.q import Node, attribute_names, linked_depth, parse_query
from .state import NGSI_LD_NULL, Document, EntityState

PREPARING = "preparing"
DEFAULT_PRIORITY = 5
QUERIES, TEMPORAL_QUERIES = "snapshotQueries", "snapshotTemporalQueries"
LONGEST_ID = 512

_QUERY_LISTS = (QUERIES, TEMPORAL_QUERIES)
_CHANGEABLE = ("snapshotPriority", "snapshotLifetime", "endpoint", "receiverInfo")
# Table 5.2.41-2: only the broker says these; a client that does is not heard.
_OUTPUT = (
    *("snapshotStatus", "snapshotQueriesDetails", "snapshotTemporalQueriesDetails"),
    *("createdAt", "modifiedAt", "expiresAt", "lastUsedAt"),
)
MEMBERS = frozenset({"id", "type", *_QUERY_LISTS, *_CHANGEABLE, *_OUTPUT})


def parse_snapshot(body: Mapping[str, Any]) -> Document:
    """A new snapshot: at least one list of queries, temporal ones apart (5.2.41)."""
    document = _parse(body)
    if not any(name in document for name in _QUERY_LISTS):
        raise BadRequestData(f"A snapshot has {QUERIES} or {TEMPORAL_QUERIES}, or both.")
    for name in _QUERY_LISTS:
        for query in document.get(name, ()):
            if ("temporalQ" in query) != (name == TEMPORAL_QUERIES):
                raise BadRequestData(f"temporalQ belongs to all queries of {TEMPORAL_QUERIES}, no other.")
    return document


def parse_clone(body: Mapping[str, Any]) -> Document:
    """What a clone has of its own: everything but queries (5.16.2)."""
    document = _parse(body)
    _refuse_queries(document)
    return document


def merge_snapshot(document: Document, fragment: Mapping[str, Any]) -> Document:
    """The snapshot with the members of the fragment; the NGSI-LD Null takes one away (5.16.4, 5.5.8)."""
    named = fragment.get("id", document["id"])
    if named != document["id"]:
        raise BadRequestData(f"The body is about {named!r}, the path about {document['id']!r}.")
    _refuse_queries(fragment)
    removed = {name for name in _CHANGEABLE if fragment.get(name) == NGSI_LD_NULL}
    given = {name: value for name, value in fragment.items() if name not in removed}
    changes = _parse({"type": "Snapshot", **given})
    merged = {**document, **{name: changes[name] for name in _CHANGEABLE if name in given}}
    return {name: value for name, value in merged.items() if name not in removed}


def status_of(details: Sequence[Mapping[str, Any]]) -> str:
    """What the outcomes of all queries make of the snapshot (5.16.1.4)."""
    results = [each["resultStatus"] for each in details]
    if results and all(each == "success" for each in results):
        return "success"
    if "success" in results:
        return "partial"
    return "empty" if "empty" in results else "failure"


def parse_purge(q: str | None) -> Node:
    """The query of a purge: over members of snapshots only (5.16.7.4)."""
    if q is None:
        raise BadRequestData("A purge of snapshots needs q.")
    node = parse_query(q, lambda name: name)
    unknown = attribute_names(node) - MEMBERS
    if unknown or linked_depth(node):
        raise BadRequestData(f"q of a purge speaks of members of a snapshot only, not of {sorted(unknown)}.")
    return node


def is_purged(shown: Mapping[str, Any], created_at: datetime, modified_at: datetime, node: Node) -> bool:
    """Whether the snapshot, as it is shown, meets the query of a purge."""
    document: Document = {"id": shown["id"], "type": "Snapshot", "expiresAt": shown["expiresAt"]}
    for name, value in shown.items():
        document.setdefault(name, {"type": "Property", "value": value})
    return matches(EntityState(document, created_at, modified_at), node)


def _parse(body: Mapping[str, Any]) -> Document:
    if body.get("type", body.get("@type")) != "Snapshot":
        raise BadRequestData('A snapshot has "type": "Snapshot".')
    document: Document = {}
    for name, value in body.items():
        if name in ("type", "@type") or name in _OUTPUT:
            continue
        _CHECKS.get(name, _refuse_unknown)(name, value)
        document[name] = value
    document["type"] = "Snapshot"
    return document


def _refuse_queries(document: Mapping[str, Any]) -> None:
    for name in _QUERY_LISTS:
        if name in document:
            raise BadRequestData(f"{name} can be given only when a snapshot is made from queries.")


def _refuse_unknown(name: str, _value: Any) -> None:
    raise BadRequestData(f"{name!r} is not a member of a snapshot.")


def _check_id(name: str, value: Any) -> None:
    if not isinstance(value, str):
        raise BadRequestData("The id of a snapshot is a URI.")
    require_uri(value, "The id of a snapshot")
    if len(value) > LONGEST_ID or not value.isascii():
        raise BadRequestData(f"The id of a snapshot goes into a header: ASCII, at most {LONGEST_ID} signs.")


def _check_queries(name: str, value: Any) -> None:
    if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
        raise BadRequestData(f"{name} is an array of queries and not empty.")


def _check_priority(name: str, value: Any) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 10:
        raise BadRequestData(f"{name} is a whole number from 1 to 10.")


def _check_text(name: str, value: Any) -> None:
    if not isinstance(value, str) or not value:
        raise BadRequestData(f"{name} is a string and not empty.")


def _check_endpoint(name: str, value: Any) -> None:
    _check_text(name, value)
    require_uri(value, name)
    try:
        parts = urlsplit(value)
    except ValueError:
        raise BadRequestData(f"{name} is no URL.") from None
    if parts.scheme not in ("http", "https"):
        raise OperationNotSupported(f"{name} begins with http or https.")
    if not parts.hostname:
        raise BadRequestData(f"{name} names no host.")


def _check_info(name: str, value: Any) -> None:
    """5.2.22: an array of key and value, both strings that a header can carry."""
    fits = isinstance(value, list) and all(
        isinstance(each, dict)
        and each.keys() == {"key", "value"}
        and all(isinstance(text, str) and text.isascii() and text.isprintable() for text in each.values())
        and each["key"]
        for each in value
    )
    if not fits:
        raise BadRequestData(f"{name} is an array of objects with key and value, both strings for a header.")


_CHECKS = {
    "id": _check_id,
    QUERIES: _check_queries,
    TEMPORAL_QUERIES: _check_queries,
    "snapshotPriority": _check_priority,
    "snapshotLifetime": _check_text,
    "endpoint": _check_endpoint,
    "receiverInfo": _check_info,
}
