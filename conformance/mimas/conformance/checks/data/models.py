"""Data models: explicit, described, standard where possible, extended by the rules (MIM2 R1.1, R1.2, R4)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from mimas.ngsi_ld.models import find_model
from mimas.ngsi_ld.models.pins import pins

from ...probe import Probe
from ...rdf.contexts import parse_json
from ...verdicts import Failure, NotTested, Warn, fail_if_any
from ..declaration import check
from ..ngsi_ld.broker import DEFAULT
from .items import Item
from .schemas import Schema, offered_schema, schema_of, schema_of_collection, short_name
from .semantics import names_of
from .sources import Data, of_data

# Namespaces of models that are recognised: core vocabularies, sensors, buildings, transport, INSPIRE.
STANDARDS = (
    "https://smartdatamodels.org/", "https://uri.fiware.org/ns/data-models#", "https://uri.etsi.org/ngsi-ld/",
    "https://saref.etsi.org/", "https://w3id.org/saref", "http://www.w3.org/", "https://www.w3.org/",
    "http://purl.org/", "http://schema.org/", "https://schema.org/", "http://data.europa.eu/m8g/",
    "http://xmlns.com/foaf/", "http://www.opengis.net/", "http://inspire.ec.europa.eu/", "http://vocab.gtfs.org/",
    "https://datex2.eu/", "https://w3id.org/", "http://ontology.eil.utoronto.ca/", "http://qudt.org/",
)  # fmt: skip
WITH_SCHEMA = ("samples", "ngsi-ld", "openapi-rest", "ogcapi-features")
PROFILE = "profile-"


@of_data("types-have-schemas", "MIM2-R1.1a", mechanism=WITH_SCHEMA, clause="MIM2 R1.1")
def types_have_schemas(data: Data) -> None:
    """Every type of entity has a schema: one that is offered, described, or a Smart Data Model."""
    table, without = {}, []
    for name, items in data.by_type.items() or {"": data.items}.items():
        schema = schema_of(data.probe, items[0])
        source = schema.source if schema else schema_of_collection(data.probe, name)
        table[name or "objects"] = source
        if source is None:
            without.append(name or f"objects in {items[0].where}")
    data.probe.note("schemas", table)
    fail_if_any(
        without,
        "Types without a schema: {}.",
        mend="Offer the JSON Schema of each as document `schema-<Type>`, or as `model` of the sample.",
    )


@of_data("schemas-are-of-the-type", "MIM2-R1.1a", mechanism=WITH_SCHEMA, clause="MIM2 R1.1")
def schemas_are_of_the_type(data: Data) -> None:
    """The schema of a type is of this type, not of another that only bears the same name."""
    compared, foreign = 0, []
    for name, items in data.by_type.items():
        schema = schema_of(data.probe, items[0])
        allowed = _types_of(schema) if schema else None
        compared += allowed is not None
        if allowed and not {name, short_name(name)} & allowed:
            foreign.append(f"{name}: {schema.source if schema else ''} is of {', '.join(sorted(allowed))}")
        elif schema and schema.model and not _is_standard_type(data, items[0], name):
            foreign.append(f"{name} is in a namespace of its own, {schema.source} is of another type")
    if not compared:
        raise NotTested("No schema says of which type it is.")
    fail_if_any(foreign, "Schemas of another type: {}.", mend="Offer the schema of this very type.")


@check("DATA.schemas-are-described", requirement="MIM2-R1.1b", mechanism="documents", clause="MIM2 R1.1")
def schemas_are_described(probe: Probe) -> None:
    """In the documents `schema-<Type>` each property has a description that says something."""
    schemas = [offered_schema(probe, name) for name in _offered(probe, "schema-")]
    if not schemas:
        raise NotTested("The target offers no document `schema-<Type>`.")
    _all_described(probe, {each.source: each.properties for each in schemas})


@of_data("schemas-are-described", "MIM2-R1.1b", mechanism=("openapi-rest",), clause="MIM2 R1.1")
def api_is_described(data: Data) -> None:
    """In the API description each property of what is listed has a description that says something."""
    schemas = {item.where: schema for item in data.items if (schema := schema_of(data.probe, item))}
    if not schemas:
        raise NotTested("The API description has no schema of what is listed.")
    _all_described(data.probe, {where: each.properties for where, each in schemas.items()})


@of_data("terms-mean-one-thing", "MIM2-R1.1b", mechanism=("samples", "ngsi-ld"), clause="JSON-LD 1.1")
def terms_mean_one_thing(data: Data) -> None:
    """No two names of the data stand for the same IRI under its @context."""
    meant: dict[str, set[str]] = {}
    for name, iri in names_of(data).items():
        if iri and not iri.startswith("@"):
            meant.setdefault(iri, set()).add(name)
    fail_if_any(
        (f"{' and '.join(sorted(names))} are both {iri}" for iri, names in meant.items() if len(names) > 1),
        "Names of one meaning: {}.",
        mend="Use one term for one property, and give different properties different IRIs.",
    )


@of_data("models-are-standard", "MIM2-R1.2a", mechanism=("samples", "ngsi-ld"), clause="MIM2 R1.2a")
def models_are_standard(data: Data) -> None:
    """Types and attributes come from recognised models; each that does not has its reason in `own-terms`."""
    names = {name: iri for name, iri in names_of(data).items() if iri and not iri.startswith("@")}
    if not names:
        raise NotTested("The data has no names that an @context explains.")
    own = {name: iri for name, iri in names.items() if not _is_standard(iri)}
    data.probe.note("share of standard terms", round(1 - len(own) / len(names), 2))
    reasons = (
        data.probe.document("own-terms").decode("utf-8", "replace") if _offers(data, "own-terms") else ""
    )
    unexplained = [
        f"{short_name(name)} ({iri})" for name, iri in own.items() if short_name(name) not in reasons
    ]
    copies = [each for each in unexplained if each.partition(" ")[0] in standard_types()]
    fail_if_any(
        copies,
        "Copies of standard types under names of one's own: {}.",
        mend="Use the type of the Smart Data Models, or give the reason in the document `own-terms`.",
    )
    if unexplained:
        raise Warn(
            f"Neither from a recognised model nor explained: {'; '.join(unexplained[:5])}.",
            mend="Take terms from a recognised model, or give the reason in the document `own-terms`.",
        )


@check("DATA.profiles-extend", requirement="MIM2-R1.2b", mechanism="documents", clause="MIM2 R1.2b")
def profiles_extend(probe: Probe) -> None:
    """A `profile-<Type>` builds on its base by allOf and $ref, in camelCase, and redefines nothing of it."""
    faults = []
    for name, content in _profiles(probe):
        schema = offered_schema(probe, name)
        if not _references(content):
            faults.append(f"{name} refers to no base schema (allOf with $ref)")
        base = _base_properties(probe, name, schema)
        for attribute, described in _own_properties(content).items():
            known = base.get(attribute)
            if known and known.get("type") and described.get("type") not in (None, known["type"]):
                faults.append(f"{name} makes {attribute} {described['type']}, the base has {known['type']}")
            if not known and (not attribute[:1].islower() or not attribute.isidentifier()):
                faults.append(f"{name} has {attribute!r}, which is no camelCase name")
    fail_if_any(
        faults, "Extensions against the rules: {}.", mend="Extend by allOf and $ref; add, never redefine."
    )


@of_data("profiles-keep-the-base", "MIM2-R4.1", mechanism=("samples", "ngsi-ld"), clause="MIM2 R4.1")
def profiles_keep_the_base(data: Data) -> None:
    """What is valid under a profile is valid under its base, too."""
    faults, seen = [], 0
    for name, _ in _profiles(data.probe):
        profile, type_name = offered_schema(data.probe, name), name.removeprefix(PROFILE)
        for item in data.items:
            if type_name not in map(short_name, item.types) or profile.errors(item):
                continue
            seen += 1
            base = _base(data.probe, item, type_name)
            faults += [f"{item}: {each}" for each in (base.errors(item) if base else ())]
    if not seen:
        raise NotTested("No item is valid under a profile that the target offers.")
    fail_if_any(
        faults,
        "Valid under the profile and not under the base: {}.",
        mend="Let a profile only add and narrow.",
    )


@check("DATA.profiles-are-documented", requirement="MIM2-R4.2", mechanism="documents", clause="MIM2 R4.2")
def profiles_are_documented(probe: Probe) -> None:
    """A `profile-<Type>` has a version and a link to its base, and a `changelog-<Type>` beside it."""
    missing = []
    for name, content in _profiles(probe):
        if not any(str(content.get(each, "")).strip() for each in ("$schemaVersion", "version", "x-version")):
            missing.append(f"{name} has no version")
        if not any("://" in each for each in _references(content)):
            missing.append(f"{name} names no base by its URI")
        if f"changelog-{name.removeprefix(PROFILE)}" not in probe.target.documents:
            missing.append(f"there is no changelog-{name.removeprefix(PROFILE)}")
    fail_if_any(
        missing, "Profiles that are not documented: {}.", mend="Publish version, changelog and base of each."
    )


@cache
def standard_types() -> frozenset[str]:
    """The names of the types of the Smart Data Models that are known here."""
    return frozenset(pin.path.split("/")[0] for pin in pins() if pin.path.endswith("/schema.json"))


def _all_described(probe: Probe, schemas: dict[str, dict[str, dict[str, Any]]]) -> None:
    properties = [(source, name, each) for source, all_ in schemas.items() for name, each in all_.items()]
    if not properties:
        raise Failure("The schemas name no properties.", mend="Describe what the data holds.")
    blank = [f"{name} in {source}" for source, name, each in properties if not _says(each, name)]
    probe.note("share of described properties", round(1 - len(blank) / len(properties), 2))
    fail_if_any(blank, "Properties without a description: {}.", mend="Say of each property what it means.")


def _says(described: dict[str, Any], name: str) -> bool:
    """A description, here or behind a reference; the name again is none."""
    text = str(described.get("description", "")).strip()
    if not text and "$ref" in described:
        return True
    return bool(text) and text.casefold() != name.casefold()


def _types_of(schema: Schema) -> set[str] | None:
    """The types a schema is of, where it says so."""
    if schema.model is not None:
        return {schema.model.name}
    described = schema.properties.get("type", {})
    if isinstance(described.get("enum"), list):
        return {str(each) for each in described["enum"]}
    return {str(described["const"])} if "const" in described else None


def _is_standard_type(data: Data, item: Item, name: str) -> bool:
    """Whether the type's IRI is that of a model; without an @context only its name is known."""
    iri = name if "://" in name else names_of(data).get(name)
    return iri is None or iri.startswith(DEFAULT) or _is_standard(iri)


def _is_standard(iri: str) -> bool:
    return iri.startswith(STANDARDS) and not iri.startswith(DEFAULT)


def _offers(data: Data, name: str) -> bool:
    return name in data.probe.target.documents


def _offered(probe: Probe, prefix: str) -> list[str]:
    return sorted(name for name in probe.target.documents if name.startswith(prefix))


def _profiles(probe: Probe) -> Iterator[tuple[str, dict[str, Any]]]:
    names = _offered(probe, PROFILE)
    if not names:
        raise NotTested("The target offers no document `profile-<Type>`.")
    for name in names:
        content = parse_json(probe.document(name), name)
        if not isinstance(content, dict):
            raise Failure(f"The document {name!r} is no JSON Schema.")
        yield name, content


def _references(content: dict[str, Any]) -> list[str]:
    parts = [content, *(each for each in content.get("allOf", ()) if isinstance(each, dict))]
    found = [str(each["$ref"]) for each in parts if "$ref" in each]
    return [each for each in found if not each.startswith("#")]


def _own_properties(content: dict[str, Any]) -> dict[str, dict[str, Any]]:
    parts = [content, *(each for each in content.get("allOf", ()) if isinstance(each, dict))]
    return {
        name: described
        for part in parts
        for name, described in (part.get("properties") or {}).items()
        if isinstance(described, dict) and name not in ("id", "type")
    }


def _base_properties(probe: Probe, name: str, profile: Schema) -> dict[str, dict[str, Any]]:
    """What the base says of its attributes: the schema of the type, its Smart Data Model, or the $refs."""
    type_name = name.removeprefix(PROFILE)
    if f"schema-{type_name}" in probe.target.documents:
        return offered_schema(probe, f"schema-{type_name}").properties
    model = find_model(type_name)
    if model is not None:
        json_types = {"date-time": "string", "uri": "string", "id": "string", "date": "string"}
        return {
            each: {"type": json_types.get(known.types[0], known.types[0])} if len(known.types) == 1 else {}
            for each, known in model.attributes.items()
        }
    own = profile.document.get("properties", {}) if profile.document else {}
    return {each: described for each, described in profile.properties.items() if each not in own}


def _base(probe: Probe, item: Item, type_name: str) -> Schema | None:
    if f"schema-{type_name}" in probe.target.documents:
        return offered_schema(probe, f"schema-{type_name}")
    model = find_model(type_name)
    return Schema(model.name, f"the Smart Data Model {model.name}", model) if model else None
