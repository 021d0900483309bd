"""Queries mean the same in SQL and in memory: generated documents against generated queries."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Coroutine, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import asyncpg
import orjson
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from mimas.ngsi_ld.core.query.entity_query import EntityQuery
from mimas.ngsi_ld.core.query.geo import GeoQuery, parse_geometry
from mimas.ngsi_ld.core.query.geo_match import geometries
from mimas.ngsi_ld.core.query.literals import Range, Temporal
from mimas.ngsi_ld.core.query.match import matches_entity_query
from mimas.ngsi_ld.core.query.posix_regex import parse_pattern
from mimas.ngsi_ld.core.query.q_tree import (
    And,
    Compares,
    Equals,
    Exists,
    Linked,
    Matches,
    Not,
    Or,
    Path,
)
from mimas.ngsi_ld.core.query.scope import ScopePattern, ScopeQuery, document_scopes
from mimas.ngsi_ld.core.query.sphere import distance
from mimas.ngsi_ld.core.query.temporal import TemporalQuery
from mimas.ngsi_ld.core.query.type_selection import TypeSelection, document_types
from mimas.ngsi_ld.core.state import EntityState
from mimas.ngsi_ld.store.entity_query_sql import compile_entity_query
from mimas.ngsi_ld.store.temporal_sql import compile_temporal

START = datetime(2020, 1, 1, tzinfo=UTC)
IDS = [f"urn:x:{number}" for number in range(4)]

REAL_DATABASE = settings(
    max_examples=int(os.environ.get("MIMAS_TEST_EXAMPLES", "100")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


class Rows:
    """Puts entities into a tenant of their own and asks for those that meet a condition."""

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._tenants = count()
        self._connection = self._run(asyncpg.connect(url))

    def close(self) -> None:
        self._run(self._connection.close())
        self._loop.close()

    def matching(self, states: Iterable[EntityState], query: EntityQuery) -> set[str]:
        return self._run(self._matching(list(states), query))

    def fetch(self, sql: str, *arguments: Any) -> list[Any]:
        return self._run(self._connection.fetch(sql, *arguments))

    async def _matching(self, states: list[EntityState], query: EntityQuery) -> set[str]:
        tenant = f"t{next(self._tenants)}"
        await self._connection.executemany(
            "INSERT INTO entity"
            " (tenant, id, version, types, scopes, doc, times, created_at, modified_at, location) VALUES"
            " ($1, $2, 1, $3, $4, $5, $6, $7, $8, ST_SetSRID(ST_GeomFromGeoJSON($9::text), 4326))",
            [_row(tenant, state) for state in states],
        )
        await self._connection.executemany(
            "INSERT INTO entity_geo (tenant, entity_id, attribute, dataset_id, geometry)"
            " VALUES ($1, $2, $3, $4, ST_SetSRID(ST_GeomFromGeoJSON($5::text), 4326))",
            [row for state in states for row in _geo_rows(tenant, state)],
        )
        parameters: list[Any] = [tenant]
        condition = compile_entity_query(query, parameters)
        found = await self._connection.fetch(
            f"SELECT id FROM entity WHERE tenant = $1::text AND {condition}", *parameters
        )
        return {row["id"] for row in found}

    def _run(self, work: Coroutine[Any, Any, Any]) -> Any:
        return self._loop.run_until_complete(work)


def _row(tenant: str, state: EntityState) -> tuple[Any, ...]:
    document = state.document
    location = [
        value for attribute, dataset, value in _geo(state) if (attribute, dataset) == ("location", "")
    ]
    return (
        tenant,
        state.id,
        list(document_types(document)),
        list(document_scopes(document)) or None,
        orjson.dumps(document).decode(),
        orjson.dumps(state.times).decode() if state.times else None,
        state.created_at,
        state.modified_at,
        location[0] if location else None,
    )


def _geo(state: EntityState) -> Iterator[tuple[str, str, str]]:
    for attribute, stored in state.document.items():
        for instance in stored if isinstance(stored, list) else [stored]:
            if isinstance(instance, dict) and instance.get("type") == "GeoProperty":
                yield attribute, instance.get("datasetId", ""), orjson.dumps(instance["value"]).decode()


def _geo_rows(tenant: str, state: EntityState) -> Iterator[tuple[str, ...]]:
    for attribute, dataset, value in _geo(state):
        if (attribute, dataset) != ("location", ""):
            yield tenant, state.id, attribute, dataset, value


@pytest.fixture
def rows(database_url: str) -> Iterator[Rows]:
    rows = Rows(database_url)
    yield rows
    rows.close()


# Values from small pools, so that queries meet documents.
NUMBERS = st.sampled_from(
    [0, 1, -1, 1.0, 1.5, -2.25, 20, 10**18, 2**53 + 1, 9007199254740992.0, 1e22, 1e-7, 1e300]
)
STRINGS = st.sampled_from(
    ["", "x", "X", "xy", "é", "z", "n/a", 'q"\\', "1", "true", "\U0001f600", "a\nb", "%", *IDS]
)
TIMES = {
    "DateTime": [
        "2020-01-01T00:00:00Z",
        "2020-01-01T00:00:00.5Z",
        "2020-01-01T00:00:01Z",
        "2021-06-30T12:00:00Z",
    ],
    "Date": ["2020-01-01", "2020-01-02", "2021-06-30"],
    "Time": ["00:00:00Z", "12:00:00Z", "12:00:00.25Z"],
}
SPELLINGS = [
    *(text for texts in TIMES.values() for text in texts),
    "2020-01-01T00:00:00,500Z",
    "12:00:00.250000Z",
]
SCALARS = st.one_of(NUMBERS, STRINGS, st.booleans(), st.sampled_from(SPELLINGS), st.none())
MEMBERS = st.sampled_from(["m", "n", "en", "@value"])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(MEMBERS, inner, max_size=3),
    max_leaves=5,
)
TYPED = st.builds(
    lambda value: {"@type": "DateTime", "@value": value}, st.one_of(SCALARS, st.lists(SCALARS, max_size=2))
)
NAMES = ["a", "b"]
SUB_NAMES = ["s", "t"]


@st.composite
def instances(draw: st.DrawFn, depth: int = 1) -> dict[str, Any]:
    kind = draw(
        st.sampled_from(["Property"] * 4 + ["Relationship", "Language", "Vocab", "Json", "List", "Links"])
    )
    uris = st.sampled_from([*IDS, "urn:x:none"])
    instance: dict[str, Any]
    match kind:
        case "Property":
            instance = {
                "type": "Property",
                "value": draw(JSON | TYPED | st.lists(TYPED | SCALARS, max_size=2)),
            }
        case "Relationship":
            instance = {"type": "Relationship", "object": draw(uris | st.lists(uris, max_size=2))}
        case "Language":
            texts = STRINGS | st.lists(STRINGS, max_size=2)
            tags = st.sampled_from(["en", "m", "@none"])
            instance = {
                "type": "LanguageProperty",
                "languageMap": draw(st.dictionaries(tags, texts, max_size=2)),
            }
        case "Vocab":
            instance = {"type": "VocabProperty", "vocab": draw(STRINGS | st.lists(STRINGS, max_size=2))}
        case "Json":
            object_ = st.dictionaries(MEMBERS, JSON, max_size=2)
            instance = {"type": "JsonProperty", "json": draw(object_ | st.lists(object_, max_size=2))}
        case "List":
            instance = {"type": "ListProperty", "valueList": draw(st.lists(JSON, max_size=2))}
        case _:
            links = [{"object": each} for each in draw(st.lists(uris, max_size=2))]
            instance = {"type": "ListRelationship", "objectList": links}
    if draw(st.booleans()):
        instance["observedAt"] = draw(st.sampled_from([each for each in SPELLINGS if "T" in each]))
    if draw(st.booleans()):
        instance["unitCode"] = draw(st.sampled_from(["CEL", "x"]))
    if depth:
        for name in draw(st.sets(st.sampled_from(SUB_NAMES), max_size=1)):
            instance[name] = draw(attributes(depth - 1))
    return instance


@st.composite
def attributes(draw: st.DrawFn, depth: int = 1) -> Any:
    found = draw(st.lists(instances(depth), min_size=1, max_size=2))
    for number, instance in enumerate(found[draw(st.integers(0, 1)) :]):
        instance["datasetId"] = f"urn:d:{number}"
    return found if len(found) > 1 or draw(st.integers(0, 9)) == 0 else found[0]


@st.composite
def times_of(draw: st.DrawFn, names: list[str]) -> dict[str, Any]:
    stamps = st.dictionaries(st.sampled_from(["c", "m"]), st.sampled_from(TIMES["DateTime"]), max_size=2)
    result: dict[str, Any] = {}
    for name in draw(st.sets(st.sampled_from(names))):
        datasets = draw(st.dictionaries(st.sampled_from(["", "urn:d:0"]), stamps, max_size=2))
        if names is NAMES:
            for entry in datasets.values():
                if draw(st.booleans()):
                    entry["s"] = draw(times_of(SUB_NAMES))
        result[name] = datasets
    return result


@st.composite
def states(draw: st.DrawFn, entity_id: str) -> EntityState:
    types = draw(st.lists(st.sampled_from(["T", "U", "V"]), min_size=1, max_size=2, unique=True))
    document: dict[str, Any] = {"id": entity_id, "type": types[0] if len(types) == 1 else types}
    scopes = draw(
        st.lists(st.sampled_from(["/A", "A", "/A/B", "/A/B/C", "A/B/C/D", "/é/B"]), max_size=2, unique=True)
    )
    if scopes:
        document["scope"] = scopes[0] if len(scopes) == 1 else scopes
    for name in draw(st.sets(st.sampled_from(NAMES))):
        document[name] = draw(attributes())
    created = START + timedelta(seconds=draw(st.integers(0, 2)))
    times = draw(times_of(NAMES))
    return EntityState(document, created, created + timedelta(seconds=draw(st.integers(0, 2))), times)


CROWDS = st.integers(1, 4).flatmap(lambda size: st.tuples(*(states(each) for each in IDS[:size])))

TEMPORALS = st.sampled_from([Temporal(kind, text) for kind, texts in TIMES.items() for text in texts])  # type: ignore[arg-type]
LITERALS = st.one_of(NUMBERS, STRINGS, st.booleans(), TEMPORALS)
RANGES = st.one_of(
    st.builds(Range, NUMBERS, NUMBERS),
    st.builds(Range, STRINGS, STRINGS),
    *(
        st.builds(Range, pool, pool)
        for pool in [
            st.sampled_from([Temporal(kind, each) for each in texts]) for kind, texts in TIMES.items()
        ]  # type: ignore[arg-type]
    ),
)
PATHS = st.one_of(
    st.builds(Path, st.sampled_from([("a",), ("b",), ("a", "s"), ("b", "t"), ("missing",)])),
    st.builds(
        Path,
        st.sampled_from([("a",), ("b",), ("a", "s")]),
        st.sampled_from([("m",), ("n",), ("en",), ("m", "n"), ("*",), ("@value",)]),
    ),
    st.builds(
        Path,
        st.sampled_from(
            [
                ("a", "observedAt"),
                ("a", "unitCode"),
                ("a", "modifiedAt"),
                ("b", "createdAt"),
                ("a", "s", "observedAt"),
                ("a", "s", "modifiedAt"),
                ("createdAt",),
                ("modifiedAt",),
                ("id",),
                ("scope",),
                ("expiresAt",),
            ]
        ),
    ),
)
PATTERNS = st.sampled_from(
    [
        "x",
        "^x",
        "x$",
        "^x?y*$",
        "^$",
        ".",
        "[^x]",
        "^[[:alpha:]]+$",
        "a.b",
        "é|z",
        "^(x|1|urn:x:.)$",
        "\\d",
        "\\W",
    ]
).map(parse_pattern)
VALUE_TERMS = st.one_of(
    st.builds(Exists, PATHS),
    st.builds(Equals, PATHS, st.lists(LITERALS | RANGES, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(
        Compares,
        PATHS,
        st.sampled_from([">", ">=", "<", "<="]),
        st.one_of(NUMBERS, STRINGS, TEMPORALS),
    ),
    st.builds(Matches, PATHS, PATTERNS, st.booleans()),
)
TERMS = VALUE_TERMS | st.builds(
    Linked, st.sampled_from(NAMES), st.sampled_from([(), ("T",), ("U", "V")]), VALUE_TERMS
)
TREES = st.recursive(
    TERMS | st.builds(Not, st.builds(Exists, PATHS)),
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=4,
)


def in_memory(crowd: Iterable[EntityState], query: EntityQuery) -> set[str]:
    linked = {state.id: state for state in crowd}
    return {state.id for state in crowd if matches_entity_query(state, query, linked)}


@REAL_DATABASE
@given(CROWDS, TERMS)
def test_terms(rows: Rows, crowd: tuple[EntityState, ...], term: Any) -> None:
    """One term of q selects the same entities in SQL and in memory."""
    query = EntityQuery(q=term)

    assert rows.matching(crowd, query) == in_memory(crowd, query)


@REAL_DATABASE
@given(CROWDS, TREES)
def test_trees(rows: Rows, crowd: tuple[EntityState, ...], tree: Any) -> None:
    """Terms combined by and, or and not select the same entities in SQL and in memory."""
    query = EntityQuery(q=tree)

    assert rows.matching(crowd, query) == in_memory(crowd, query)


SCOPE_PATTERNS = st.builds(
    ScopePattern,
    st.lists(st.sampled_from(["A", "B", "C", "é", "+"]), min_size=1, max_size=4).map(tuple),
    st.booleans(),
) | st.just(ScopePattern((), subtree=True))
SCOPE_QUERIES = st.builds(
    ScopeQuery,
    st.lists(st.lists(SCOPE_PATTERNS, min_size=1, max_size=2).map(tuple), min_size=1, max_size=2).map(tuple),
)
SELECTIONS = st.one_of(
    st.just(TypeSelection(any_type=True)),
    st.builds(
        TypeSelection,
        st.lists(
            st.frozensets(st.sampled_from(["T", "U", "V", "W"]), min_size=1, max_size=2), min_size=1
        ).map(tuple),
    ),
)
ENTITY_QUERIES = st.builds(
    EntityQuery,
    types=st.none() | SELECTIONS,
    ids=st.sampled_from([(), ("urn:x:0", "urn:x:1")]),
    id_pattern=st.none() | st.sampled_from(["x:[12]", "^urn:x:0$", "0"]),
    attributes=st.frozensets(st.sampled_from(["a", "b", "c"]), max_size=2),
    scope=st.none() | SCOPE_QUERIES,
    dataset_ids=st.frozensets(st.sampled_from(["@none", "urn:d:0", "urn:d:1"]), max_size=2),
)


@REAL_DATABASE
@given(CROWDS, ENTITY_QUERIES)
def test_selections(rows: Rows, crowd: tuple[EntityState, ...], query: EntityQuery) -> None:
    """Types, ids, patterns, attributes, datasets and scopes select the same in SQL and in memory."""
    expected = in_memory(crowd, query)

    assert rows.matching(crowd, query) == expected


COORDINATES = st.sampled_from([0.0, 1.0, 2.0, 3.0, 4.0, 0.5, 2.5])
POSITIONS = st.tuples(COORDINATES, COORDINATES)


@st.composite
def boxes(draw: st.DrawFn) -> tuple[Any, ...]:
    west, south = draw(POSITIONS)
    east, north = (
        west + draw(st.sampled_from([1.0, 2.0, 3.5])),
        south + draw(st.sampled_from([1.0, 2.0, 3.5])),
    )
    shell = ((west, south), (east, south), (east, north), (west, north), (west, south))
    if not draw(st.booleans()):
        return (shell,)
    inset = 0.25
    hole = (
        (west + inset, south + inset),
        (west + inset, north - inset),
        (east - inset, north - inset),
        (east - inset, south + inset),
        (west + inset, south + inset),
    )
    return (shell, hole)


BOW_TIE = (((0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 0.0)),)
LINES = st.lists(POSITIONS, min_size=2, max_size=4, unique=True).map(tuple)
GEOMETRIES = st.one_of(
    st.builds(parse_geometry, st.just("Point"), POSITIONS),
    st.builds(parse_geometry, st.just("MultiPoint"), st.lists(POSITIONS, min_size=1, max_size=3).map(tuple)),
    st.builds(parse_geometry, st.just("LineString"), LINES),
    st.builds(parse_geometry, st.just("MultiLineString"), st.lists(LINES, min_size=1, max_size=2).map(tuple)),
    st.builds(parse_geometry, st.just("Polygon"), boxes() | st.just(BOW_TIE)),
    st.builds(parse_geometry, st.just("MultiPolygon"), boxes().map(lambda each: (each,))),
)


@st.composite
def places(draw: st.DrawFn, entity_id: str) -> EntityState:
    document: dict[str, Any] = {"id": entity_id, "type": "T"}
    for name in draw(st.sets(st.sampled_from(["location", "area"]))):
        found = [
            {"type": "GeoProperty", "value": orjson.loads(orjson.dumps(geometry.to_geojson()))}
            for geometry in draw(st.lists(GEOMETRIES, min_size=1, max_size=2))
        ]
        for number, instance in enumerate(found[draw(st.integers(0, 1)) :]):
            instance["datasetId"] = f"urn:d:{number}"
        document[name] = found if len(found) > 1 else found[0]
    return EntityState(document, START, START)


PLACES = st.integers(1, 3).flatmap(lambda size: st.tuples(*(places(each) for each in IDS[:size])))
PROPERTIES = st.sampled_from(["location", "area"])
RELATIONS = st.builds(
    GeoQuery,
    st.sampled_from(["within", "contains", "intersects", "equals", "disjoint", "overlaps"]),
    GEOMETRIES,
    PROPERTIES,
)
METRES = st.sampled_from([0.5, 1000.0, 60_000.0, 120_000.0, 250_000.0, 400_000.0])
NEAR = st.one_of(
    st.builds(
        lambda where, name, metres: GeoQuery("near", where, name, metres, None),
        GEOMETRIES,
        PROPERTIES,
        METRES,
    ),
    st.builds(
        lambda where, name, metres: GeoQuery("near", where, name, None, metres),
        GEOMETRIES,
        PROPERTIES,
        METRES,
    ),
)


@REAL_DATABASE
@given(PLACES, RELATIONS)
def test_relations(rows: Rows, crowd: tuple[EntityState, ...], geo: GeoQuery) -> None:
    """Each planar relation selects the same entities in SQL and in memory."""
    query = EntityQuery(geo=geo)

    assert rows.matching(crowd, query) == in_memory(crowd, query)


@REAL_DATABASE
@given(PLACES, NEAR)
def test_near(rows: Rows, crowd: tuple[EntityState, ...], geo: GeoQuery) -> None:
    """Near selects the same entities in SQL and in memory, but for a millimetre at the limit."""
    limit = geo.max_distance or geo.min_distance or 0.0
    for state in crowd:
        for geometry in geometries(state.document, geo.geoproperty):
            assume(abs(distance(geometry, geo.reference) - limit) > 0.001)
    query = EntityQuery(geo=geo)

    assert rows.matching(crowd, query) == in_memory(crowd, query)


@REAL_DATABASE
@given(GEOMETRIES, GEOMETRIES)
def test_distance(rows: Rows, one: Any, other: Any) -> None:
    """A distance on the sphere is the one PostGIS finds."""
    first, second = (f"ST_GeomFromGeoJSON(${number}::text)::geography" for number in (1, 2))
    sql = f"SELECT ST_Distance({first}, {second}, FALSE)"
    texts = [orjson.dumps(each.to_geojson()).decode() for each in (one, other)]

    assert rows.fetch(sql, *texts)[0][0] == pytest.approx(distance(one, other), rel=1e-6, abs=0.001)


INSTANTS = st.integers(0, 4).map(lambda seconds: START + timedelta(seconds=seconds))
WINDOWS = st.builds(
    TemporalQuery,
    st.sampled_from(["before", "after"]),
    INSTANTS,
    st.none(),
    st.sampled_from(["observedAt", "createdAt", "modifiedAt", "deletedAt"]),
) | st.builds(TemporalQuery, st.just("between"), INSTANTS, INSTANTS)


@REAL_DATABASE
@given(WINDOWS, st.none() | INSTANTS)
def test_windows(rows: Rows, window: TemporalQuery, instant: datetime | None) -> None:
    """A window holds the same instants in SQL and in memory."""
    parameters: list[Any] = [instant]
    condition = compile_temporal(window, parameters, "h")
    columns = ", ".join(
        f"$1::timestamptz AS {name}_at" for name in ("observed", "created", "modified", "deleted")
    )

    assert rows.fetch(f"SELECT {condition} FROM (SELECT {columns}) AS h", *parameters)[0][0] == window.holds(
        instant
    )


CHARACTERS = "abXé1_ \n-^]"
ATOMS = st.sampled_from(
    [
        "a",
        "b",
        "é",
        ".",
        "[ab]",
        "[^a]",
        "[[:digit:]X]",
        "\\w",
        "\\S",
        "[a-c\\d-]",
        "\\.",
        "$",
        "^",
        "()",
        "[^]]",
    ]
)
EXPRESSIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map("".join),
        st.lists(inner, min_size=2, max_size=2).map(lambda each: "(" + "|".join(each) + ")"),
        st.builds(
            lambda each, times: f"({each}){times}",
            inner,
            st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{0,}", "*?"]),
        ),
    ),
    max_leaves=5,
)


@REAL_DATABASE
@given(EXPRESSIONS, st.lists(st.text(CHARACTERS, max_size=6), min_size=1, max_size=5))
def test_patterns(rows: Rows, expression: str, texts: list[str]) -> None:
    """A pattern is found in the same strings by the automaton and by PostgreSQL."""
    pattern = parse_pattern(expression)
    sql = "SELECT array_agg(v ~ $2::text ORDER BY n) FROM unnest($1::text[]) WITH ORDINALITY AS t(v, n)"

    assert rows.fetch(sql, texts, pattern.postgres)[0][0] == [pattern.found_in(text) for text in texts]
