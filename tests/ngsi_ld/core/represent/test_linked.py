"""Linked entities, inline and flat (CIM 009 4.5.23)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mimas.ngsi_ld.core.context.term_map import TermMap
from mimas.ngsi_ld.core.query.projection import parse_projection
from mimas.ngsi_ld.core.represent import (
    Representation,
    embed,
    flatten,
    linked_ids,
    next_level,
)
from mimas.ngsi_ld.core.state import Document, EntityState

NOW = datetime(2025, 1, 1, tzinfo=UTC)
CORE = TermMap()
A, B, C = "urn:x:a", "urn:x:b", "urn:x:c"


def rel(target: Any) -> Document:
    """A Relationship."""
    return {"type": "Relationship", "object": target}


def state(entity_id: str, **attributes: Document) -> EntityState:
    """An entity."""
    return EntityState({"id": entity_id, "type": "T", **attributes}, NOW, NOW)


STORE = {
    A: state(A, next=rel(B), many=rel([B, C, "urn:x:unknown"])),
    B: state(B, next=rel(C), name={"type": "Property", "value": "b"}),
    C: state(C, next=rel(A)),
}


def shown(how: Representation, level: int, contained_by: frozenset[str] = frozenset()) -> Document:
    """The first entity with what it links to."""
    return embed(STORE[A], how, CORE, STORE, level, contained_by)


def test_linked_ids() -> None:
    """The targets of all relationships that are shown, lists included."""
    document = state(A, one=rel(B), list={"type": "ListRelationship", "objectList": [{"object": C}]}).document

    assert linked_ids(document, Representation()) == {B: "one", C: "list"}


def test_linked_ids_follow_the_projection() -> None:
    """A relationship that is not shown leads nowhere."""
    assert linked_ids(STORE[A].document, Representation(pick=frozenset({"next"}))) == {B: "next"}


def test_next_level_names_what_nobody_has_seen() -> None:
    """What was fetched or excluded before is not asked for again."""
    wanted = next_level([(STORE[A].document, Representation())], {A, C})

    assert set(wanted) == {B, "urn:x:unknown"}


@pytest.mark.parametrize(
    ("level", "entity"),
    [
        (0, None),
        (1, {"id": B, "type": "T", "next": rel(C), "name": {"type": "Property", "value": "b"}}),
        (
            3,
            {
                "id": B,
                "type": "T",
                "next": {**rel(C), "entity": {"id": C, "type": "T", "next": rel(A)}},
                "name": {"type": "Property", "value": "b"},
            },
        ),
    ],
)
def test_inline(level: int, entity: Document | None) -> None:
    """As deep as joinLevel says, and never in a circle."""
    assert shown(Representation(), level)["next"].get("entity") == entity


def test_inline_of_several_targets() -> None:
    """An array of those that are known."""
    assert [each["id"] for each in shown(Representation(), 1)["many"]["entity"]] == [B, C]


def test_inline_of_a_list() -> None:
    """A ListRelationship gets entityList, in its order."""
    route = {"type": "ListRelationship", "objectList": [{"object": C}, {"object": B}]}
    document = embed(state("urn:x:r", route=route), Representation(), CORE, STORE, 1)

    assert [each["id"] for each in document["route"]["entityList"]] == [C, B]


def test_inline_simplified() -> None:
    """The entity takes the place of its URI; what is not known stays a URI (4.5.4)."""
    document = shown(Representation(format="simplified"), 1)

    assert (document["next"], document["many"][2]) == (
        {"id": B, "type": "T", "next": C, "name": "b"},
        "urn:x:unknown",
    )


def test_inline_concise() -> None:
    """A concise Relationship has its entity beside the object."""
    assert shown(Representation(format="concise"), 1)["next"] == {
        "object": B,
        "entity": {"id": B, "type": "T", "next": {"object": C}, "name": "b"},
    }


def test_contained_by_is_not_entered() -> None:
    """Ids that were met before stay URIs (containedBy)."""
    assert shown(Representation(), 1, frozenset({B}))["next"] == rel(B)


def test_linked_projection() -> None:
    """`next{name}` picks of the target."""
    how = Representation.of(pick=parse_projection("next{name}", "pick", str))

    assert shown(how, 1) == {"next": {**rel(B), "entity": {"name": {"type": "Property", "value": "b"}}}}


def test_flat() -> None:
    """Linking entities first, then the linked ones, each once (4.5.23.3)."""
    how = Representation(format="simplified")
    documents = flatten([(STORE[A], how)], [(STORE[B], how), (STORE[A], how), (STORE[C], how)], CORE)

    assert [each["id"] for each in documents] == [A, B, C]
