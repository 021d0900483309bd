"""The statements that read instances of the history, and the condition that an entity has any to show."""

# ruff: noqa: S608 - statements are made of constants, columns and placeholders

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..core.query.entity_query import EntityQuery
from ..core.query.temporal import TemporalQuery
from .history_sql import INSTANCE, attributes_of, in_window, of_datasets, time_column
from .instance_filter import InstanceFilter
from .sql import any_of, bind


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which instances: in the window, of these attributes (None: all) and datasets, and as a query filters.

    `numbers` has the attributes that the filters of `query` speak of.
    """

    window: TemporalQuery | None = None
    attribute_ids: Collection[int] | None = None
    dataset_ids: Collection[str] = ()
    query: EntityQuery | None = None
    numbers: Mapping[str, int] = field(default_factory=dict)

    def filters(self, owner: str, bound: list[Any]) -> InstanceFilter | None:
        """The filters for one statement, None when nothing is filtered."""
        query = self.query
        if query is None or (query.q is None and query.geo is None and query.scope is None):
            return None
        return InstanceFilter(query, self.numbers, owner, bound)

    def shown(self, filters: InstanceFilter | None, bound: list[Any]) -> Iterator[str]:
        """The conditions on `h` of which one holds for each instance; scopes have their own."""
        datasets = of_datasets(self.dataset_ids, bound)
        if filters is None:
            yield f"{in_window(self.window, bound)} AND {datasets}"
            return
        yield f"{filters.shows()} AND {datasets}"
        scopes = filters.shows_scope()
        if scopes is not None:
            yield f"{scopes} AND {datasets}"


def select_instances(
    tenant: str, entity_ids: Collection[str], wanted: Wanted, *, newest_first: bool, limit: int
) -> tuple[str, list[Any]]:
    """At most `limit` instances of each attribute of each entity, in the order of time."""
    bound: list[Any] = []
    owner = bind(bound, tenant, "text")
    entities = bind(bound, list(entity_ids), "text[]")
    most = bind(bound, limit, "bigint")
    filters = wanted.filters(owner, bound)
    direction = "DESC" if newest_first else "ASC"
    order = f"h.{time_column(wanted.window)} {direction}, h.instance_id {direction}"
    found = (
        f"""(SELECT h.* FROM attr_history h
            WHERE h.tenant = {owner} AND h.entity_id = a.entity_id AND h.attribute_id = a.attribute_id
                AND {condition} ORDER BY {order} LIMIT {most})"""
        for condition in wanted.shown(filters, bound)
    )
    sql = f"""
        {with_met(entities, filters)}SELECT {INSTANCE}
        FROM ({attributes_of(owner, entities, wanted.attribute_ids, bound)}) AS a(entity_id, attribute_id)
            {"JOIN met USING (entity_id)" if filters is not None else ""}
        CROSS JOIN LATERAL ({" UNION ALL ".join(found)}) AS h
        ORDER BY h.entity_id, h.attribute_id, {order}
    """
    return sql, bound


def with_met(entities: str, filters: InstanceFilter | None) -> str:
    """The beginning of a statement whose filters need the rows `met`, one an entity of the array."""
    if filters is None:
        return ""
    return (
        "WITH met AS MATERIALIZED (SELECT listed.id AS entity_id, met.*"
        f" FROM unnest({entities}) AS listed(id) CROSS JOIN LATERAL ({filters.met('listed.id')}) AS met) "
    )


def has_instances(
    owner: str, entity_id: str, wanted: Wanted, filters: InstanceFilter | None, bound: list[Any]
) -> str:
    """The condition that an entity has an instance to show; `owner` and `entity_id` are SQL."""
    rows = f"h.tenant = {owner} AND h.entity_id = {entity_id}"
    if wanted.attribute_ids is not None:
        rows += f" AND h.attribute_id = any({bind(bound, list(wanted.attribute_ids), 'int[]')})"
    return any_of(
        f"EXISTS (SELECT FROM attr_history h WHERE {rows} AND {condition})"
        for condition in wanted.shown(filters, bound)
    )
