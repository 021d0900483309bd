"""Temporal queries: the filters over instances mean in SQL what the core says of each instance."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mimas.ngsi_ld.core.query.entity_query import EntityQuery, Page
from mimas.ngsi_ld.core.query.geo import GeoQuery, parse_geometry
from mimas.ngsi_ld.core.query.geo_match import matches_geo
from mimas.ngsi_ld.core.query.literals import Range, Temporal
from mimas.ngsi_ld.core.query.match import matches
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.core.query.q_tree import And, Compares, Equals, Exists, Node, Not, Or, Path, Term
from mimas.ngsi_ld.core.query.scope import parse_scope_query
from mimas.ngsi_ld.core.query.temporal import TemporalQuery
from mimas.ngsi_ld.core.state import EntityState
from mimas.ngsi_ld.store.aggregates import Aggregation
from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.history import HistoryStore, TemporalPage
from mimas.ngsi_ld.store.history_sql import time_column

START = datetime(2020, 1, 1, tzinfo=UTC)
IDS = [f"urn:x:{number}" for number in range(3)]
NAMES = ["a", "b", "location", "scope"]
FAR_AWAY = datetime.max.replace(tzinfo=UTC)

REAL_DATABASE = settings(
    max_examples=int(os.environ.get("MIMAS_TEST_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


@dataclass(frozen=True)
class Row:
    """One row of the history."""

    attribute: str
    instance: dict[str, Any]
    observed_at: datetime | None
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None = None

    @property
    def at(self) -> datetime:
        """What the history is sorted by."""
        return self.observed_at or self.modified_at

    @property
    def dataset(self) -> str:
        """The datasetId."""
        return str(self.instance.get("datasetId", ""))


@dataclass(frozen=True)
class Evolution:
    """One entity and its rows."""

    id: str
    rows: tuple[Row, ...]


class Histories:
    """Puts evolutions into a tenant of their own and queries them."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._tenants = count()
        self._database = self._run(Database.open(url))
        self._store = HistoryStore(self._database)
        names = "INSERT INTO attribute_name (name) SELECT unnest($1::text[]) RETURNING name, id"
        self._numbers = dict(self._run(self._database.fetch(names, NAMES)))

    def close(self) -> None:
        self._run(self._database.close())
        self._loop.close()

    def fill(self, evolutions: Iterable[Evolution]) -> str:
        """The tenant that has them now."""
        tenant = f"t{next(self._tenants)}"
        self._run(self._fill(tenant, list(evolutions)))
        return tenant

    def query(self, tenant: str, query: EntityQuery, **how: Any) -> TemporalPage:
        page = how.pop("page", Page())
        return self._run(self._store.query(tenant, query, page, **how))

    def aggregate(self, tenant: str, query: EntityQuery, *methods: str) -> TemporalPage:
        return self._run(self._store.aggregate_query(tenant, query, Page(), Aggregation(methods)))

    async def _fill(self, tenant: str, evolutions: list[Evolution]) -> None:
        await self._database.executemany(
            "INSERT INTO entity (tenant, id, version, types, doc, created_at, modified_at)"
            " VALUES ($1, $2, 1, '{T}', '{}', $3, $3)",
            [(tenant, each.id, at(1)) for each in evolutions],
        )
        await self._database.executemany(
            "INSERT INTO attr_history (tenant, entity_id, attribute_id, dataset_id, at, observed_at,"
            " created_at, modified_at, deleted_at, instance_id, number, instance)"
            " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            [
                (
                    tenant,
                    each.id,
                    self._numbers[row.attribute],
                    row.dataset,
                    row.at,
                    row.observed_at,
                    row.created_at,
                    row.modified_at,
                    row.deleted_at,
                    UUID(int=number),
                    row.instance["value"] if isinstance(row.instance["value"], int) else None,
                    orjson.dumps(row.instance),
                )
                for each in evolutions
                for number, row in enumerate(each.rows)
            ],
        )

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)


@pytest.fixture
def histories(database_url: str) -> Iterator[Histories]:
    histories = Histories(database_url)
    yield histories
    histories.close()


# What the core says: one instance at a time.


def truth(node: Node, holds: Callable[[Term], bool]) -> bool:
    match node:
        case And(operands):
            return all(truth(each, holds) for each in operands)
        case Or(operands):
            return any(truth(each, holds) for each in operands)
        case Not(operand):
            return not holds(operand)
    return holds(node)


def alone(row: Row) -> EntityState:
    """An entity with this instance alone."""
    stamps = {"c": row.created_at.isoformat(), "m": row.modified_at.isoformat()}
    value = row.instance["value"] if row.attribute == "scope" else row.instance
    document = {"id": "urn:x:none", "type": "T", row.attribute: value}
    times = {row.attribute: {row.dataset: stamps}}
    return EntityState(document, row.created_at, row.modified_at, times)


def is_met(term: Any, entity: Evolution, rows: Iterable[Row]) -> bool:
    name = term.path.names[0]
    if name in ("id", "createdAt"):
        return matches(EntityState({"id": entity.id, "type": "T"}, at(1), at(1)), term)
    return any(matches(alone(row), term) for row in rows if row.attribute == name)


def spans(entity: Evolution, query: EntityQuery) -> list[tuple[datetime, datetime]]:
    """When scopes that are asked for were valid."""
    assert query.scope is not None
    scopes = [row for row in entity.rows if row.attribute == "scope"]
    scopes.sort(key=lambda row: row.at)  # stable, as are the instances' ids
    ends = [*(row.at for row in scopes[1:]), FAR_AWAY]
    return [
        (row.at, end)
        for row, end in zip(scopes, ends, strict=False)
        if row.deleted_at is None and query.scope.matches(scope_of(row)) and row.at < end
    ]


def scope_of(row: Row) -> tuple[str, ...]:
    value = row.instance["value"]
    return tuple(value) if isinstance(value, list) else (value,)


def overlaps(span: tuple[datetime, datetime], window: TemporalQuery) -> bool:
    assert window.time_at is not None
    start = datetime.min.replace(tzinfo=UTC) if window.timerel == "before" else window.time_at
    end = window.time_at if window.timerel == "before" else window.end_time_at or FAR_AWAY
    return max(span[0], start) < min(span[1], end)


def shown(entity: Evolution, query: EntityQuery) -> list[Row]:
    """The instances that the standard's steps leave (5.7.4.4)."""
    window = query.temporal
    assert window is not None
    column = "observed_at" if window.timeproperty == "observedAt" else time_column(window)
    rows = [row for row in entity.rows if window.holds(getattr(row, column))]
    left = [row for row in rows if passes(row, entity, rows, query)]
    if not passes(None, entity, rows, query):
        return []
    if query.scope is not None:
        valid = spans(entity, query)
        if not any(overlaps(span, window) for span in valid):
            return []
        starts = {span[0] for span in valid if overlaps(span, window)}
        times = [(row, getattr(row, "at" if column == "observed_at" else column)) for row in left]
        left = [row for row, time in times if any(low <= time < high for low, high in valid)]
        left = [row for row in left if row.attribute != "scope"]
        left += [
            row
            for row in entity.rows
            if row.attribute == "scope"
            and row.at in starts
            and row.deleted_at is None
            and query.scope.matches(scope_of(row))
        ]
    return [
        row
        for row in left
        if (not query.attributes or row.attribute in query.attributes)
        and (not query.dataset_ids or (row.dataset or "@none") in query.dataset_ids)
    ]


def passes(row: Row | None, entity: Evolution, rows: list[Row], query: EntityQuery) -> bool:
    """The entity meets q and geo, if this row were the only instance of its attribute."""
    seen = [each for each in rows if row is None or each.attribute != row.attribute or each is row]
    if query.q is not None and not truth(query.q, lambda term: is_met(term, entity, seen)):
        return False
    geo = query.geo
    return geo is None or any(
        matches_geo({each.attribute: each.instance}, geo)
        for each in seen
        if each.attribute == geo.geoproperty
    )


# Values from small pools, so that queries meet instances.

NUMBERS = st.integers(0, 4)
VALUES = NUMBERS | st.sampled_from(["x", {"m": 1}, [1, 2], True])
SECONDS = st.integers(0, 5).map(at)


@st.composite
def rows(draw: st.DrawFn) -> Row:
    name = draw(st.sampled_from(NAMES))
    created = draw(SECONDS)
    modified = draw(SECONDS)
    instance: dict[str, Any] = {"type": "Property", "value": draw(VALUES)}
    if name == "location":
        point = {"type": "Point", "coordinates": [draw(NUMBERS), 0]}
        instance = {"type": "GeoProperty", "value": point}
    elif name == "scope":
        instance["value"] = draw(st.sampled_from(["/A", "/B", ["/A", "/B"], "/A/C"]))
        return Row(name, instance, draw(SECONDS), created, modified)
    if draw(st.integers(0, 9)) == 0:
        tombstone = {"type": instance["type"], "value": "urn:ngsi-ld:null"}
        return Row(name, tombstone, None, created, modified, modified)
    if draw(st.booleans()):
        instance["datasetId"] = "urn:d:0"
    if draw(st.booleans()):
        instance["s"] = {"type": "Property", "value": draw(VALUES)}
    observed = draw(st.none() | SECONDS)
    if observed is not None:
        instance["observedAt"] = observed.strftime("%Y-%m-%dT%H:%M:%SZ")
    return Row(name, instance, observed, created, modified)


def _with_own_times(found: list[Row]) -> tuple[Row, ...]:
    """Two scopes are never set at one time."""
    times: set[datetime] = set()
    kept = []
    for row in found:
        if row.attribute == "scope" and row.at in times:
            continue
        if row.attribute == "scope":
            times.add(row.at)
        kept.append(row)
    return tuple(kept)


EVOLUTIONS = st.integers(1, 3).flatmap(
    lambda size: st.tuples(
        *(
            st.builds(Evolution, st.just(each), st.lists(rows(), max_size=8).map(_with_own_times))
            for each in IDS[:size]
        )
    )
)
WINDOWS = st.one_of(
    st.builds(TemporalQuery, st.sampled_from(["before", "after"]), SECONDS),
    st.builds(TemporalQuery, st.just("between"), SECONDS, SECONDS),
    st.builds(
        TemporalQuery,
        st.just("after"),
        SECONDS,
        st.none(),
        st.sampled_from(["createdAt", "modifiedAt", "deletedAt"]),
    ),
)
TIMES = SECONDS.map(lambda time: Temporal("DateTime", time.strftime("%Y-%m-%dT%H:%M:%SZ")))
PATHS = st.sampled_from([("a",), ("b",), ("a", "s"), ("missing",)]).map(Path) | st.just(Path(("a",), ("m",)))
TIME_PATHS = st.sampled_from(
    [("a", "observedAt"), ("a", "modifiedAt"), ("b", "createdAt"), ("createdAt",)]
).map(Path)
ORDERS = st.sampled_from([">", ">=", "<", "<="])
TERMS = st.one_of(
    st.builds(Exists, PATHS),
    st.builds(Equals, PATHS, st.tuples(NUMBERS | st.just("x") | st.just(True)), st.booleans()),
    st.builds(Equals, PATHS, st.tuples(st.builds(Range, NUMBERS, NUMBERS))),
    st.builds(Compares, PATHS, ORDERS, NUMBERS),
    st.builds(Compares, TIME_PATHS, ORDERS, TIMES),
    st.builds(Equals, st.just(Path(("id",))), st.sampled_from([(each,) for each in IDS])),
    st.builds(Equals, st.just(Path(("scope",))), st.sampled_from([("/A",), ("/B",)])),
)
TREES = st.recursive(
    TERMS | st.builds(Not, st.builds(Exists, PATHS)),
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=4,
)
GEO = st.one_of(
    st.builds(
        GeoQuery,
        st.sampled_from(["equals", "disjoint"]),
        NUMBERS.map(lambda x: parse_geometry("Point", [x, 0])),
    ),
    st.builds(
        lambda metres: GeoQuery("near", parse_geometry("Point", [0, 0]), max_distance=metres),
        st.sampled_from([1.0, 120_000.0, 250_000.0]),
    ),
)
SCOPES = st.sampled_from(["/A", "/B", "/A/#", "(/A;/B)", "/#"]).map(parse_scope_query)
QUERIES = st.builds(
    EntityQuery,
    q=st.none() | TREES,
    geo=st.none() | GEO,
    scope=st.none() | SCOPES,
    attributes=st.sampled_from([frozenset(), frozenset({"a"}), frozenset({"b", "scope"})]),
    dataset_ids=st.sampled_from([frozenset(), frozenset({"@none"}), frozenset({"urn:d:0"})]),
    temporal=WINDOWS,
)


def answer_of(page: TemporalPage) -> dict[str, dict[str, list[Any]]]:
    return {
        entity.id: {
            name: sorted(orjson.dumps(each.instance) for each in entries)
            for name, entries in entity.instances.items()
        }
        for entity in page.entities
    }


def expected_of(evolutions: Iterable[Evolution], query: EntityQuery) -> dict[str, dict[str, list[Any]]]:
    found: dict[str, dict[str, list[Any]]] = {}
    for entity in evolutions:
        for row in shown(entity, query):
            found.setdefault(entity.id, {}).setdefault(row.attribute, []).append(row.instance)
    return {
        entity_id: {
            name: sorted(orjson.dumps(orjson.loads(_as_stored(each))) for each in instances)
            for name, instances in attributes.items()
        }
        for entity_id, attributes in found.items()
    }


def _as_stored(instance: Any) -> bytes:
    """jsonb puts shorter member names first."""
    if isinstance(instance, dict):
        members = sorted(instance, key=lambda name: (len(name), name))
        return b"{%s}" % b",".join(orjson.dumps(name) + b":" + _as_stored(instance[name]) for name in members)
    return orjson.dumps(instance)


@REAL_DATABASE
@given(EVOLUTIONS, QUERIES)
def test_filters_over_instances(
    histories: Histories, evolutions: tuple[Evolution, ...], query: EntityQuery
) -> None:
    """Entities are selected and instances shown as the core judges each instance (5.7.4.4)."""
    tenant = histories.fill(evolutions)

    assert answer_of(histories.query(tenant, query)) == expected_of(evolutions, query)


@REAL_DATABASE
@given(EVOLUTIONS, QUERIES)
def test_counts_and_pages(
    histories: Histories, evolutions: tuple[Evolution, ...], query: EntityQuery
) -> None:
    """What is counted is what pages of one, each behind the last, show together."""
    tenant = histories.fill(evolutions)
    pages = [histories.query(tenant, query, page=Page(1, count=True))]
    while pages[-1].next_key is not None:
        pages.append(histories.query(tenant, query, page=Page(1, after=pages[-1].next_key)))
    found = [each.id for page in pages for each in page.entities]

    assert (found, pages[0].count) == (sorted(expected_of(evolutions, query)), len(found))


def reading(value: Any, second: int, name: str = "a") -> Row:
    return Row(name, {"type": "Property", "value": value}, at(second), at(second), at(second))


SERIES = Evolution(IDS[0], tuple(reading(value, value) for value in range(6)))


def q(text: str, window: TemporalQuery | None = None) -> EntityQuery:
    window = window or TemporalQuery("after", START)
    return EntityQuery(q=parse_query(text, str), temporal=window)


def test_the_last_instances_are_taken_of_those_that_pass(histories: Histories) -> None:
    """LastN is the last step (CIM 009 5.7.4)."""
    tenant = histories.fill([SERIES])
    page = histories.query(tenant, q("a<4"), last_n=2)

    assert [each.instance["value"] for each in page.entities[0].instances["a"]] == [3, 2]


def test_a_limit_counts_those_that_pass(histories: Histories) -> None:
    """A part of the evolution ends where enough instances were shown, not looked at (6.3.10)."""
    tenant = histories.fill([SERIES])
    page = histories.query(tenant, q("a>1"), limit_per_attribute=2)

    assert page.cut_at == at(3)


def test_aggregates_are_of_the_instances_that_pass(histories: Histories) -> None:
    """Aggregation comes after the filters."""
    tenant = histories.fill([SERIES])
    page = histories.aggregate(tenant, q("a>=3"), "sum", "totalCount")

    assert page.entities[0].aggregates["a"][0].buckets[0].values == {"sum": 12, "totalCount": 3}


def test_instances_outside_the_window_meet_nothing(histories: Histories) -> None:
    """Only what lies in the window is compared (S2)."""
    tenant = histories.fill([SERIES])

    assert histories.query(tenant, q("a==5", TemporalQuery("before", at(5)))).entities == []


def test_a_scope_set_before_the_window_is_valid_in_it(histories: Histories) -> None:
    """It is shown, with the instances that were observed while it was valid (C.5.16)."""
    early = Row("scope", {"type": "Property", "value": "/A"}, at(0), at(0), at(0))
    late = Row("scope", {"type": "Property", "value": "/B"}, at(3), at(3), at(3))
    tenant = histories.fill([replace(SERIES, rows=(*SERIES.rows, early, late))])
    query = EntityQuery(scope=parse_scope_query("/A"), temporal=TemporalQuery("after", at(1)))
    found = histories.query(tenant, query).entities[0].instances

    assert {name: [each.instance["value"] for each in entries] for name, entries in found.items()} == {
        "a": [1, 2],
        "scope": ["/A"],
    }
