"""An `EntityQuery` as one SQL condition over `entity`; tenant, order and page are the caller's."""

# ruff: noqa: S608 - statements are made of constants and placeholders

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..core.query.entity_query import EntityQuery, Selector
from ..core.query.posix_regex import parse_pattern
from .geo_sql import compile_geo
from .q_sql import compile_q
from .scope_sql import compile_scope
from .sql import all_of, any_of, bind
from .type_sql import compile_types


def compile_entity_query(query: EntityQuery, parameters: list[Any], alias: str = "entity") -> str:
    """Return the condition, adding what it binds to `parameters`; TRUE for a query without conditions.

    The temporal window and the ordering are not part of it (`temporal_sql`, `ordering_sql`).
    """
    return all_of(_conditions(query, parameters, alias))


def _conditions(query: EntityQuery, parameters: list[Any], alias: str) -> Iterator[str]:
    if query.types is not None and not query.types.any_type:
        yield compile_types(query.types, parameters, alias)
    if query.ids:
        yield f"{alias}.id = ANY ({bind(parameters, list(query.ids), 'text[]')})"
    if query.id_pattern is not None:
        yield f"{alias}.id ~ {bind(parameters, parse_pattern(query.id_pattern).postgres, 'text')}"
    if query.selectors:
        yield any_of(compile_selector(each, parameters, alias) for each in query.selectors)
    if query.entity_map is not None:
        yield listed_in_map(query.entity_map, f"{alias}.tenant", f"{alias}.id", parameters)
    if query.attributes:
        yield f"{alias}.doc ?| {bind(parameters, sorted(query.attributes), 'text[]')}"
    if query.dataset_ids:
        yield _has_dataset(query.dataset_ids, parameters, alias)
    if query.scope is not None:
        yield compile_scope(query.scope, parameters, alias)
    if query.q is not None:
        yield compile_q(query.q, parameters, alias)
    if query.geo is not None:
        yield compile_geo(query.geo, parameters, alias)


def compile_selector(selector: Selector, parameters: list[Any], alias: str) -> str:
    """One of several selectors as a condition over a table with the columns `id` and `types`."""
    conditions = [compile_types(selector.types, parameters, alias)]
    if selector.ids:
        conditions.append(f"{alias}.id = ANY ({bind(parameters, list(selector.ids), 'text[]')})")
    elif selector.id_pattern is not None:
        pattern = parse_pattern(selector.id_pattern).postgres
        conditions.append(f"{alias}.id ~ {bind(parameters, pattern, 'text')}")
    return all_of(conditions)


def listed_in_map(entity_map: str, tenant: str, entity_id: str, parameters: list[Any]) -> str:
    """The condition that an entity map lists an entity; `tenant` and `entity_id` are SQL (5.5.14)."""
    return (
        f"{entity_id} IN (SELECT m.entity_id FROM entity_map_entry m"
        f" WHERE m.tenant = {tenant} AND m.map_id = {bind(parameters, entity_map, 'text')})"
    )


def _has_dataset(dataset_ids: frozenset[str], parameters: list[Any], alias: str) -> str:
    """Any attribute has an instance with one of the datasetIds; `@none` stands for the default instance."""
    names = bind(parameters, sorted(dataset_ids), "text[]")
    found = '$.* ? (@.type() == "object" && exists(@."type"))'
    return (
        f"EXISTS (SELECT FROM jsonb_path_query({alias}.doc, '{found}') AS i(v)"
        f" WHERE coalesce(i.v ->> 'datasetId', '@none') = ANY ({names}))"
    )
