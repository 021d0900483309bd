"""What pick and omit say of linked entities (CIM 009 4.21)."""

from __future__ import annotations

from mimas.ngsi_ld.core.query.projection import Projection, parse_projection
from mimas.ngsi_ld.core.represent import Representation


def projection(text: str) -> Projection:
    """A parsed pick or omit."""
    return parse_projection(text, "pick", str)


def test_pick_follows_into_linked_entities() -> None:
    """What stands in the braces is picked of the targets."""
    how = Representation.of(pick=projection("id,rel{a}"))

    assert (how.pick, how.for_linked("rel").pick, how.for_linked("other").pick) == (
        frozenset({"id", "rel"}),
        frozenset({"a"}),
        None,
    )


def test_omit_follows_into_linked_entities() -> None:
    """What stands in the braces is omitted from the targets; the relationship itself stays."""
    how = Representation.of(omit=projection("b,rel{a}"))

    assert (how.omit, how.for_linked("rel").omit) == (frozenset({"b"}), frozenset({"a"}))
