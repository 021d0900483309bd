"""The smaller query languages: types, scopes, geometry, time, ordering and projection."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimas.ngsi_ld.core.errors import BadRequestData, NgsiLdError, TooComplexQuery
from mimas.ngsi_ld.core.query.geo import Geometry, GeoQuery, parse_geo_query
from mimas.ngsi_ld.core.query.ordering import OrderTerm, parse_collation, parse_ordering
from mimas.ngsi_ld.core.query.posix_regex import parse_pattern
from mimas.ngsi_ld.core.query.projection import (
    Projection,
    check_projections,
    parse_attribute_list,
    parse_projection,
)
from mimas.ngsi_ld.core.query.q_tree import Path
from mimas.ngsi_ld.core.query.scope import ScopePattern, ScopeQuery, parse_scope_query
from mimas.ngsi_ld.core.query.temporal import TemporalQuery, parse_temporal_query
from mimas.ngsi_ld.core.query.type_selection import TypeSelection, parse_type_selection

FUZZ = settings(max_examples=int(os.environ.get("MIMAS_TEST_EXAMPLES", "200")), deadline=None)


def same(name: str) -> str:
    return name


def selection(*alternatives: str) -> TypeSelection:
    return TypeSelection(tuple(frozenset(each.split()) for each in alternatives))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A", selection("A")),
        ("A,B", selection("A", "B")),
        ("A|B", selection("A", "B")),
        ("(A;B)", selection("A B")),
        ("(A;B),C", selection("A B", "C")),
        ("(A)", selection("A")),
        ("https://x.org/T#U|B", selection("https://x.org/T#U", "B")),
        ("*", TypeSelection(any_type=True)),
    ],
)
def test_type_selection(text: str, expected: TypeSelection) -> None:
    """Alternatives and conjunctions of types (CIM 009 4.17)."""
    assert parse_type_selection(text, same) == expected


@pytest.mark.parametrize("text", ["", "A;B", "(A", "A,", "((A;B))", "(A|B;C)", "1A", "A B", "*,A"])
def test_type_selection_refused(text: str) -> None:
    """A conjunction needs its parentheses, and nothing nests."""
    with pytest.raises(BadRequestData):
        parse_type_selection(text, same)


def test_type_selection_matches_more_types() -> None:
    """An entity may have other types besides."""
    assert parse_type_selection("(A;B)|C", same).matches(["A", "X", "B"])


def scopes(*alternatives: tuple[ScopePattern, ...]) -> ScopeQuery:
    return ScopeQuery(alternatives)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/Madrid", scopes((ScopePattern(("Madrid",)),))),
        ("/Madrid/+/ParkB", scopes((ScopePattern(("Madrid", "+", "ParkB")),))),
        ("/CompanyA/#", scopes((ScopePattern(("CompanyA",), subtree=True),))),
        ("/#", scopes((ScopePattern((), subtree=True),))),
        ("(/a;/b)|c", scopes((ScopePattern(("a",)), ScopePattern(("b",))), (ScopePattern(("c",)),))),
    ],
)
def test_scope_query(text: str, expected: ScopeQuery) -> None:
    """Alternatives, conjunctions and wildcards (CIM 009 4.19), with or without the first slash."""
    assert parse_scope_query(text) == expected


@pytest.mark.parametrize("text", ["", "/a;/b", "/a//b", "/#/a", "/1a", "(/a", "/a/", "/a-b"])
def test_scope_query_refused(text: str) -> None:
    """Levels are names; the wildcard for everything below comes last."""
    with pytest.raises(BadRequestData):
        parse_scope_query(text)


@pytest.mark.parametrize(
    ("text", "scope", "expected"),
    [
        ("/Madrid", "/Madrid", True),
        ("/Madrid", "Madrid", True),
        ("/Madrid", "/Madrid/Gardens", False),
        ("/Madrid/#", "/Madrid", True),
        ("/Madrid/#", "/Madrid/Gardens/North", True),
        ("/Madrid/#", "/Madrids", False),
        ("/Madrid/+/North", "/Madrid/Gardens/North", True),
        ("/Madrid/+", "/Madrid", False),
        ("/#", "/any", True),
    ],
)
def test_scope_matches(text: str, scope: str, expected: bool) -> None:
    """A wildcard stands for one level, or for the scope and all below."""
    assert parse_scope_query(text).matches((scope,)) is expected


POINT = Geometry("Point", (8.0, 40.0))


@pytest.mark.parametrize(
    ("georel", "expected"),
    [
        ("near;maxDistance==2000", GeoQuery("near", POINT, "location", 2000.0, None)),
        ("near;minDistance==1e3", GeoQuery("near", POINT, "location", None, 1000.0)),
        ("within", GeoQuery("within", POINT)),
        ("disjoint", GeoQuery("disjoint", POINT)),
    ],
)
def test_geo_query(georel: str, expected: GeoQuery) -> None:
    """Each georel with its modifiers (CIM 009 4.10)."""
    assert parse_geo_query(georel, "Point", "[8,40]", None, same) == expected


@pytest.mark.parametrize(
    ("georel", "geometry", "coordinates", "geoproperty"),
    [
        ("near", "Point", "[8,40]", None),
        ("near;maxDistance==0", "Point", "[8,40]", None),
        ("near;maxDistance==-5", "Point", "[8,40]", None),
        ("near;maxDistance==1e999", "Point", "[8,40]", None),
        ("near;maxDistance==1;minDistance==2", "Point", "[8,40]", None),
        ("touches", "Point", "[8,40]", None),
        ("within", "GeometryCollection", "[]", None),
        ("within", "Point", "8,40", None),
        ("within", "Point", "[8]", None),
        ("within", "Point", '["8",40]', None),
        ("within", "Point", "[8,NaN]", None),
        ("within", "Point", "[8,140]", None),
        ("within", "LineString", "[[8,40]]", None),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1]]]", None),
        ("within", "Polygon", "[[[0,0],[1,0],[1,1],[0,1]]]", None),
        ("within", "Polygon", "[]", None),
        ("within", "Point", "[" * 5000 + "]" * 5000, None),
        ("within", None, "[8,40]", None),
        (None, "Point", "[8,40]", None),
        (None, None, None, "location"),
        ("within", "Point", "[8,40]", "a.b.c["),
    ],
)
def test_geo_query_refused(georel: Any, geometry: Any, coordinates: Any, geoproperty: Any) -> None:
    """Parameters need each other and must make a geometry on earth."""
    with pytest.raises(BadRequestData):
        parse_geo_query(georel, geometry, coordinates, geoproperty, same)


def test_geo_query_too_large() -> None:
    """A reference geometry has a limit."""
    with pytest.raises(TooComplexQuery):
        parse_geo_query("within", "MultiPoint", [[0, 0]] * 10_001, None, same)


NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)
LATER = datetime(2020, 1, 1, 13, tzinfo=UTC)


def test_temporal_query() -> None:
    """A window has its relation, its times and its property (CIM 009 4.11)."""
    query = parse_temporal_query("between", "2020-01-01T12:00:00Z", "2020-01-01T13:00:00,0Z", "modifiedAt")

    assert query == TemporalQuery("between", NOON, LATER, "modifiedAt")


@pytest.mark.parametrize(
    "parameters",
    [
        ("after",),
        (None, "2020-01-01T12:00:00Z"),
        ("since", "2020-01-01T12:00:00Z"),
        ("between", "2020-01-01T12:00:00Z"),
        ("after", "2020-01-01"),
        ("after", "2020-01-01T12:00:00+02:00"),
        ("after", "2020-02-30T12:00:00Z"),
        ("after", "2020-01-01T12:00:00Z", None, "temperature"),
        ("after", 5),
    ],
)
def test_temporal_query_refused(parameters: tuple[Any, ...]) -> None:
    """timerel and timeAt need each other, and times are DateTimes."""
    with pytest.raises(BadRequestData):
        parse_temporal_query(*parameters)


@pytest.mark.parametrize(
    ("timerel", "holds"),
    [("before", (True, False, False)), ("after", (False, True, True)), ("between", (False, True, False))],
)
def test_temporal_bounds(timerel: Any, holds: tuple[bool, ...]) -> None:
    """Before excludes its bound, after includes it, between excludes its end."""
    query = TemporalQuery(timerel, NOON, LATER if timerel == "between" else None)
    instants = (datetime(2020, 1, 1, tzinfo=UTC), NOON, LATER)

    assert tuple(query.holds(each) for each in instants) == holds


def test_ordering() -> None:
    """Keys have paths, members and directions (CIM 009 4.23.3)."""
    found = parse_ordering("name,age;desc,a.b[c.d];asc,location;dist-desc", same, order_from="[8,40]")

    assert found == (
        OrderTerm(Path(("name",))),
        OrderTerm(Path(("age",)), descending=True),
        OrderTerm(Path(("a", "b"), ("c", "d"))),
        OrderTerm(Path(("location",)), descending=True, reference=POINT),
    )


@pytest.mark.parametrize(
    "text", ["", "a;up", "a,", "location;dist-asc", "a;asc;desc", ",".join("abcdefghijklmnopq")]
)
def test_ordering_refused(text: str) -> None:
    """Unknown directions, distances without a place and endless lists are refused."""
    with pytest.raises((BadRequestData, TooComplexQuery)):
        parse_ordering(text, same)


def test_ordering_of_temporal_queries() -> None:
    """Temporal queries are ordered by id only (CIM 009 5.7.4.4)."""
    with pytest.raises(BadRequestData):
        parse_ordering("name", same, only_id=True)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("und", "und"),
        ("und-x-icu", "und"),
        ("de-u-co-phonebk", "de-u-co-phonebk"),
        ("und-u-ks-identic", "und-u-ks-identic"),
        ("DE-u-kn-ks-level2", "de-u-kn-ks-level2"),
    ],
)
def test_collation(text: Any, expected: str | None) -> None:
    """ICU tags are taken in their usual spelling (CIM 009 4.23.3)."""
    assert parse_collation(text) == expected


@pytest.mark.parametrize(
    "text", ["", "x", 'und"; DROP', "de-u", "de-u-ks-level9", "de-u-zz-abc", "deutsch!", 5]
)
def test_collation_refused(text: Any) -> None:
    """What is no ICU tag is refused."""
    with pytest.raises(BadRequestData):
        parse_collation(text)


def test_projection() -> None:
    """Names, and what is wanted of linked entities (CIM 009 4.21)."""
    found = parse_projection("id|a{b,c{d}},e", "pick", same)

    inner = Projection(frozenset({"b", "c"}), (("c", Projection(frozenset({"d"}))),))
    assert (found, found.depth) == (Projection(frozenset({"id", "a", "e"}), (("a", inner),)), 2)


@pytest.mark.parametrize("text", ["", "a,", ",a", "a,,b", "a{}", "a{b", "a}", "a,a", "a b", [], ["a", ""], 5])
def test_projection_refused(text: Any) -> None:
    """Empty members, doubles and unbalanced braces are refused."""
    with pytest.raises(BadRequestData):
        parse_projection(text, "pick", same)


@pytest.mark.parametrize("text", ["id", "a,type", "a{b}"])
def test_attribute_list_refused(text: str) -> None:
    """attrs knows attributes only."""
    with pytest.raises(BadRequestData):
        parse_attribute_list(text, "attrs", same)


def test_pick_and_omit_of_one_member() -> None:
    """A member cannot be both picked and omitted."""
    with pytest.raises(BadRequestData):
        check_projections(Projection(frozenset({"a"})), Projection(frozenset({"a", "b"})), None)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("b", "abc", True),
        ("^b", "abc", False),
        (".*downtown$", "x:downtown", True),
        ("^(a|b){2}$", "ab", True),
        ("^[[:upper:]][^0-9]*$", "Ab-c", True),
        ("a\\.b", "axb", False),
        ("^.$", "\n", True),
        ("^$", "", True),
    ],
)
def test_pattern(pattern: str, text: str, expected: bool) -> None:
    """A pattern is found anywhere unless it is anchored."""
    assert parse_pattern(pattern).found_in(text) is expected


@pytest.mark.parametrize(
    "text",
    [
        "(",
        ")",
        "[a",
        "*a",
        "a**",
        "a{2,1}",
        "a{999}",
        "(?=a)",
        "(?i)a",
        "\\1",
        "\\b",
        "[[:x:]]",
        "[z-a]",
        "a\\",
    ],
)
def test_pattern_refused(text: str) -> None:
    """What POSIX or one of our matchers does not know is refused."""
    with pytest.raises(BadRequestData):
        parse_pattern(text)


@pytest.mark.timeout(5)
def test_no_catastrophic_pattern() -> None:
    """A pattern that makes a backtracking matcher hang takes time for the length of the string only."""
    assert not parse_pattern("^(a+)+(a|aa)*(.*a){5}b$").found_in("a" * 2_000)


@pytest.mark.parametrize(
    "parse",
    [
        lambda text: parse_type_selection(text, same),
        parse_scope_query,
        lambda text: parse_geo_query("within", "Polygon", text, None, same),
        lambda text: parse_geo_query(text, "Point", "[1,2]", text, same),
        lambda text: parse_temporal_query("after", text),
        lambda text: parse_ordering(text, same, order_from="[1,2]"),
        parse_collation,
        lambda text: parse_projection(text, "pick", same),
        parse_pattern,
    ],
)
@FUZZ
@given(text=st.text() | st.text(list("aB1/#+*;|,(){}[]<>=.-:TZ\\^$?urnx ")))
def test_any_text(parse: Callable[[str], Any], text: str) -> None:
    """Any text parses or is refused with an error of ours."""
    try:
        parse(text)
    except NgsiLdError as error:
        assert 400 <= error.status < 500
