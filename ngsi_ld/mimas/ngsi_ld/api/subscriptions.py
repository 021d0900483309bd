"""`/subscriptions` (CIM 009 5.8, 6.10 and 6.11)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from mimas.ngsi_ld.core.errors import ResourceNotFound
from mimas.ngsi_ld.core.instants import format_instant
from mimas.ngsi_ld.core.names import require_uri
from mimas.ngsi_ld.core.subscriptions import (
    compile_subscription,
    merge_subscription,
    parse_subscription,
    renamed,
    status_of,
)
from mimas.ngsi_ld.store.subscriptions import StoredSubscription, SubscriptionStore

from .answers import Answer, created, json_answer, no_content
from .content import linked_context, read_object
from .contexts import RequestContext
from .exchange import Exchange
from .negotiation import DOCUMENT, LD_JSON
from .operation import PATCH_BODY, Body, Operation, Parameter, Reply
from .paging import page_links
from .parameters import COUNT_ALL, LIMIT, OFFSET, OPTIONS, SYS_ATTRS, read_boolean, read_options
from .problems import BASE
from .schemas import CREATED, NO_CONTENT, URI, array_of, reference
from .selection import read_page

TAG = "Subscriptions"
LIST_PATH = BASE + "/subscriptions"
ONE_PATH = LIST_PATH + "/{subscriptionId}"

SUBSCRIPTION_ID = Parameter("subscriptionId", "The subscription's URI, percent-encoded.", URI, "path")
_OPTIONS = frozenset({"sysAttrs", "count"})


async def create(exchange: Exchange) -> Answer:
    """Subscribe (5.8.1)."""
    body, context = await read_object(exchange)
    now = datetime.now(UTC)
    document = parse_subscription(body, now)
    document.setdefault("id", f"urn:ngsi-ld:Subscription:{uuid4()}")
    await _check(exchange, document, context)
    hosted = await exchange.broker.contexts.hosted(context, exchange.base_url())
    document.setdefault("jsonldContext", hosted.url)  # 5.2.12: the default of this member
    stored = StoredSubscription(
        exchange.tenant, document["id"], document, context.value, now, now, _first_at(document, now)
    )
    await exchange.broker.subscriptions.create(stored)
    return created(f"{LIST_PATH}/{quote(document['id'], safe=':')}")


async def list_subscriptions(exchange: Exchange) -> Answer:
    """A page of the subscriptions (5.8.4)."""
    context = await linked_context(exchange)
    page = read_page(exchange)
    store = exchange.broker.subscriptions
    found = await store.page(exchange.tenant, page.limit + 1, page.offset)
    links = page_links(exchange, page, more=len(found) > page.limit)
    if page.count:
        links.append((b"ngsild-results-count", str(await store.count(exchange.tenant)).encode()))
    shown = [await _shown(exchange, each, context) for each in found[: page.limit]]
    return _answer(exchange, shown, context, *links)


async def retrieve(exchange: Exchange) -> Answer:
    """One subscription (5.8.3)."""
    stored = await _find(exchange)
    context = await linked_context(exchange)
    return _answer(exchange, await _shown(exchange, stored, context), context)


async def update(exchange: Exchange) -> Answer:
    """Change members of a subscription (5.8.2)."""
    stored = await _find(exchange)
    body, context = await read_object(exchange)
    now = datetime.now(UTC)
    present = await exchange.broker.contexts.from_value(stored.context)
    merge_subscription(stored.document, body, now)  # raises what is wrong with the fragment
    fragment = renamed(body, context.terms, present.terms)
    document = merge_subscription(stored.document, fragment, now)
    await _check(exchange, document, present)
    await exchange.broker.subscriptions.update(
        exchange.tenant, stored.id, document, now, _first_at(document, now)
    )
    return no_content()


async def delete(exchange: Exchange) -> Answer:
    """Unsubscribe (5.8.5)."""
    stored = await _find(exchange)
    await exchange.broker.subscriptions.delete(exchange.tenant, stored.id)
    return no_content()


async def _check(exchange: Exchange, document: dict[str, Any], context: RequestContext) -> None:
    """What only its @context can tell: queries parse, and the context of the notifications can be had."""
    compile_subscription(document, context.terms, exchange.tenant)
    if "jsonldContext" in document:
        await exchange.broker.contexts.from_url(document["jsonldContext"])


def _first_at(document: dict[str, Any], now: datetime) -> datetime | None:
    """When a periodic subscription is due for the first time."""
    interval = document.get("timeInterval")
    return now + timedelta(seconds=interval) if interval else None


async def _find(exchange: Exchange) -> StoredSubscription:
    subscription_id = exchange.path["subscriptionId"]
    require_uri(subscription_id, "the subscription's id")
    store: SubscriptionStore = exchange.broker.subscriptions
    stored = await store.retrieve(exchange.tenant, subscription_id)
    if stored is None:
        raise ResourceNotFound(f"There is no subscription {subscription_id!r} here.")
    return stored


async def _shown(exchange: Exchange, stored: StoredSubscription, context: RequestContext) -> dict[str, Any]:
    terms = (await exchange.broker.contexts.from_value(stored.context)).terms
    shown = renamed(stored.document, terms, context.terms)
    shown["status"] = status_of(stored.document, datetime.now(UTC))
    shown["notification"] = {**shown["notification"], **_counters(stored)}
    options = read_options(exchange.query, _OPTIONS)
    if "sysAttrs" in options or read_boolean(exchange.query, "sysAttrs"):
        shown["createdAt"] = format_instant(stored.created_at)
        shown["modifiedAt"] = format_instant(stored.modified_at)
    return shown


def _counters(stored: StoredSubscription) -> dict[str, Any]:
    """5.2.14.2: what became of the notifications, from the first attempt on."""
    counters: dict[str, Any] = {}
    if stored.times_sent:
        counters["timesSent"] = stored.times_sent
        counters["status"] = "failed" if stored.failures_in_a_row else "ok"
    if stored.times_failed:
        counters["timesFailed"] = stored.times_failed
    for name, instant in (
        ("lastNotification", stored.last_notification_at),
        ("lastFailure", stored.last_failure_at),
        ("lastSuccess", stored.last_success_at),
    ):
        if instant is not None:
            counters[name] = format_instant(instant)
    return counters


def _answer(exchange: Exchange, shown: Any, context: RequestContext, *headers: tuple[bytes, bytes]) -> Answer:
    """Subscriptions as JSON with a Link, or as JSON-LD with the @context in each."""
    if exchange.media_type == LD_JSON:
        for each in shown if isinstance(shown, list) else [shown]:
            each["@context"] = context.value
        answer = json_answer(shown, *headers)
        answer.headers[0] = (b"content-type", LD_JSON.encode())
        return answer
    links = [context.link] if context.link and shown else []
    return json_answer(shown, *links, *headers)


_PAGING = (LIMIT, OFFSET, COUNT_ALL)
_SHOWN = (OPTIONS, SYS_ATTRS)

OPERATIONS = (
    Operation(
        "createSubscription",
        "POST",
        LIST_PATH,
        create,
        "Subscribe",
        "6.10.3.1",
        TAG,
        body=Body(reference("Subscription")),
        replies={201: CREATED},
        creates_tenant=True,
    ),
    Operation(
        "querySubscription",
        "GET",
        LIST_PATH,
        list_subscriptions,
        "List subscriptions",
        "6.10.3.2",
        TAG,
        (*_PAGING, *_SHOWN),
        offers=DOCUMENT,
        replies={
            200: Reply(
                "A page of subscriptions.",
                array_of(reference("Subscription")),
                DOCUMENT,
                ("Link", "NGSILD-Results-Count"),
            )
        },
    ),
    Operation(
        "retrieveSubscription",
        "GET",
        ONE_PATH,
        retrieve,
        "Retrieve a subscription",
        "6.11.3.1",
        TAG,
        (SUBSCRIPTION_ID, *_SHOWN),
        offers=DOCUMENT,
        replies={200: Reply("The subscription.", reference("Subscription"), DOCUMENT)},
    ),
    Operation(
        "updateSubscription",
        "PATCH",
        ONE_PATH,
        update,
        "Change a subscription",
        "6.11.3.2",
        TAG,
        (SUBSCRIPTION_ID,),
        body=Body(reference("SubscriptionFragment"), PATCH_BODY),
        replies={204: NO_CONTENT},
    ),
    Operation(
        "deleteSubscription",
        "DELETE",
        ONE_PATH,
        delete,
        "Unsubscribe",
        "6.11.3.3",
        TAG,
        (SUBSCRIPTION_ID,),
        replies={204: NO_CONTENT},
    ),
)
