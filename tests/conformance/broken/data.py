"""Data that is wrong: in sample files and behind interfaces."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Sample, Target
from mimas.conformance.testing import broken_server, broken_target
from mimas.conformance.testing.serving import Forward

Entity = dict[str, Any]
Change = Callable[[Entity], Any]
RIGHT = {"ngsi-ld": "models", "openapi-rest": "rest-data", "ogcapi-features": "features-data"}
EVERYWHERE = "samples ngsi-ld openapi-rest"
LINKED = "samples ngsi-ld"
MINE = "https://town.example/terms/"
DEFAULT = "https://uri.etsi.org/ngsi-ld/default-context/"
JSON = {"Content-Type": "application/json"}


def fault(
    sentence: str,
    caught_by: str,
    change: Change,
    *,
    where: str = EVERYWHERE,
    must_catch: dict[str, str | tuple[str, ...]] | None = None,
    verdict: str = "fail",
) -> None:
    """Declare that the first measuring item is changed: in a sample, and on the way from an interface."""
    for mechanism in where.split():
        ids = [f"DATA.{each}@{mechanism}" for each in caught_by.split()]
        phrases = must_catch if mechanism == where.split()[0] else None
        if mechanism == "samples":
            declare = broken_target(right="samples", caught_by=ids, must_catch=phrases, verdict=verdict)
            declare(_named(_in_a_file(change), sentence, mechanism))
        else:
            right = RIGHT[mechanism]
            serve = broken_server(right=right, caught_by=ids, must_catch=phrases, verdict=verdict)
            serve(_named(_on_the_way(change), sentence, mechanism))


def _named(function: Any, sentence: str, mechanism: str) -> Any:
    words = re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    function.__name__ = f"data_{words}_{mechanism.replace('-', '_')}"
    function.__doc__ = sentence
    return function


def _in_a_file(change: Change) -> Callable[[Target, Path], Target]:
    def breaks(target: Target, folder: Path) -> Target:
        document = orjson.loads(target.samples[0].path.read_bytes())
        document["@graph"] = _changed(document["@graph"], change, document["@context"][0])
        path = folder / "air.json"
        path.write_text(json.dumps(document))
        return replace(target, samples=(Sample(path), *target.samples[1:]))

    return breaks


def _on_the_way(change: Change) -> Callable[[Received, Forward], Reply]:
    def breaks(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        if reply.status != 200 or not re.search(r"entities\?|/readings|/items", received.path):
            return reply
        body = reply.json()
        if isinstance(body, dict):
            return reply.with_json({**body, "features": _changed(body["features"], change, {})})
        return reply.with_json(_changed(body, change, {}))

    return breaks


def _changed(entities: list[Entity], change: Change, context: Entity) -> list[Entity]:
    for each in entities:
        if "temperature" in str(each) or each.get("type") == "Feature":
            found = change(_Short(each, context))
            return entities if found is None else found(entities)
    return entities


class _Short(dict):  # type: ignore[type-arg]
    """An entity whose attributes go by their short names, whatever the interface calls them."""

    def __init__(self, entity: Entity, context: Entity) -> None:
        self.entity, self.context = entity, context

    def _key(self, name: str) -> str:
        return next((each for each in self.entity if each.rpartition("/")[2] == name), name)

    def __getitem__(self, name: str) -> Any:
        return self.entity[self._key(name)]

    def __setitem__(self, name: str, value: Any) -> None:
        self.entity[self._key(name)] = value

    def pop(self, name: str) -> Any:
        return self.entity.pop(self._key(name))


def attribute(name: str = "temperature", **members: Any) -> Change:
    """Members of an attribute are others; None takes one away."""

    def change(entity: Entity) -> None:
        instance = entity[name]
        for member, value in members.items():
            instance.pop(member, None) if value is None else instance.update({member: value})

    return change


def more(**members: Any) -> Change:
    """The item has more members."""

    def change(entity: Entity) -> None:
        for name, value in members.items():
            entity[name] = value

    return change


def prop(value: Any, **members: Any) -> Entity:
    return {"type": "Property", "value": value, **members}


# -- units

fault(
    "Energy is labelled with a unit of power.",
    "units-fit",
    more(energy=prop(12.5, unitCode="KWT", observedAt="2026-03-31T08:00:00Z")),
    must_catch={"MIM2-R1.1c": "kWh value labelled KWT"},
)
fault(
    "A unit is free text.",
    "units-exist",
    attribute(unitCode="kwh"),
    must_catch={"MIM2-R1.1c": 'free-text unit "kwh"'},
)
fault("A unit is deleted from the list.", "units-exist", attribute(unitCode="1A"))
fault("A unit is deprecated.", "units-exist", more(power=prop(1.0, unitCode="K5")), verdict="warn")
fault("A temperature has the unit of a mass per length.", "units-fit", attribute(unitCode="KW"))
fault(
    "An energy has no unit.", "units-are-stated", more(energy=prop(12.5, observedAt="2026-03-31T08:00:00Z"))
)
fault(
    "A temperature is in Kelvin where the model has Celsius.",
    "units-are-the-schemas",
    attribute(unitCode="KEL"),
)

# -- times

fault(
    "A time has no zone.",
    "times-have-a-zone",
    attribute(observedAt="2026-03-31T08:00:00"),
    must_catch={"MIM2-R1.1d": "local time without zone"},
)
fault("A time has no seconds.", "times-have-a-zone", attribute(observedAt="2026-03-31T08:00Z"))
fault("A day does not exist.", "times-have-a-zone", attribute(observedAt="2026-02-30T08:00:00Z"))
fault(
    "A time is a count of milliseconds.",
    "times-are-no-counts",
    more(dateObserved=prop(1774944000000)),
    must_catch={"MIM2-R1.1d": "epoch in milliseconds"},
)
fault(
    "A measured value does not say when.",
    "measured-when",
    lambda entity: (attribute(observedAt=None)(entity), entity.pop("dateObserved"), None)[2],
)
fault("A clock was never set.", "times-are-past", attribute(observedAt="1970-01-01T00:00:07Z"))

# -- models

fault("A type has no schema.", "types-have-schemas", more(type="Bandstand"), where="samples ngsi-ld")
fault(
    "An attribute is a copy under a private name.",
    "models-are-standard",
    more(**{f"{MINE}pollution": prop(1)}),
    where=LINKED,
    verdict="warn",
)
fault(
    "A type is a copy of a standard one under a private name.",
    "models-are-standard",
    more(type=f"{MINE}NoiseLevelObserved"),
    where=LINKED,
    must_catch={"MIM2-R1.2a": "own copy of a standard type under a private IRI"},
)
fault(
    "A value is text where a number is due.",
    "items-are-valid",
    attribute(value="warm"),
    where="samples ngsi-ld",
)
fault(
    "A required attribute is missing.",
    "items-are-valid",
    lambda entity: (entity.pop("dateObserved"), None)[1],
    where="samples ngsi-ld",
)
fault("A field is not in the schema.", "no-unknown-fields", more(mood=prop("fine")))

# -- places

fault(
    "Latitude comes before longitude.",
    "places-lie-in-the-area",
    lambda entity: lambda all_: [_exchanged(each) for each in all_],
    where="ngsi-ld",
)
fault(
    "The places lie in the sea.",
    "places-lie-in-the-area",
    lambda entity: lambda all_: [_exchanged(each, [0.0, 0.0]) for each in all_],
    where=LINKED,
    verdict="warn",
)
fault(
    "Coordinates are metres.",
    "geometries-are-valid",
    attribute("location", value={"type": "Point", "coordinates": [-764429.0, -1033271.0]}),
    where=LINKED,
)
fault(
    "A polygon crosses itself.",
    "geometries-are-valid",
    attribute(
        "location", value={"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    ),
    where=LINKED,
)


@broken_target(right="samples", caught_by="DATA.places-lie-in-the-area@samples")
def data_offered_with_exchanged_axes(target: Target, folder: Path) -> Target:
    """In the only sample latitude comes before longitude."""
    entities = orjson.loads(target.samples[1].path.read_bytes())
    path = folder / "readings.json"
    path.write_text(json.dumps([_exchanged(each) for each in entities]))
    return replace(target, samples=(replace(target.samples[1], path=path),))


def _exchanged(entity: Entity, place: list[float] | None = None) -> Entity:
    if "location" not in entity:
        return entity
    coordinates = place or entity["location"]["value"]["coordinates"][::-1]
    return {
        **entity,
        "location": {"type": "GeoProperty", "value": {"type": "Point", "coordinates": coordinates}},
    }


# -- identifiers

fault("An id is a plain word.", "ids-are-uris", more(id="station"), where="samples openapi-rest")
fault(
    "An entity has no id.",
    "ids-are-uris",
    lambda entity: (entity.pop("id"), lambda all_: [*all_, {**all_[0], "id": "urn:x:1"}])[1],
    where="samples openapi-rest",
)
fault(
    "Two entities have one id.",
    "ids-are-unique",
    lambda entity: lambda all_: [*all_, dict(all_[0])],
    where="samples ngsi-ld ogcapi-features",
    must_catch={"MIM1-R1.1": "two entities with one id"},
)
fault(
    "An id is unique only in its table.",
    "ids-are-unique",
    lambda entity: lambda all_: [*all_, {**all_[0], "type": "Device"}],
    where=LINKED,
    must_catch={"MIM1-R1.1": "id only unique per table"},
)
fault(
    "An id holds the host and port of a server.",
    "ids-hold-nothing-volatile",
    more(id="urn:ngsi-ld:Device:localhost:1026:42"),
    where=LINKED,
    must_catch={"MIM1-M1-iri": "urn:ngsi-ld:Device:localhost:1026:42"},
)
fault(
    "An id is a key of MongoDB.",
    "ids-hold-nothing-volatile",
    more(id="urn:ngsi-ld:AirQualityObserved:507f1f77bcf86cd799439011"),
    where=LINKED,
    verdict="warn",
)
fault(
    "An id names another type.",
    "ids-name-their-type",
    more(id="urn:ngsi-ld:Sensor:square"),
    where=LINKED,
    must_catch={"MIM2-M1-urn": "type segment differs from type"},
    verdict="warn",
)
fault(
    "An id does not match the stated pattern.",
    "ids-match-the-policy",
    more(id="urn:ngsi-ld:AirQualityObserved:Square No 1"),
    where=LINKED,
    must_catch={"MIM2-2024-idtype": "ids not matching the stated pattern"},
)
fault(
    "Each import mints new ids.",
    "ids-last",
    lambda entity: (
        lambda all_: [
            {**each, "id": f"urn:uuid:1b4e28ba-2fa1-11d2-883f-0016d3cca42{number}"}
            for number, each in enumerate(all_)
        ]
    ),
    where="samples ngsi-ld ogcapi-features",
    must_catch={"MIM1-R1.5": "random UUID minted at each import"},
)
fault(
    "The place in the list is the id.",
    "ids-last",
    lambda entity: lambda all_: [{**each, "id": str(number)} for number, each in enumerate(all_)],
    where="ogcapi-features",
    must_catch={"MIM1-R1.5": "index used as identifier (the OASC MIM7 tool cannot see this)"},
)

# -- meaning

fault(
    "A type is in the default vocabulary.",
    "types-lead-somewhere",
    more(type=f"{DEFAULT}AirQualityObserved"),
    where=LINKED,
    must_catch={"MIM1-R2.1": "type expands to the default vocabulary"},
)
fault(
    "An attribute is in the default vocabulary.",
    "every-term-has-a-meaning",
    more(**{f"{DEFAULT}mood": prop(1)}),
    where=LINKED,
)
fault(
    "A reference is a text.",
    "relations-are-relations",
    more(refDevice=prop("urn:ngsi-ld:Device:station-1")),
    where=LINKED,
    must_catch={"MIM1-R3.1": "relation stored as plain string"},
)


def context(
    sentence: str,
    caught_by: str,
    change: Change,
    must_catch: dict[str, str] | None = None,
    verdict: str = "fail",
) -> None:
    """Declare that the @context of the sample is another."""

    def breaks(target: Target, folder: Path) -> Target:
        document = orjson.loads(target.samples[0].path.read_bytes())
        document["@context"] = change(document["@context"])
        path = folder / "air.json"
        path.write_text(json.dumps(document))
        return replace(target, samples=(Sample(path), *target.samples[1:]))

    ids = [f"DATA.{each}" for each in caught_by.split()]
    declare = broken_target(right="samples", caught_by=ids, must_catch=must_catch, verdict=verdict)
    declare(_named(breaks, sentence, "samples"))


def only(terms: Entity) -> Change:
    """The @context has no other terms, and no vocabulary."""
    return lambda parts: {"id": "@id", "type": "@type", **terms}


context(
    "The @context does not know a term, and no vocabulary catches it.",
    "every-term-has-a-meaning@samples",
    only({"AirQualityObserved": f"{MINE}A", "Device": f"{MINE}D"}),
    {"MIM1-R2.2": "term silently dropped in expansion"},
)
context(
    "A type bears the name of a Smart Data Model, and is another by the @context.",
    "schemas-are-of-the-type@samples",
    lambda parts: [{**parts[0], "AirQualityObserved": f"{MINE}AirQualityObserved"}, parts[1]],
    {"MIM2-R1.1a": "schema for another type of the same name"},
)
context(
    "Two terms are one IRI.",
    "no-two-terms-are-one@samples terms-mean-one-thing@samples",
    lambda parts: [{**parts[0], "no2": f"{MINE}value", "temperature": f"{MINE}value"}, parts[1]],
    {"MIM1-R2.2": "two terms map to one IRI"},
)
context(
    "The @context knows nothing of the data.",
    "json-ld-is-rdf",
    lambda parts: {"other": f"{MINE}other"},
    {"MIM2-2022-rdf": "expansion yields zero triples"},
)
context(
    "The @context is on a private machine.",
    "context-can-be-had@samples",
    lambda parts: [*parts, "http://10.1.2.3/context.jsonld"],
)


@broken_server(
    right="models",
    caught_by="DATA.context-can-be-had@ngsi-ld",
    must_catch={"MIM1-R2.1": "@context returns 404 to a client outside the network"},
)
def data_whose_context_is_gone(received: Received, forward: Forward) -> Reply:
    """The @context that the broker names is not there."""
    if received.path == "/gone.jsonld":
        return Reply(404)
    link = f'<http://{received.headers["host"]}/gone.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
    return forward(received).with_header("Link", link)


@broken_server(
    right="models",
    caught_by=("DATA.no-two-terms-are-one@ngsi-ld", "DATA.terms-mean-one-thing@ngsi-ld"),
)
def data_whose_context_maps_two_to_one(received: Received, forward: Forward) -> Reply:
    """The @context of the broker gives two attributes one IRI."""
    if received.path == "/two.jsonld":
        return Reply(
            200, b'{"@context": {"no2": "https://t.example/v", "temperature": "https://t.example/v"}}', JSON
        )
    link = f'<http://{received.headers["host"]}/two.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
    reply = forward(received)
    body = re.sub(rb"https://smartdatamodels.org/dataModel.Environment/(no2|temperature)", rb"\1", reply.body)
    return replace(reply, body=body).with_header("Link", link)


@broken_server(right="models", caught_by="DATA.schemas-are-of-the-type@ngsi-ld")
def data_of_a_type_that_only_has_a_known_name(received: Received, forward: Forward) -> Reply:
    """The type bears the name of a Smart Data Model, and is another by the broker's @context."""
    if received.path == "/own.jsonld":
        return Reply(
            200, b'{"@context": {"AirQualityObserved": "https://t.example/AirQualityObserved"}}', JSON
        )
    link = f'<http://{received.headers["host"]}/own.jsonld>; rel="http://www.w3.org/ns/json-ld#context"'
    reply = forward(received)
    if "entities?" not in received.path:
        return reply
    body = reply.body.replace(b"https://smartdatamodels.org/dataModel.Environment/AirQ", b"AirQ")
    return replace(reply, body=body).with_header("Link", link)


@broken_server(right="models", caught_by="DATA.json-ld-is-rdf.ngsi-ld")
def data_that_is_no_rdf(received: Received, forward: Forward) -> Reply:
    """Entities in JSON-LD come with an @context that knows nothing of them."""
    reply = forward(received)
    if "ld+json" not in received.headers.get("accept", "") or reply.status != 200:
        return reply
    return reply.with_json([{"@context": {"x": "https://t.example/x"}, "name": "Bob"} for _ in reply.json()])


@broken_server(
    right="models",
    caught_by="DATA.context-with-every-answer",
    must_catch={"MIM2-M1-context": "missing on error-free empty list"},
)
def data_without_context_in_an_empty_list(received: Received, forward: Forward) -> Reply:
    """An empty list does not name its @context."""
    reply = forward(received)
    return reply.with_header("link", None) if reply.body == b"[]" else reply


@broken_server(
    right="models",
    caught_by="DATA.own-terms-beside-standard-ones",
    must_catch={"MIM1-R3.2": "unknown attribute rejected or renamed"},
)
def data_with_foreign_attributes_renamed(received: Received, forward: Forward) -> Reply:
    """An attribute of a foreign namespace gets another name."""
    reply = forward(received)
    return replace(reply, body=reply.body.replace(b"https://example.org/mimas-check/shade", b"shade"))


@broken_server(
    right="models",
    caught_by="DATA.relations-lead-somewhere",
    must_catch={"MIM1-R3.1": "dangling targets"},
)
def data_with_a_dangling_relation(received: Received, forward: Forward) -> Reply:
    """The object of a relationship is not there."""
    return Reply(404, b"{}", JSON) if received.path.endswith("Device%3Astation-1") else forward(received)


@broken_server(
    right="models",
    caught_by="DATA.other-names-lead-back",
    must_catch={"MIM1-R1.4": "mapping one way only"},
)
def data_mapped_one_way(received: Received, forward: Forward) -> Reply:
    """The second identifier does not lead back."""
    reply = forward(received)
    if received.path.endswith("Device%3Asn-17"):
        return reply.with_json(
            {name: each for name, each in reply.json().items() if not name.endswith("sameAs")}
        )
    return reply


@broken_server(
    right="models",
    caught_by="DATA.other-names-lead-back",
    must_catch={"MIM1-R1.4": "mapping to a dead id"},
)
def data_mapped_to_a_dead_id(received: Received, forward: Forward) -> Reply:
    """The second identifier is not there."""
    return Reply(404, b"{}", JSON) if received.path.endswith("Device%3Asn-17") else forward(received)


@broken_server(
    right="registered",
    caught_by="DATA.registered-sources-answer",
    must_catch={"MIM1-R1.3": "only works with hard-coded URLs"},
)
def data_registered_at_a_wrong_place(received: Received, forward: Forward) -> Reply:
    """The registration names an endpoint that answers nothing; one must know the real one."""
    return Reply(404, b"{}", JSON) if received.path.startswith("/other/") else forward(received)


@broken_server(right="models", caught_by="DATA.clock-change-day")
def data_in_local_time(received: Received, forward: Forward) -> Reply:
    """The second hour of the night when summer time ends comes back as the first."""
    reply = forward(received)
    return replace(reply, body=reply.body.replace(b"2026-10-25T01:30", b"2026-10-25T00:30"))


# -- formats


@broken_server(right="models", caught_by="NGSI-LD.6.3.4.entities-in-an-open-format")
def data_in_a_binary_format(received: Received, forward: Forward) -> Reply:
    """Entities come as something proprietary."""
    reply = forward(received)
    return (
        reply.with_header("content-type", "application/x-proprietary")
        if "entities?" in received.path and "limit=1" in received.path
        else reply
    )


@broken_server(right="rest-data", caught_by="DATA.open-format.rest")
def data_listed_in_a_binary_format(received: Received, forward: Forward) -> Reply:
    """The list comes as something proprietary."""
    if received.path == "/readings":
        return Reply(200, b"\x00\x01", {"Content-Type": "application/x-proprietary"})
    return forward(received)


@broken_target(
    right="samples",
    caught_by="DATA.open-format",
    must_catch={"MIM2-R3.1": "proprietary binary only"},
)
def data_offered_in_a_binary_format(target: Target, folder: Path) -> Target:
    """The only sample is a file nobody else can read."""
    path = folder / "export.dwg"
    path.write_bytes(b"AC1032\x00\x01")
    return replace(target, samples=(Sample(path),))


@broken_server(
    right="models",
    caught_by="NGSI-LD.4.5.forms-carry-the-same",
    must_catch={"MIM2-R3.3": "GeoJSON drops relationships"},
)
def data_whose_geojson_drops_relationships(received: Received, forward: Forward) -> Reply:
    """In the GeoJSON form relationships are missing."""
    reply = forward(received)
    if received.headers.get("accept") != "application/geo+json" or reply.status != 200:
        return reply
    body = reply.json()
    kept = {name: each for name, each in body["properties"].items() if "refDevice" not in name}
    return reply.with_json({**body, "properties": kept})


def _with_csv(target: Target, folder: Path, old: str, new: str) -> Target:
    samples = []
    for each in target.samples[1:]:
        path = folder / each.path.name
        path.write_text(
            each.path.read_text().replace(old, new) if path.suffix == ".csv" else each.path.read_text()
        )
        samples.append(replace(each, path=path))
    return replace(target, samples=tuple(samples))


@broken_target(
    right="samples", caught_by="DATA.formats-carry-the-same", must_catch={"MIM2-R3.3": "CSV rounds numbers"}
)
def data_rounded_in_csv(target: Target, folder: Path) -> Target:
    """The CSV rounds its numbers."""
    return _with_csv(target, folder, "21.5", "22")


@broken_target(
    right="samples",
    caught_by="DATA.no-unit-is-lost",
    must_catch={"MIM2-R3.3": "keyValues loses units undeclared"},
)
def data_without_units_in_key_values(target: Target, folder: Path) -> Target:
    """The key-values form has no unit, and its schema fixes none."""
    document = orjson.loads(target.samples[1].path.read_bytes())
    document[0]["salt"] = prop(3.5, unitCode="GQ")
    rich, plain = folder / "readings.json", folder / "readings.keyvalues.json"
    rich.write_text(json.dumps(document))
    plain.write_text(json.dumps([{"id": document[0]["id"], "type": "AirQualityObserved", "salt": 3.5}]))
    return replace(target, samples=(replace(target.samples[1], path=rich), Sample(plain)))


@broken_target(
    right="samples",
    caught_by="DATA.no-unknown-fields@samples",
    must_catch={"MIM2-R3.2": "undocumented columns in CSV"},
)
def data_with_an_undocumented_column(target: Target, folder: Path) -> Target:
    """The CSV has a column that no schema describes."""
    changed = _with_csv(target, folder, "id,type,no2", "id,type,x1,no2")
    path = changed.samples[-1].path
    path.write_text(path.read_text().replace("AirQualityObserved,21.5", "AirQualityObserved,7,21.5"))
    return changed


# -- documents


def document(sentence: str, name: str, caught_by: str, change: Callable[[Any], Any], **more_: Any) -> None:
    """Declare that one offered document says something else; None takes it away."""

    def breaks(target: Target, folder: Path) -> Target:
        old = Path(target.documents[name])
        text = old.read_text()
        new = change(orjson.loads(text) if old.suffix == ".json" else text)
        if new is None:
            return replace(
                target, documents={each: at for each, at in target.documents.items() if each != name}
            )
        path = folder / old.name
        path.write_text(new if isinstance(new, str) else json.dumps(new))
        return replace(target, documents={**target.documents, name: str(path)})

    declare = broken_target(right="samples", caught_by=caught_by.split(), **more_)
    declare(_named(breaks, sentence, "documents"))


def _with_property(name: str, **members: Any) -> Change:
    return lambda schema: {**schema, "properties": {**schema["properties"], name: members}}


document(
    "A description is blank.",
    "schema-Tree",
    "DATA.schemas-are-described",
    _with_property("height", type="number", description=" "),
    must_catch={"MIM2-R1.1b": "blank descriptions"},
)
document(
    "A description repeats the name.",
    "schema-Tree",
    "DATA.schemas-are-described",
    _with_property("height", description="Height"),
)
document(
    "A profile makes a base attribute another type.",
    "profile-Device",
    "DATA.profiles-extend",
    lambda schema: {**schema, "properties": {"serialNumber": {"type": "integer", "description": "x"}}},
    must_catch={"MIM2-R1.2b": "redefines a base attribute with another type"},
)
document(
    "A profile stands alone.",
    "profile-Device",
    "DATA.profiles-extend DATA.profiles-are-documented",
    lambda schema: {**schema, "allOf": schema["allOf"][1:]},
)
document("A profile has no changelog.", "changelog-Device", "DATA.profiles-are-documented", lambda _: None)
document(
    "The example of a model is not valid.",
    "example-Tree",
    "DATA.model-artefacts",
    lambda example: {**example, "height": "tall"},
    must_catch={"MIM2-M1-artefacts": "example invalid"},
)
document("A model has no specification.", "specification-Tree", "DATA.model-artefacts", lambda _: None)
document(
    "The @context does not know a term of the example.",
    "context",
    "DATA.model-artefacts",
    lambda text: text.replace('"species"', '"spezies"'),
)
document(
    "The identifier policy does not say what becomes of retired ids.",
    "identifier-policy",
    "DATA.ids-have-a-policy",
    lambda text: text.replace("retirement:", "other:"),
)
document(
    "The identifier policy is a letter.",
    "identifier-policy",
    "DATA.ids-have-a-policy",
    lambda _: "Dear reader",
    verdict="error",
)
document(
    "A field of the source is dropped silently.",
    "mapping",
    "DATA.mapping-drops-nothing",
    lambda text: text.replace("unmapped: [firmware, station]", ""),
    must_catch={"MIM2-R2.1": "field dropped silently"},
)
document(
    "A number comes over without conversion.",
    "mapping-output",
    "DATA.mapping-converts-units",
    lambda item: {**item, "no2": prop(0.0215, unitCode="GQ")},
    must_catch={"MIM2-R2.1": "unit not converted"},
)
document(
    "What the mapping makes is not valid.",
    "mapping-output",
    "DATA.mapping-gives-valid-items",
    lambda item: {**item, "no2": prop("much")},
)
document("The rulebook is a title.", "rulebook", "DOCUMENT.rulebook", lambda _: "# Rulebook")
document(
    "No change of the rulebook has a date.",
    "rulebook-changes",
    "DOCUMENT.rulebook-changes",
    lambda text: re.sub(r"\d{4}-\d\d-\d\d", "lately", text),
)


# -- schemas


def _with_schema(target: Target, folder: Path, schema: Any) -> Target:
    path = folder / "schema.json"
    path.write_text(json.dumps(schema))
    return replace(target, samples=(replace(target.samples[0], model=str(path)),))


@broken_target(
    right="samples",
    caught_by="DATA.schemas-refuse-something@samples",
    must_catch={"MIM2-R3.4": "schema allows anything"},
)
def data_with_a_schema_that_allows_anything(target: Target, folder: Path) -> Target:
    """The schema allows anything."""
    return _with_schema(target, folder, {"type": "object", "properties": {"no2": {}}})


@broken_target(
    right="samples",
    caught_by="DATA.items-are-valid@samples",
    must_catch={"MIM2-R3.4": "unresolvable $ref treated as pass"},
    verdict="error",
)
def data_with_a_schema_that_refers_to_nothing(target: Target, folder: Path) -> Target:
    """The schema refers to a file that is not there."""
    return _with_schema(target, folder, {"allOf": [{"$ref": "http://127.0.0.1:9/common-schema.json"}]})


@broken_target(right="samples", caught_by="DATA.items-are-valid@samples", verdict="error")
def data_with_a_schema_that_never_ends(target: Target, folder: Path) -> Target:
    """The schema has a pattern that would run for years."""
    return _with_schema(target, folder, {"properties": {"id": {"pattern": "^(a+)+$"}}})


@broken_target(right="samples", caught_by="DATA.schemas-are-of-the-type@samples")
def data_with_the_schema_of_another_type(target: Target, folder: Path) -> Target:
    """The sample's schema is of another type."""
    return _with_schema(target, folder, {"properties": {"type": {"enum": ["NoiseLevelObserved"]}}})


@broken_target(
    right="samples",
    caught_by="DATA.profiles-keep-the-base@samples",
    must_catch={"MIM2-R4.1": "profile makes an optional field of other type"},
)
def data_of_a_profile_against_the_base(target: Target, folder: Path) -> Target:
    """What the profile allows the base refuses."""
    document_ = orjson.loads(target.samples[0].path.read_bytes())
    document_["@graph"][2]["rssi"] = prop("strong")
    path, profile = folder / "air.json", folder / "profile.json"
    path.write_text(json.dumps(document_))
    profile.write_text('{"properties": {"rssi": {"type": "string"}}}')
    documents = {**target.documents, "profile-Device": str(profile)}
    return replace(target, samples=(Sample(path), *target.samples[1:]), documents=documents)


@broken_server(right="models", caught_by="DATA.profiles-keep-the-base@ngsi-ld")
def served_data_of_a_profile_against_the_base(received: Received, forward: Forward) -> Reply:
    """The broker serves what the profile allows and the base refuses."""
    reply = forward(received)
    return replace(
        reply,
        body=reply.body.replace(b'"value":["sensor"]', b'"value":["spaceship"]').replace(
            b'"value": ["sensor"]', b'"value": ["spaceship"]'
        ),
    )


# -- what only REST or features have


def served(sentence: str, caught_by: str, place: str, change: Change, right: str, **more_: Any) -> None:
    """Declare that one document of an interface says something else."""

    def breaks(received: Received, forward: Forward) -> Reply:
        reply = forward(received)
        return reply.with_json(change(reply.json())) if received.path.partition("?")[0] == place else reply

    broken_server(right=right, caught_by=caught_by.split(), **more_)(_named(breaks, sentence, right))


def _reading(**members: Any) -> Change:
    def change(api: Entity) -> Entity:
        reading = api["components"]["schemas"]["Reading"]
        reading.update(members)
        return api

    return change


REST = {"right": "rest-data"}
served(
    "The API describes no answers.",
    "DATA.types-have-schemas@openapi-rest",
    "/openapi.json",
    lambda api: {**api, "paths": {"/readings": {"get": {}}}},
    **REST,
)
served(
    "The API describes another type.",
    "DATA.schemas-are-of-the-type@openapi-rest",
    "/openapi.json",
    _reading(properties={"type": {"const": "Receipt"}}),
    **REST,
)
served(
    "The API describes no property in words.",
    "DATA.schemas-are-described@openapi-rest",
    "/openapi.json",
    _reading(properties={"id": {"type": "string"}, "type": {"const": "Reading"}}),
    **REST,
)
served(
    "The API's schema allows anything.",
    "DATA.schemas-refuse-something@openapi-rest",
    "/openapi.json",
    lambda api: {**api, "components": {"schemas": {"Reading": {}}}},
    **REST,
)
served(
    "What the API lists is not valid.",
    "DATA.items-are-valid@openapi-rest",
    "/readings",
    lambda items: [{"id": "urn:x:1", "type": "Reading"}],
    **REST,
)
FEATURES = {"right": "features-data"}
ITEMS = "/collections/trees/items"
served(
    "A collection has no schema.",
    "DATA.types-have-schemas@ogcapi-features",
    "/collections/trees/items",
    lambda body: {
        **body,
        "features": [{**each, "properties": {"type": "Bandstand"}} for each in body["features"]],
    },
    **FEATURES,
)


@broken_target(right="features-data", caught_by="DATA.schemas-are-of-the-type@ogcapi-features")
def features_with_the_schema_of_another_type(target: Target, folder: Path) -> Target:
    """The schema of a collection is of another type."""
    path = folder / "schema.json"
    path.write_text('{"properties": {"type": {"const": "forests"}}}')
    return replace(target, documents={"schema-trees": str(path)})


served(
    "A feature is not valid.",
    "DATA.items-are-valid@ogcapi-features",
    ITEMS,
    lambda body: {**body, "features": [{**each, "properties": {}} for each in body["features"]]},
    **FEATURES,
)
served(
    "A feature has a property nobody describes.",
    "DATA.no-unknown-fields@ogcapi-features",
    ITEMS,
    lambda body: {
        **body,
        "features": [{**each, "properties": {"species": "x", "mood": 1}} for each in body["features"]],
    },
    **FEATURES,
)


@broken_server(right="datastreams", caught_by="DATA.units-are-stated@sensorthings")
def datastream_without_a_unit(received: Received, forward: Forward) -> Reply:
    """A Datastream has no unit of measurement."""
    reply = forward(received)
    return replace(reply, body=reply.body.replace(b"unitOfMeasurement", b"unit"))


@broken_server(right="datastreams", caught_by="DATA.open-format.sensorthings")
def observations_in_a_binary_format(received: Received, forward: Forward) -> Reply:
    """Observations come as something proprietary."""
    reply = forward(received)
    return reply.with_header("content-type", "application/x-p") if "Observations" in received.path else reply


@broken_server(right="features-data", caught_by="DATA.open-format.features")
def features_in_a_binary_format(received: Received, forward: Forward) -> Reply:
    """Features come as something proprietary."""
    return (
        Reply(200, b"\x00\x01", {"Content-Type": "application/x-p"})
        if "/items" in received.path
        else forward(received)
    )


@broken_server(right="marketplace", caught_by="TMF.apis-answer", verdict="warn")
def marketplace_without_parties(received: Received, forward: Forward) -> Reply:
    """There is no API for parties."""
    return Reply(404, b"{}", JSON) if "/party/" in received.path else forward(received)
