"""Identifiers of features: there, unique, lasting, and those of the entities."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ...geodata.features import Feature, expect_same_ids, expect_unique_ids, harvest_note
from ...geodata.linked import entity_of, expect_entity, expect_same_place
from ...verdicts import Failure, Warn
from .service import STANDARD, Service, features

IDS = "MIM7-R4.1"
_INSPIRE = re.compile(r'"(?:[A-Za-z]+:)?namespace": ?"[A-Za-z0-9_.:/-]+"')


@features("ids.unique", IDS, "INSPIRE D2.5, 14; OGC 17-069r4, 7.16")
def unique(service: Service) -> None:
    """Every feature has an id, and no id stands on two features of a collection."""
    for _, several in service.harvests():
        expect_unique_ids(several)


@features("ids.persistent", IDS, "INSPIRE D2.5, 14", needs={"baseline"})
def persistent(service: Service) -> None:
    """Features have the ids that they had in the earlier run."""
    found = {str(collection["id"]): harvest_note(several) for collection, several in service.harvests()}
    service.probe.note("features", found)
    earlier = service.probe.earlier("features")
    for name, ids in found.items():
        expect_same_ids(earlier.get(name, {}), ids)


@features("ids.uri-or-inspire", "MIM7-2022-2", "W3C DWBP, 9; INSPIRE D2.5, 14")
def pattern(service: Service) -> None:
    """Ids are URIs, or INSPIRE ids of a namespace and a local id."""
    for collection, several in service.samples():
        for each in several:
            if not _is_lasting(each):
                raise Warn(
                    f"{each.name} of {collection['id']!r} has an id that is unique in this service only.",
                    mend="Use a URI as id, or add an INSPIRE id (namespace and localId).",
                )


def _is_lasting(feature: Feature) -> bool:
    is_uri = feature.id is not None and bool(urlsplit(feature.id).scheme)
    return is_uri or bool(feature.inspire_id and _INSPIRE.search(feature.inspire_id))


@features("ids.are-entities", (IDS, "MIM7-R3.1"), "MIMs Plus 9.0, MIM7 R4.1, R3.1")
def are_entities(service: Service) -> None:
    """The id of a feature is the id of an NGSI-LD entity, or a property of it names one."""
    for collection, several in service.samples():
        feature = several[0]
        if not expect_entity(service.probe, feature):
            raise Failure(
                f"{feature.name} of {collection['id']!r} is no entity at the NGSI-LD interface, "
                "and names none.",
                mend="Use the entity's id as the feature's id, or give it in a property.",
            )


@features("ids.entity-lies-there", "MIM7-D03", f"{STANDARD}, 7.16; ETSI GS CIM 009, 4.7", level="SHOULD")
def entity_lies_there(service: Service) -> None:
    """A feature and its NGSI-LD entity have the same geometry, to a millionth of a degree."""
    for _, several in service.samples():
        for feature in several[:3]:
            expect_same_place(feature, entity_of(service.probe, feature))
