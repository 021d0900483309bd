"""The way from a feature to its NGSI-LD entity, for targets that claim both interfaces."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, urlsplit

from ..probe import Probe
from ..verdicts import CheckError, Failure, NotTested
from .features import Feature
from .geometry import are_equal

TOLERANCE = 1e-6
_Entity = dict[str, Any]


def entity_of(probe: Probe, feature: Feature) -> _Entity:
    """The entity whose id is the feature's, or stands in a property of it; NotTested when there is none."""
    found = _entity(probe, feature)
    if found is None:
        raise NotTested(f"{feature.name.capitalize()} is no entity at the NGSI-LD interface, and names none.")
    return found


def expect_entity(probe: Probe, feature: Feature) -> bool:
    """Whether the feature leads to an entity; one that is not as NGSI-LD asks is Failure."""
    entity = _entity(probe, feature)
    if entity is None:
        return False
    if not isinstance(entity.get("type"), str | list) or not any(map(_is_attribute, entity.values())):
        raise Failure(
            f"{feature.name.capitalize()} leads to something without a type or without attributes "
            "(ETSI GS CIM 009, 5.2.4)."
        )
    return True


def expect_same_place(feature: Feature, entity: _Entity) -> None:
    """The entity's `location` (or its only GeoProperty) has the feature's geometry; otherwise Failure."""
    places = {
        name: each for name, each in entity.items() if _is_attribute(each) and each["type"] == "GeoProperty"
    }
    name = "location" if "location" in places else next(iter(places), None)
    if name is None:
        raise NotTested(f"The entity of {feature.name} has no GeoProperty.")
    if not are_equal(places[name].get("value"), feature.geometry, TOLERANCE):
        raise Failure(
            f"`{name}` of the entity of {feature.name} is {str(places[name].get('value'))[:120]}, "
            f"the feature lies at {str(feature.geometry)[:120]}.",
            mend="Serve both from one source, so that an update shows in both.",
        )


def _is_attribute(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("type"), str)


def _entity(probe: Probe, feature: Feature) -> _Entity | None:
    for name in _candidates(feature):
        answer = _asked(probe, name)
        if answer is not None:
            if answer.get("id") != name:
                raise Failure(f"The entity {name!r} is given with the id {answer.get('id')!r}.")
            return answer
    return None


def _candidates(feature: Feature) -> list[str]:
    """The feature's id, then what looks like a URI in its properties."""
    values = [feature.id, *feature.properties.values()]
    return [each for each in values if isinstance(each, str) and _is_id(each)][:5]


def _is_id(text: str) -> bool:
    return urlsplit(text).scheme in ("urn", "http", "https")


def _asked(probe: Probe, name: str) -> _Entity | None:
    """The entity of this id; None where there is none."""
    interface = probe.target.interfaces.get("ngsi-ld")
    if interface is None:
        raise NotTested(
            "The target claims no ngsi-ld interface, where the entities of the features would be."
        )
    tenant = {"NGSILD_Tenant": probe.target.tenant} if probe.target.tenant else {}
    url = f"{interface.url}/ngsi-ld/v1/entities/{quote(name, safe='')}"
    answer = probe.read(url, Accept="application/json", **tenant)
    if answer.status in (400, 404):
        return None
    if answer.status != 200:
        raise CheckError(f"The entity {name!r} cannot be read: {answer}.")
    return answer.json_object()
