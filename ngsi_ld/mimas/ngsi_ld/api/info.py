"""Where a client begins: links, version and identity (CIM 009 6.33)."""

from __future__ import annotations

import platform
from datetime import UTC, datetime, timedelta

from mimas.ngsi_ld.core.instants import format_instant

from .answers import Answer, json_answer
from .content import linked_context
from .exchange import Exchange
from .negotiation import DOCUMENT, JSON
from .operation import Operation, Reply
from .problems import BASE
from .representing import document_answer
from .schemas import reference

TAG = "Information"

_RESOURCES = {
    "entities": "/entities",
    "types": "/types",
    "attributes": "/attributes",
    "temporalEntities": "/temporal/entities",
    "jsonldContexts": "/jsonldContexts",
    "sourceIdentity": "/info/sourceIdentity",
}


async def start(exchange: Exchange) -> Answer:
    """Where everything is."""
    url = exchange.base_url()
    return json_answer(
        {
            "title": "Mimas",
            "version": exchange.broker.version,
            "ngsiLd": url + BASE,
            "openapi": url + "/openapi.json",
            "docs": url + "/docs",
            **{name: url + path for name, path in exchange.broker.links.items()},
        }
    )


async def resources(exchange: Exchange) -> Answer:
    """The resources of the API."""
    url = exchange.base_url()
    links = {name: url + BASE + path for name, path in _RESOURCES.items()}
    return json_answer({"specification": "ETSI GS CIM 009 V1.9.1", "openapi": url + "/openapi.json", **links})


async def version(exchange: Exchange) -> Answer:
    """What runs here, in the shape that clients of other brokers probe for."""
    uptime = datetime.now(UTC) - exchange.broker.started_at
    return json_answer(
        {
            "mimas": {
                "version": exchange.broker.version,
                "ngsi-ld": "1.9.1",
                "python": platform.python_version(),
                "uptime": _duration(uptime),
            }
        }
    )


async def source_identity(exchange: Exchange) -> Answer:
    """Who this context source is (5.15)."""
    now = datetime.now(UTC)
    alias = exchange.broker.alias + (f"-{exchange.tenant}" if exchange.tenant else "")
    identity = {
        "id": f"urn:ngsi-ld:ContextSourceIdentity:{alias}",
        "type": "ContextSourceIdentity",
        "contextSourceAlias": alias,
        "contextSourceUptime": _duration(now - exchange.broker.started_at),
        "contextSourceTimeAt": format_instant(now),
    }
    return await document_answer(exchange, identity, await linked_context(exchange))


def _duration(span: timedelta) -> str:
    """An ISO 8601 duration."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86_400)
    return f"P{days}DT{rest // 3600}H{rest % 3600 // 60}M{rest % 60}S"


_LINKS = Reply("Names and URLs.", {"type": "object"}, (JSON,))

OPERATIONS = (
    Operation(
        "start", "GET", "/", start, "Where everything is", "", TAG, replies={200: _LINKS}, tenants=False
    ),
    Operation(
        "resources",
        "GET",
        BASE,
        resources,
        "The resources of the API",
        "",
        TAG,
        replies={200: _LINKS},
        tenants=False,
    ),
    Operation(
        "version", "GET", "/version", version, "What runs here", "", TAG, replies={200: _LINKS}, tenants=False
    ),
    Operation(
        "retrieveContextSourceIdentity",
        "GET",
        BASE + "/info/sourceIdentity",
        source_identity,
        "Identity of this broker",
        "6.33.3.1",
        TAG,
        offers=DOCUMENT,
        replies={200: Reply("The identity.", reference("ContextSourceIdentity"), DOCUMENT)},
    ),
)
