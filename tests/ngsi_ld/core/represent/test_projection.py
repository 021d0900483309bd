"""The projection language of pick and omit (CIM 009 4.21)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mimas.ngsi_ld.core.errors import BadRequestData
from mimas.ngsi_ld.core.represent import Projection, Representation, parse_projection


def names(*members: str, **linked: Projection) -> Projection:
    """A projection of some names."""
    return Projection(frozenset({*members, *linked}), linked)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", names("a")),
        ("a,b", names("a", "b")),
        ("a|b", names("a", "b")),
        ("rel{a,b}", names(rel=names("a", "b"))),
        ("rel{a|b},c", names("c", rel=names("a", "b"))),
        ("r{s{a},b}", names(r=names("b", s=names("a")))),
        ("https://example.org/a,b", names("https://example.org/a", "b")),
    ],
)
def test_parse(text: str, expected: Projection) -> None:
    """Comma and pipe mean the same; braces enter linked entities."""
    assert parse_projection(text, str) == expected


@pytest.mark.parametrize(
    "text", ["", ",", "a,", ",a", "a,,b", "a{", "a{}", "a}", "a{b", "{a}", "a{b}c", "a{" * 50]
)
def test_refused(text: str) -> None:
    """An empty member or a lonely brace is a 400."""
    with pytest.raises(BadRequestData):
        parse_projection(text, str)


@given(st.text("ab,|{} ", max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    """Nothing but BadRequestData ever comes out."""
    try:
        projection = parse_projection(text, str)
    except BadRequestData:
        return

    assert projection.names


def test_depth() -> None:
    """How deep a projection goes decides whether joinLevel suffices."""
    assert [parse_projection(each, str).depth for each in ("a", "r{a}", "r{s{a}},b")] == [0, 1, 2]


def test_pick_follows_into_linked_entities() -> None:
    """What stands in the braces is picked of the targets."""
    how = Representation.of(pick=parse_projection("id,rel{a}", str))

    assert (how.pick, how.for_linked("rel").pick, how.for_linked("other").pick) == (
        frozenset({"id", "rel"}),
        frozenset({"a"}),
        None,
    )


def test_omit_follows_into_linked_entities() -> None:
    """What stands in the braces is omitted from the targets; the relationship itself stays."""
    how = Representation.of(omit=parse_projection("b,rel{a}", str))

    assert (how.omit, how.for_linked("rel").omit) == (frozenset({"b"}), frozenset({"a"}))
