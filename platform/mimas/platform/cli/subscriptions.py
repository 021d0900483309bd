"""`mimas subscriptions`: why a change does or does not notify."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

import click

from mimas.ngsi_ld.api.contexts import ContextResolver
from mimas.ngsi_ld.api.linked_query import meets_linked
from mimas.ngsi_ld.core.query.linked_match import links_by_level
from mimas.ngsi_ld.core.state import DEFAULT_DATASET, Change, EntityState
from mimas.ngsi_ld.core.subscriptions import Subscription, compile_subscription, explain
from mimas.ngsi_ld.store.contexts import ContextStore
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.entities import EntityStore
from mimas.ngsi_ld.store.subscriptions import SubscriptionStore

from ..composition import ContextFetcher
from ..outbound import OutboundGuard
from ..processes import Refused
from ..settings import load_settings
from .database import with_database

_MEMBERS = frozenset({"id", "type", "scope", "expiresAt"})

Line = tuple[str, bool, str]


@click.group()
def subscriptions() -> None:
    """Explain why a change does or does not notify."""


@subscriptions.command("explain")
@click.argument("subscription")
@click.argument("entity")
@click.option("--tenant", default="", help="The tenant of both; without it the default tenant.")
@click.option("--attribute", multiple=True, help="Only these attributes changed; their names as stored.")
def explain_one(subscription: str, entity: str, tenant: str, attribute: tuple[str, ...]) -> None:
    """Say clause by clause whether SUBSCRIPTION is notified of ENTITY.

    Takes the entity as it is now, as if each of its attributes had just been given another value.
    The exit code is 1 when there would be no notification.

    \b
    Example:
      mimas subscriptions explain urn:ngsi-ld:Subscription:1 urn:ngsi-ld:Building:town-hall
    """
    lines = with_database(lambda database: _explain(database, tenant, subscription, entity, attribute))
    for clause, met, asks in lines:
        click.echo(f"{'yes' if met else 'NO ':<4} {clause:<20} {asks}")
    notified = all(met for _, met, _ in lines)
    click.echo("It is notified." if notified else "It is not notified.")
    if not notified:
        sys.exit(1)


async def _explain(
    database: Database, tenant: str, subscription_id: str, entity_id: str, names: tuple[str, ...]
) -> list[Line]:
    compiled = await _compiled(database, tenant, subscription_id)
    entities = EntityStore(database)
    try:
        stored = await entities.retrieve(tenant, entity_id)
        if stored is None:
            raise Refused(f"There is no entity {entity_id} {_where(tenant)}.")
        state = stored.state()
        lines = [
            (each.clause, each.met, each.asks)
            for each in explain(compiled, _just_changed(state, names), datetime.now(UTC))
        ]
        if compiled.q is not None and links_by_level(compiled.q):
            met = await meets_linked(entities, tenant, state, compiled.q)
            lines.append(("q, linked entities", met, "the query holds with the entities linked to"))
        return lines
    finally:
        await entities.close()


def _where(tenant: str) -> str:
    return f"in the tenant {tenant}" if tenant else "in the default tenant (--tenant names another)"


async def _compiled(database: Database, tenant: str, subscription_id: str) -> Subscription:
    stored = await SubscriptionStore(database).retrieve(tenant, subscription_id)
    if stored is None:
        raise Refused(f"There is no subscription {subscription_id} {_where(tenant)}.")
    fetcher = ContextFetcher(OutboundGuard(load_settings().outbound_allow))
    try:
        context = await ContextResolver(ContextStore(database), fetcher).from_value(stored.context)
    finally:
        await fetcher.close()
    return compile_subscription(stored.document, context.terms, tenant)


def _just_changed(state: EntityState, names: tuple[str, ...]) -> Change:
    """The entity as if its attributes, or those that are named, had just got other values."""
    present = [name for name in state.document if name not in _MEMBERS]
    unknown = sorted(set(names) - set(present))
    if unknown:
        raise Refused(f"The entity has no attribute {unknown[0]!r}. It has: {', '.join(present) or 'none'}.")
    return Change(
        state,
        state,
        {
            (name, instance.get("datasetId", DEFAULT_DATASET)): "updated"
            for name in (names or present)
            for instance in _instances(state.document[name])
        },
    )


def _instances(attribute: object) -> list[dict[str, str]]:
    return attribute if isinstance(attribute, list) else [attribute]  # type: ignore[list-item]
