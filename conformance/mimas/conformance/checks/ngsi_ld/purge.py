"""Purge Entities (clause 5.6.21, new in V1.9), an optional part; tried only where it can harm nobody."""

from __future__ import annotations

from ...answer import Answer
from ...verdicts import NotTested
from .broker import Broker, Query, absent, equal, ngsi_ld, offered, present, prop, refused

WRITE = {"write"}


def _purge(broker: Broker, query: Query) -> Answer:
    """DELETE of a selection; never without the check's own type, and only in a tenant made for tests."""
    if broker.probe.target.writes != "test-tenant" and not broker.probe.option("purge"):
        raise NotTested("Purging is tried only in a test tenant, or where the option `purge` allows it.")
    answer = broker.call("DELETE", "/entities", {"type": broker.type, **query})
    return offered(answer, "Purging")


@ngsi_ld("5.6.21", "purge-deletes-the-selection", "MIM1X-09", level="SHOULD", needs=WRITE)
def purge_deletes(broker: Broker) -> None:
    """Purging by type and q answers 204 and deletes what fits, nothing else."""
    broker.create(level=prop(1))
    kept = broker.create(level=prop(9))
    _purge(broker, {"q": "level<5"}).expect(204)
    broker.expect_found({}, [kept])


@ngsi_ld("5.6.21", "purge-of-nothing-is-204", "MIM1X-09", level="SHOULD", needs=WRITE)
def purge_of_nothing(broker: Broker) -> None:
    """Purging what is not there answers 204."""
    _purge(broker, {}).expect(204)


@ngsi_ld("5.6.21", "purge-drops-attributes", "MIM1X-09", level="SHOULD", needs=WRITE)
def purge_drops(broker: Broker) -> None:
    """Purging with drop deletes these attributes and keeps the entity."""
    entity = broker.create(level=prop(1), name=prop("x"))
    _purge(broker, {"drop": "level"}).expect(204)
    found = broker.stored(entity)
    absent("level", found, "After drop=level the entity")
    present("name", found, "After drop=level the entity")


@ngsi_ld("5.6.21", "purge-keeps-attributes", "MIM1X-09", level="SHOULD", needs=WRITE)
def purge_keeps(broker: Broker) -> None:
    """Purging with keep deletes the other attributes and keeps the entity."""
    entity = broker.create(level=prop(1), name=prop("x"))
    _purge(broker, {"keep": "level"}).expect(204)
    found = broker.stored(entity)
    equal(sorted(set(found) & {"level", "name"}), ["level"], "The attributes after keep=level")


@ngsi_ld("5.6.21", "purge-checks-q", "MIM1X-09", level="SHOULD", needs=WRITE)
def purge_checks_q(broker: Broker) -> None:
    """Purging with a q that does not follow the grammar is answered 400 and deletes nothing."""
    entity = broker.create(level=prop(1))
    refused(_purge(broker, {"q": "level=="}))
    broker.expect_found({}, [entity])
