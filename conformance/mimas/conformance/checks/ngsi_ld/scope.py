"""Scopes and scope queries (clauses 4.18 and 4.19)."""

from __future__ import annotations

from .broker import Broker, Entity, equal, ngsi_ld, present, prop, refused

WRITE = {"write"}


def _three(broker: Broker) -> tuple[Entity, Entity, Entity]:
    """Entities in /A, in /A/B/C and in no scope."""
    top = broker.create(scope="/A", level=prop(1))
    deep = broker.create(scope=["/A/B/C", "/X/B"], level=prop(2))
    return top, deep, broker.create(level=prop(3))


@ngsi_ld("4.18", "scope-comes-back", "MIM1X-05", needs=WRITE)
def scope_comes_back(broker: Broker) -> None:
    """The scope of an entity comes back with it."""
    entity = broker.create(scope=["/A/B", "/C"])
    scope = present("scope", broker.stored(entity), "The entity")
    equal(sorted(scope if isinstance(scope, list) else [scope]), ["/A/B", "/C"], "The scope")


@ngsi_ld("4.18", "bad-scope-is-400", "MIM1X-05", level="MAY", needs=WRITE)
def bad_scope(broker: Broker) -> None:
    """A scope with an empty level, or one that does not begin with a letter, is answered 400."""
    for wrong in ("/A//B", "/1A"):
        refused(broker.try_to_create(broker.entity(scope=wrong)))


@ngsi_ld("4.19", "exact-scope", "MIM1X-05", needs=WRITE)
def exact_scope(broker: Broker) -> None:
    """scopeQ=/A finds what is in /A, not what is below."""
    top, _, _ = _three(broker)
    broker.expect_found({"scopeQ": "/A"}, [top])


@ngsi_ld("4.19", "scope-and-below", "MIM1X-05", needs=WRITE)
def scope_and_below(broker: Broker) -> None:
    """scopeQ=/A/# finds what is in /A and below."""
    top, deep, _ = _three(broker)
    broker.expect_found({"scopeQ": "/A/#"}, [top, deep])


@ngsi_ld("4.19", "any-scope", "MIM1X-05", needs=WRITE)
def any_scope(broker: Broker) -> None:
    """scopeQ=/# finds what has a scope at all."""
    top, deep, _ = _three(broker)
    broker.expect_found({"scopeQ": "/#"}, [top, deep])


@ngsi_ld("4.19", "one-level", "MIM1X-05", needs=WRITE)
def one_level(broker: Broker) -> None:
    """+ in a scopeQ stands for exactly one level."""
    _, deep, _ = _three(broker)
    broker.expect_found({"scopeQ": "/A/+/C"}, [deep])
    broker.expect_found({"scopeQ": "/A/+"}, [])


@ngsi_ld("4.19", "either-scope", "MIM1X-05", needs=WRITE)
def either_scope(broker: Broker) -> None:
    """A comma in a scopeQ means either of the scopes."""
    top, deep, _ = _three(broker)
    broker.expect_found({"scopeQ": "/A,/X/B"}, [top, deep])


@ngsi_ld("4.19", "both-scopes", "MIM1X-05", needs=WRITE)
def both_scopes(broker: Broker) -> None:
    """Scopes joined by ; in parentheses must both be there."""
    _, deep, _ = _three(broker)
    broker.expect_found({"scopeQ": "(/A/B/C;/X/B)"}, [deep])
    broker.expect_found({"scopeQ": "(/A;/X/B)"}, [])
