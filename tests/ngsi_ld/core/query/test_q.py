"""The q filter: text to tree and back."""

from __future__ import annotations

import os
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimas.ngsi_ld.core.errors import BadRequestData, NgsiLdError, TooComplexQuery
from mimas.ngsi_ld.core.query.literals import Range, Temporal
from mimas.ngsi_ld.core.query.posix_regex import parse_pattern
from mimas.ngsi_ld.core.query.q import parse_query
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
    attribute_names,
    linked_depth,
    to_text,
)

FUZZ = settings(max_examples=int(os.environ.get("MIMAS_TEST_EXAMPLES", "300")), deadline=None)


def same(name: str) -> str:
    return name


def path(*names: str, members: tuple[str, ...] = ()) -> Path:
    return Path(names, members)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("temperature", Exists(path("temperature"))),
        ("temperature==20", Equals(path("temperature"), (20,))),
        ("a==-1.5e2", Equals(path("a"), (-150.0,))),
        ('brandName!="Mercedes"', Equals(path("brandName"), ("Mercedes",), negated=True)),
        ("isParked==urn:ngsi-ld:Spot:1", Equals(path("isParked"), ("urn:ngsi-ld:Spot:1",))),
        ('a=="x","y"', Equals(path("a"), ("x", "y"))),
        ("a==1..5", Equals(path("a"), (Range(1, 5),))),
        ("a==true", Equals(path("a"), (True,))),
        ("a==2020-01-31", Equals(path("a"), (Temporal("Date", "2020-01-31"),))),
        ("a==12:30:00,50Z", Equals(path("a"), (Temporal("Time", "12:30:00.5Z"),))),
        (
            "temperature.observedAt>=2017-12-24T12:00:00Z",
            Compares(path("temperature", "observedAt"), ">=", Temporal("DateTime", "2017-12-24T12:00:00Z")),
        ),
        (
            'a.observedAt>"2017-12-24T12:00:00Z"',
            Compares(path("a", "observedAt"), ">", Temporal("DateTime", "2017-12-24T12:00:00Z")),
        ),
        ('address[city]=="Berlin"', Equals(path("address", members=("city",)), ("Berlin",))),
        (
            "sensor.rawdata[airquality.particulate]==40",
            Equals(path("sensor", "rawdata", members=("airquality", "particulate")), (40,)),
        ),
        ('color[*]!="red"', Equals(path("color", members=("*",)), ("red",), negated=True)),
        ('color[en-GB]=="red"', Equals(path("color", members=("en-GB",)), ("red",))),
        ("sensor{humidity}==40", Linked("sensor", (), Equals(path("humidity"), (40,)))),
        ("a{b{T,U:c.d}}", Linked("a", (), Linked("b", ("T", "U"), Exists(path("c", "d"))))),
        ("!a", Not(Exists(path("a")))),
        ('a~="^x"', Matches(path("a"), parse_pattern("^x"))),
        ('a~="a\\.b"', Matches(path("a"), parse_pattern("a\\.b"))),
        (
            "a!~=(x|y)[;)]+;b",
            And((Matches(path("a"), parse_pattern("(x|y)[;)]+"), negated=True), Exists(path("b")))),
        ),
        ("a;b|c", Or((And((Exists(path("a")), Exists(path("b")))), Exists(path("c"))))),
        ("a;(b|c)", And((Exists(path("a")), Or((Exists(path("b")), Exists(path("c"))))))),
        ("((a))", Exists(path("a"))),
        ("https://x.org/a#b==1", Equals(path("https://x.org/a#b"), (1,))),
        ("<https://x.org/a>.b==1", Equals(path("https://x.org/a", "b"), (1,))),
    ],
)
def test_parse(text: str, tree: Any) -> None:
    """Each form of the grammar has its tree."""
    assert parse_query(text, same) == tree


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("", 0),
        ("a==", 3),
        ('a=="x', 3),
        ("a==bare", 3),
        ("a>true", 2),
        ("a>1,2", 3),
        ("a>1..2", 3),
        ('a==1.."x"', 3),
        ("a;", 2),
        ("(a", 2),
        ("a)", 1),
        ("a[]", 2),
        ("a[*.b]", 6),
        ("a.observedAt[b]", 15),
        ("rel{a", 5),
        ("a==2020-02-31", 3),
        ("a==1e999", 3),
        ("1a==1", 0),
        ('type=="T"', 0),
        ("a.value==1", 2),
        ('a=="\\u0000"', 3),
        ("a==01", 3),
    ],
)
def test_refused(text: str, position: int) -> None:
    """What the grammar does not know is refused with its position."""
    with pytest.raises(BadRequestData) as caught:
        parse_query(text, same)

    assert caught.value.facts["position"] == position


@pytest.mark.parametrize(
    "text",
    [
        ";".join(["a"] * 10_000),
        "(" * 200 + "a" + ")" * 200,
        "a" * 1_000_000,
        "a" * 5_000,
        "a==" + ",".join(["1"] * 5_000),
        "a" + ".a" * 5_000,
        "a{" * 500 + "a" + "}" * 500,
        'a~="' + "(" * 500 + ")" * 500 + '"',
        'a~="((a{200}){200}){200}"',
        'a~="' + "x" * 5_000 + '"',
    ],
)
def test_limits(text: str) -> None:
    """What is too large is refused with a 4xx, at once."""
    with pytest.raises((BadRequestData, TooComplexQuery)):
        parse_query(text, same)


def test_names_are_expanded() -> None:
    """Every name is expanded; members in brackets are taken as given."""
    tree = parse_query("a{T:b.c[d]}==1", lambda name: f"x:{name}")

    assert tree == Linked("x:a", ("x:T",), Equals(Path(("x:b", "x:c"), ("d",)), (1,)))


def test_expand_values() -> None:
    """Values of the attributes in expandValues are expanded, bare or quoted (CIM 009 4.9, example 12)."""
    tree = parse_query('gender==Male,"Other"', lambda name: f"https://x.org/{name}", expand_values="gender")

    assert tree == Equals(path("https://x.org/gender"), ("https://x.org/Male", "https://x.org/Other"))


def test_list_of_dates() -> None:
    """The comma after a Date ends it; within a time it begins the fraction (CIM 009 4.9, 4.6.3)."""
    days = parse_query("a==2020-01-01,2021-01-01,7", same)
    instant = parse_query("a==2020-01-01T00:00:00,5Z", same)

    assert days == Equals(path("a"), (Temporal("Date", "2020-01-01"), Temporal("Date", "2021-01-01"), 7))
    assert instant == Equals(path("a"), (Temporal("DateTime", "2020-01-01T00:00:00.5Z"),))


def test_attribute_names() -> None:
    """System members do not narrow a query."""
    tree = parse_query("createdAt>2020-01-01T00:00:00Z;(a.b|rel{c})", same)

    assert attribute_names(tree) == {"a", "rel"}


def test_linked_depth() -> None:
    """The depth of linked entities is that of the deepest term."""
    assert linked_depth(parse_query("a;b{c}|d{e{f}}==1", same)) == 2


NAMES = st.sampled_from(["a", "b2", "é_x", "https://x.org/y.z#w", "observedAt"])
STRINGS = st.text(max_size=5).filter(lambda text: "\0" not in text)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEMPORALS = st.sampled_from(
    [
        Temporal("DateTime", "2020-01-01T00:00:00Z"),
        Temporal("DateTime", "2020-01-01T00:00:00.25Z"),
        Temporal("Date", "1999-12-31"),
        Temporal("Time", "23:59:59.000001Z"),
    ]
)
PATHS = st.builds(
    Path,
    st.lists(NAMES.filter("observedAt".__ne__), min_size=1, max_size=3).map(tuple),
    st.lists(st.sampled_from(["x", "y-1", "@value"]), max_size=2).map(tuple) | st.just(("*",)),
)
RANGES = st.builds(Range, NUMBERS, NUMBERS) | st.builds(Range, STRINGS, STRINGS)
VALUES = NUMBERS | STRINGS | st.booleans() | TEMPORALS | RANGES
TERMS = st.one_of(
    st.builds(Exists, PATHS),
    st.builds(Equals, PATHS, st.lists(VALUES, min_size=1, max_size=3).map(tuple), st.booleans()),
    st.builds(Compares, PATHS, st.sampled_from([">", ">=", "<", "<="]), NUMBERS | STRINGS | TEMPORALS),
    st.builds(
        Matches, PATHS, st.sampled_from(["a", '^"x\\\\"$', "(a|b);"]).map(parse_pattern), st.booleans()
    ),
)
LINKED = st.recursive(
    TERMS,
    lambda inner: st.builds(Linked, NAMES, st.lists(NAMES, max_size=2).map(tuple), inner),
    max_leaves=3,
)
NEGATIONS = st.builds(
    Not, st.builds(Exists, PATHS) | st.builds(Linked, NAMES, st.just(()), st.builds(Exists, PATHS))
)
TREES = st.recursive(
    LINKED | NEGATIONS,
    lambda inner: st.one_of(
        st.builds(And, st.lists(inner, min_size=2, max_size=3).map(tuple)),
        st.builds(Or, st.lists(inner, min_size=2, max_size=3).map(tuple)),
    ),
    max_leaves=6,
)


@FUZZ
@given(TREES)
def test_text_of_tree(tree: Any) -> None:
    """The text of a tree parses to the tree."""
    assert parse_query(to_text(tree), same) == tree


@FUZZ
@given(st.text() | st.text(list('ab.;|()[]{}<>=!~",:*\\^$+?-019TZ ')))
def test_any_text(text: str) -> None:
    """Any text parses or is refused with an error of ours."""
    try:
        parse_query(text, same, expand_values="b")
    except NgsiLdError as error:
        assert 400 <= error.status < 500
