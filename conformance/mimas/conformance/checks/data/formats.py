"""Formats: open ones, and the same information in each (MIM2 R3.1, R3.3)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException

from ...probe import Probe
from ...rdf import parse_graph
from ...target import Sample
from ...verdicts import Failure, NotTested, fail_if_any
from ..declaration import check
from ..ngsi_ld.broker import GEO_JSON, Broker, ngsi_ld, path_to
from .instants import is_instant, parse_instant
from .items import Item, items_of_json
from .schemas import fixed_unit, schema_of
from .sources import JSON, LD_JSON, entity_types, items_of_sample, listing_paths, sample_kind

OPEN_TYPES = frozenset(
    {JSON, LD_JSON, GEO_JSON, "text/csv", "text/turtle", "application/gml+xml", "application/xml", "text/xml",
     "application/rdf+xml", "application/n-triples"}
)  # fmt: skip
_RDF = {"ttl": "text/turtle", "nt": "application/n-triples", "rdf": "application/rdf+xml"}
_XML = ("gml", "xml", "kml")
CLAUSE = "IANA media types"


@check("DATA.open-format", requirement="MIM2-R3.1", mechanism="samples", clause=CLAUSE, needs={"samples"})
def samples_in_an_open_format(probe: Probe) -> None:
    """At least one sample is JSON, GeoJSON, CSV, GML or RDF, and can be read by an independent library."""
    read = [each.path.name for each in probe.sample_files() if _reads(probe, each)]
    if not read:
        names = [each.path.name for each in probe.sample_files()]
        raise Failure(
            f"No sample is in an open format: {names}.", mend="Offer JSON, GeoJSON, CSV, GML or Turtle."
        )
    probe.note("read", read)


@check("DATA.open-format.rest", requirement="MIM2-R3.1", mechanism="openapi-rest", clause=CLAUSE)
def served_in_an_open_format(probe: Probe) -> None:
    """What the API lists comes in an open format, labelled as such, and can be read."""
    found = []
    for path in listing_paths(probe):
        answer = probe.read(path, Accept=f"{JSON}, text/csv;q=0.5, */*;q=0.1")
        if answer.status == 200:
            found.append(f"{path}: {answer.media_type or 'no media type'}")
            if answer.media_type in OPEN_TYPES or answer.media_type.endswith("+json"):
                if "json" in answer.media_type:
                    answer.json()
                return
    if not found:
        raise NotTested("Nothing that the API lists could be read without parameters.")
    raise Failure(
        f"All in other formats: {'; '.join(found)}.", mend="Serve JSON, GeoJSON, CSV, GML or Turtle."
    )


@ngsi_ld("6.3.4", "entities-in-an-open-format", "MIM2-R3.1")
def entities_in_an_open_format(broker: Broker) -> None:
    """Entities come as JSON that an independent library reads."""
    query: dict[str, str | int] = {"type": broker.sample()["_asked"], "limit": 1}
    answer = broker.get("/entities", query).expect(200)
    if answer.media_type not in (JSON, LD_JSON):
        raise Failure(f"{answer} as {answer.media_type}.", mend="Serve entities as JSON.")
    answer.json_array()


@ngsi_ld("4.5", "forms-carry-the-same", "MIM2-R3.3")
def forms_carry_the_same(broker: Broker) -> None:
    """Normalized, simplified and GeoJSON form of an entity hold the same values, relationships included."""
    faults: list[str] = []
    seen = 0
    for name in entity_types(broker)[:4]:
        query: dict[str, str | int] = {"type": name, "limit": 2}
        for item in items_of_json(broker.get("/entities", query).expect(200).json_array(), name):
            faults += _differences(broker, item)
            seen += 1
    if not seen:
        raise NotTested("The broker holds no entity.")
    fail_if_any(faults, "Not the same in all forms: {}.", mend="Build all forms of the same data.")


@check("DATA.formats-carry-the-same", requirement="MIM2-R3.3", mechanism="samples", needs={"samples"})
def formats_carry_the_same(probe: Probe) -> None:
    """Samples of one name in several formats hold the same items with the same values."""
    faults = []
    for first, other in _pairs(probe):
        others = {each.id: each for each in items_of_sample(probe, other)}
        for item in items_of_sample(probe, first):
            twin = others.get(item.id)
            if twin is None:
                faults.append(f"{item.id} is not in {other.path.name}")
                continue
            faults += [f"{each} of {item.id} in {other.path.name}" for each in _lost(item, twin)]
    fail_if_any(faults, "Not the same in all formats: {}.", mend="Write all formats of the same values.")


@check("DATA.no-unit-is-lost", requirement="MIM2-R3.3", mechanism="samples", needs={"samples"})
def no_unit_is_lost(probe: Probe) -> None:
    """A unit that one format states and another cannot is fixed by the schema of the other."""
    compared, lost = 0, []
    for first, other in _pairs(probe):
        others = {each.id: each for each in items_of_sample(probe, other)}
        for item in items_of_sample(probe, first):
            twin = others.get(item.id)
            for value in item.values if twin else ():
                if twin is None or value.unit is None or any(each.unit for each in twin.named(value.name)):
                    continue
                compared += 1
                if fixed_unit(schema_of(probe, twin), value.name) is None:
                    lost.append(f"{value.unit} of {value.name} in {other.path.name}")
    if not compared:
        raise NotTested("No unit of one format is missing in another.")
    fail_if_any(
        lost,
        "Units lost without a word: {}.",
        mend="Fix the unit in the schema of the format, or carry it along.",
    )


def _reads(probe: Probe, sample: Sample) -> bool:
    kind, body = sample_kind(sample), probe.read_file(sample.path)
    try:
        if kind in ("json", "csv"):
            return bool(items_of_sample(probe, sample))
        if kind in _RDF:
            return (
                len(parse_graph(body, _RDF[kind], f"urn:sample:{sample.path.name}", probe, sample.path.name))
                > 0
            )
        if kind in _XML:
            ElementTree.fromstring(body, forbid_dtd=True)
            return True
    except (Failure, ElementTree.ParseError, DefusedXmlException):
        return False
    return False


def _pairs(probe: Probe) -> list[tuple[Sample, Sample]]:
    """Samples that are of one name but for the suffix (or what follows a dot); the richest first."""
    groups: dict[str, list[Sample]] = {}
    for each in probe.sample_files():
        if sample_kind(each) in ("json", "csv"):
            groups.setdefault(each.path.name.partition(".")[0], []).append(each)
    found = []
    for several in groups.values():
        ordered = sorted(several, key=lambda each: _richness(probe, each))
        found += [(ordered[0], other) for other in ordered[1:]]
    if not found:
        raise NotTested("No data is offered in two formats (samples of one name: meter.json, meter.csv).")
    return found


def _richness(probe: Probe, sample: Sample) -> int:
    items = items_of_sample(probe, sample)
    order = ("normalized", "keyvalues", "geojson", "json", "csv")
    return order.index(items[0].form) if items else len(order)


def _lost(item: Item, twin: Item) -> Iterator[str]:
    """What the twin does not say, or says differently."""
    for value in item.values:
        if isinstance(value.value, list) and twin.form == "csv":
            continue  # a table has no nested values; what it has for them is not compared
        found = twin.named(value.name)
        if not found:
            yield f"{value.name} is missing"
        elif not any(_same(value.value, each.value) for each in found):
            yield f"{value.name} is {found[0].value!r}, not {value.value!r}"


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, int | float) and isinstance(other, int | float):
        return abs(one - other) <= 1e-9 * max(1.0, abs(one))
    if isinstance(one, str) and isinstance(other, str) and is_instant(one) and is_instant(other):
        return parse_instant(one) == parse_instant(other)
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _differences(broker: Broker, item: Item) -> Iterator[str]:
    entity = str(item.id)
    plain = broker.get(path_to(entity), {"options": "keyValues"})
    if plain.status == 200:
        yield from _missing(item, plain.json_object(), f"simplified form of {entity}")
    geo = broker.get(path_to(entity), accept=GEO_JSON)
    if geo.status == 200 and geo.media_type == GEO_JSON:
        properties = geo.json_object().get("properties")
        body = properties if isinstance(properties, dict) else {}
        yield from _missing(item, body, f"GeoJSON form of {entity}")


def _missing(item: Item, body: dict[str, Any], where: str) -> Iterator[str]:
    for value in item.values:
        if len(item.named(value.name)) > 1 or value.kind not in ("Property", "Relationship", "GeoProperty"):
            continue
        found = body.get(value.name)
        if isinstance(found, dict):
            found = found.get("value", found.get("object", found))
        if isinstance(found, dict) and "@value" in found:
            found = found["@value"]
        if found is None:
            yield f"{value.name} is missing in the {where}"
        elif not _same(value.value, found):
            yield f"{value.name} is {found!r} in the {where}"
