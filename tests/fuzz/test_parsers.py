"""Whatever is given to a parser is parsed or refused with a 4xx; nothing else comes out of it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import strategies as st

from mimas.ngsi_ld.core.context import CORE_TERM_MAP, build_term_map
from mimas.ngsi_ld.core.errors import BadRequestData, LdContextNotAvailable, NgsiLdError
from mimas.ngsi_ld.core.parse import parse_attribute, parse_entity, parse_fragment, parse_temporal_entity
from mimas.ngsi_ld.core.query.entity_query import EntityQuery
from mimas.ngsi_ld.core.query.geo import parse_geo_query
from mimas.ngsi_ld.core.query.linked_match import could_match, links_by_level
from mimas.ngsi_ld.core.query.match import matches_entity_query
from mimas.ngsi_ld.core.query.ordering import parse_collation, parse_ordering
from mimas.ngsi_ld.core.query.posix_regex import parse_pattern
from mimas.ngsi_ld.core.query.projection import parse_projection
from mimas.ngsi_ld.core.query.q import parse_query
from mimas.ngsi_ld.core.query.scope import parse_scope_query
from mimas.ngsi_ld.core.query.temporal import parse_temporal_query
from mimas.ngsi_ld.core.query.type_selection import parse_type_selection
from mimas.ngsi_ld.core.snapshots import is_purged, merge_snapshot, parse_purge, parse_snapshot
from mimas.ngsi_ld.core.state import EntityState
from mimas.ngsi_ld.core.subscriptions import compile_subscription, merge_subscription, parse_subscription
from mimas.ngsi_ld.store.entity_query_sql import compile_entity_query
from mimas.ngsi_ld.store.ordering_sql import compile_ordering
from mimas.ngsi_ld.store.periods import parse_period

EXPAND = CORE_TERM_MAP.expand
NOW = datetime(2026, 1, 1, tzinfo=UTC)
STATE = EntityState(
    {
        "id": "urn:ngsi-ld:A:1",
        "type": ["A", "B"],
        "scope": ["/a/b", "c"],
        "a": {"type": "Property", "value": {"b": [1, "x", None, True, {"c": 2.5}]}, "unitCode": "CEL"},
        "b": [
            {"type": "LanguageProperty", "languageMap": {"en": "x", "fr": ["y", "z"]}},
            {"type": "VocabProperty", "vocab": ["v"], "datasetId": "urn:d:1"},
        ],
        "rel": {"type": "Relationship", "object": ["urn:x:1", "urn:x:2"]},
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [14.1, 50.1]}},
    },
    NOW,
    NOW,
)


def _texts(*tokens: str) -> st.SearchStrategy[str]:
    """Text in the words of a language, mixed with anything."""
    word = st.sampled_from(tokens) | st.text(max_size=3)
    return st.lists(word, max_size=25).map("".join) | st.text(max_size=50)


Q = _texts(
    *("a", "b", "rel", "createdAt", "observedAt", "id", "type", "scope", ".", "[", "]", "{", "}", "*"),
    *("(", ")", ";", "|", ",", "..", "==", "!=", "<", "<=", ">", ">=", "~=", "!~=", "!", ":", " "),
    *('"x"', '"', "5", "-1.5e3", "1e400", "true", "false", "urn:x:1", "2026-01-01T00:00:00Z"),
    *("2026-02-30", "12:00:00", '"^a.*$"', '"("', '"[[:alpha:]]"', "\\", "%", "http://x.org/a", "\x00"),
)
SCOPE = _texts("/", "a", "b", "+", "#", "/#", ",", "|", ";", "(", ")", " ", "/a/b", "1", "_")
TYPES = _texts("A", "B", ",", "|", ";", "(", ")", "*", " ", "http://x.org/A", ":", "a:b")
PROJECTION = _texts("a", "b", "id", "type", "scope", ",", "|", "{", "}", "rel{a}", " ", "rel{")
ORDER = _texts("a", "id", "type", ";", "asc", "desc", "dist-asc", "dist-desc", ",", "[", "]", ".", "a[b]")
COLLATION = _texts("und", "cs", "de-u-co-phonebk", "-", "x-icu", "u", "co", "kn", "true", "EN", "_")
PATTERN = _texts(
    "a", ".", "*", "+", "?", "(", ")", "[", "]", "^", "$", "|", "{", "}", "1", ",", "[:", ":]", "\\d"
)
DURATION = _texts("P", "T", "1", "2.5", "Y", "M", "D", "H", "S", "W", "-", "9999999999999", "0")
COORDINATE = st.floats() | st.integers() | st.sampled_from([0, 14.1, 50.1, 180, 181, -90, 1e308])
COORDINATES = st.recursive(COORDINATE, lambda inner: st.lists(inner, max_size=5), max_leaves=30)
GEOMETRIES = ("Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "Circle")
INSTANTS = st.sampled_from(
    ["2026-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-01", "0000-01-01T00:00:00Z"]
)
KEYS = st.sampled_from(
    (
        *("id", "type", "@id", "@type", "@context", "@value", "value", "object", "languageMap", "vocab"),
        *("json", "valueList", "objectList", "datasetId", "observedAt", "unitCode", "scope", "location"),
        *("coordinates", "a", "b", "q", "geoQ", "entities", "notification", "endpoint", "uri", "en"),
        *("snapshotQueries", "@none", "snapshotPriority", "receiverInfo", "key", "watchedAttributes"),
        *("timeInterval", "expiresAt", ""),
    )
)
NAMES = KEYS | st.text(max_size=3)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
    | st.sampled_from(["A", "Property", "Relationship", "GeoProperty", "Point", "Subscription", "Snapshot"])
    | st.sampled_from(
        ["urn:x:1", "urn:ngsi-ld:null", "http://x.example/n", "mqtt://x/t", "mqtt://[", "@none"]
    )
    | INSTANTS
)
JSON = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=25,
)
OBJECTS = st.dictionaries(NAMES, JSON, max_size=8)


def _refused_or_not(work: Callable[..., Any], *arguments: Any) -> Any:
    """The result, None when the input is refused as the client's fault."""
    try:
        return work(*arguments)
    except NgsiLdError as error:
        assert 400 <= error.status < 500
        return None


def _used(query: EntityQuery) -> None:
    """A query that was parsed can be compiled and matched."""
    compile_entity_query(query, [])
    matches_entity_query(STATE, query)


def _q(text: str) -> None:
    node = _refused_or_not(parse_query, text, EXPAND)
    if node is not None:
        _used(EntityQuery(q=node))
        could_match(STATE, node)
        links_by_level(node)


def _scope(text: str) -> None:
    scope = _refused_or_not(parse_scope_query, text)
    if scope is not None:
        _used(EntityQuery(scope=scope))


def _types(text: str) -> None:
    types = _refused_or_not(parse_type_selection, text, EXPAND)
    if types is not None:
        _used(EntityQuery(types=types))


def _pattern(text: str) -> None:
    pattern = _refused_or_not(parse_pattern, text)
    if pattern is not None:
        _used(EntityQuery(id_pattern=pattern.text))


def _ordering(text: str) -> None:
    ordering = _refused_or_not(lambda: parse_ordering(text, EXPAND, order_from="[1,2]"))
    if ordering:
        compile_ordering(ordering, None, [])


def _purge(text: str) -> None:
    node = _refused_or_not(parse_purge, text)
    if node is not None:
        is_purged(
            {"id": "urn:x:1", "expiresAt": "2026-01-01T00:00:00Z", "snapshotPriority": 5}, NOW, NOW, node
        )


@pytest.mark.parametrize(
    ("check", "texts"),
    [
        (_q, Q),
        (_scope, SCOPE),
        (_types, TYPES),
        (_pattern, PATTERN),
        (_ordering, ORDER),
        (_purge, Q),
        (lambda text: _refused_or_not(parse_projection, text, "pick", EXPAND), PROJECTION),
        (lambda text: _refused_or_not(parse_collation, text), COLLATION),
        (lambda text: _refused_or_not(parse_period, text), DURATION),
    ],
    ids=["q", "scope", "types", "pattern", "ordering", "purge", "projection", "collation", "duration"],
)
def test_texts(fuzz: Any, check: Callable[[str], None], texts: st.SearchStrategy[str]) -> None:
    """Every language of the URL."""
    fuzz(check, texts)


def test_geo(fuzz: Any) -> None:
    """georel, geometry, coordinates and geoproperty, as text and as JSON."""
    georel = _texts(
        "near", ";", "maxDistance==", "minDistance==", "100", "within", "equals", "0", "-1", "1e3"
    )

    def check(given: tuple[Any, ...]) -> None:
        geo = _refused_or_not(parse_geo_query, *given, EXPAND)
        if geo is not None:
            _used(EntityQuery(geo=geo))

    relations = st.sampled_from(
        ["within", "contains", "intersects", "equals", "disjoint", "overlaps", "near;maxDistance==100"]
    )
    shapes = st.sampled_from(GEOMETRIES) | st.text(max_size=5)
    coordinates = COORDINATES | COORDINATES.map(str) | st.text(max_size=20)
    fuzz(check, st.tuples(relations | georel, shapes, coordinates, st.none() | st.text(max_size=5)))


def test_temporal(fuzz: Any) -> None:
    """timerel, timeAt, endTimeAt and timeproperty."""
    relations = st.sampled_from(["before", "after", "between", "now", None]) | JSON
    properties = st.sampled_from(["observedAt", "createdAt", "modifiedAt", "deletedAt", None]) | JSON
    times = INSTANTS | st.none() | JSON
    fuzz(
        lambda given: _refused_or_not(parse_temporal_query, *given),
        st.tuples(relations, times, times, properties),
    )


def test_contexts(fuzz: Any) -> None:
    """Any JSON as an @context: a term map or BadRequestData; names go through it and come back."""
    keys = st.sampled_from(
        ["a", "b", "type", "id", "@vocab", "@id", "@type", "@container", "@context", "@base"]
    )
    iris = st.sampled_from(
        ["https://x.org/a", "x:y", "@id", "@type", "@vocab", "@json", "@none", "_:b", ":", "x"]
    )
    values = st.recursive(
        LEAVES | iris,
        lambda inner: (
            st.dictionaries(keys | iris | st.text(max_size=3), inner, max_size=5)
            | st.lists(inner, max_size=3)
        ),
        max_leaves=15,
    )

    def check(value: Any) -> None:
        with contextlib.suppress(BadRequestData, LdContextNotAvailable):
            terms = build_term_map(value, {"https://x.org/a": {"@context": {}}, "x:y": {}, "x": []})
            for name in ("a", "b", "x:y", "https://x.org/a", "Property"):
                terms.compact(terms.expand(name))
                terms.compact_iri(terms.expand_iri(name))

    fuzz(check, values)


@pytest.mark.parametrize(
    "parse",
    [
        lambda body: parse_entity(body, CORE_TERM_MAP),
        lambda body: parse_fragment(body, CORE_TERM_MAP, nulls=True),
        lambda body: parse_fragment(body, CORE_TERM_MAP, nulls=True, simplified=True),
        lambda body: parse_attribute(body, CORE_TERM_MAP, "a", nulls=True),
        lambda body: parse_temporal_entity(body, CORE_TERM_MAP),
        parse_snapshot,
        lambda body: merge_snapshot({"id": "urn:x:1", "type": "Snapshot"}, body),
        lambda body: compile_subscription(
            {"id": "urn:x:1"} | parse_subscription({"type": "Subscription"} | body, NOW), CORE_TERM_MAP
        ),
        lambda body: merge_subscription(
            {"id": "urn:x:1", "type": "Subscription", "notification": {"endpoint": {"uri": "http://x/n"}}},
            body,
            NOW,
        ),
    ],
    ids=(
        *("entity", "fragment", "simplified", "attribute", "temporal", "snapshot", "merge snapshot"),
        *("subscription", "merge subscription"),
    ),
)
def test_bodies(fuzz: Any, parse: Callable[[Any], Any]) -> None:
    """Every body that clients send."""
    fuzz(lambda body: _refused_or_not(parse, body), OBJECTS)


HARD = {
    "many terms": ";".join(["a>1"] * 10_000),
    "many alternatives": "|".join(["a>1"] * 10_000),
    "deep parentheses": "(" * 200 + "a" + ")" * 200,
    "deep negation": "!(" * 200 + "a" + ")" * 200,
    "deep links": "rel{" * 200 + "a" + "}" * 200,
    "long name": "a" * 1_000_000,
    "long path": ".".join(["a"] * 100_000),
    "long list": "a==" + ",".join(["1"] * 100_000),
    "long number": "a==" + "9" * 100_000,
    "hard pattern": 'a~="' + "(a*)*" * 1000 + '"',
}


@pytest.mark.parametrize("text", HARD.values(), ids=HARD.keys())
def test_what_is_too_much_is_refused(text: str) -> None:
    """Long and deep queries are a clear 4xx, or are answered."""
    _q(text)
