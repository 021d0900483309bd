"""Whether the data is what its schema says, and whether the schema says anything (MIM2)."""

from __future__ import annotations

from typing import Any

from ...probe import Probe
from ...rdf import Contexts, TermMap
from ...rdf.contexts import parse_json
from ...verdicts import Failure, NotTested, fail_if_any
from ..declaration import check
from ..ngsi_ld.broker import DEFAULT
from .items import Item, items_of_json, simplified
from .schemas import Schema, offered_schema, schema_of, short_name
from .sources import Data, of_data

EVERYWHERE = ("samples", "ngsi-ld", "openapi-rest", "ogcapi-features")
_COMMON = frozenset({"id", "type", "@context", "location", "scope"})


@of_data(
    "items-are-valid", "MIM2-R3.4", mechanism=EVERYWHERE, clause="JSON Schema 2020-12; Smart Data Models"
)
def items_are_valid(data: Data) -> None:
    """Every item is valid by the schema of its type, formats of times and URIs included."""
    fail_if_any(
        (f"{item}: {error}" for item, schema in _with_schema(data) for error in schema.errors(item)),
        "Against the schema: {}.",
        mend="Mend the data, or publish the schema it follows.",
    )


@of_data(
    "schemas-refuse-something",
    "MIM2-R3.4",
    mechanism=("samples", "openapi-rest"),
    clause="JSON Schema 2020-12",
)
def schemas_refuse_something(data: Data) -> None:
    """A schema refuses items that are broken on purpose: one that allows anything proves nothing."""
    judged: dict[str, tuple[Item, Schema]] = {each.source: (item, each) for item, each in _with_schema(data)}
    fail_if_any(
        (source for source, (item, schema) in judged.items() if not _refuses(schema, item)),
        "Schemas that allow anything: {}.",
        mend="Say in the schema which attributes are required and of which type they are.",
    )


@of_data("no-unknown-fields", "MIM2-R3.2", mechanism=EVERYWHERE, level="SHOULD", clause="MIM2 R3.2")
def no_unknown_fields(data: Data) -> None:
    """Every field of the data is described by its schema, so that a reader needs nothing else."""
    unknown = []
    for item, schema in _with_schema(data):
        profile = [
            name
            for each in item.types
            if (name := f"profile-{short_name(each)}") in data.probe.target.documents
        ]
        described = set(schema.properties) | _COMMON
        for name in profile:
            described |= set(offered_schema(data.probe, name).properties)
        unknown += [
            f"{each.name} in {item.where}" for each in item.values if short_name(each.name) not in described
        ]
    fail_if_any(
        unknown,
        "Fields that no schema describes: {}.",
        mend="Describe them in the schema, or in a profile of it.",
    )


@check(
    "DATA.model-artefacts", requirement="MIM2-M1-artefacts", mechanism="documents", clause="MIM2 mechanism 1"
)
def model_artefacts(probe: Probe) -> None:
    """Each model has schema, @context, specification and example, and the four agree."""
    types = sorted(
        name.partition("-")[2]
        for name in probe.target.documents
        if name.startswith(("schema-", "example-", "specification-"))
    )
    if not types:
        raise NotTested(
            "The target offers no documents `schema-<Type>`, `context`, `specification-`, `example-<Type>`."
        )
    fail_if_any(
        (fault for each in dict.fromkeys(types) for fault in _artefact_faults(probe, each)),
        "Artefacts of the models: {}.",
        mend="Publish all four for each model, and check the example by the schema.",
    )


def _with_schema(data: Data) -> list[tuple[Item, Schema]]:
    found = [(item, schema) for item in data.items if (schema := schema_of(data.probe, item))]
    if not found:
        raise NotTested("No item has a schema; see `schema-<Type>` and `model` in docs/reference/target.md.")
    return found


def _refuses(schema: Schema, item: Item) -> bool:
    """Whether at least one item broken on purpose is refused."""
    if schema.model is not None:
        return True
    plain = simplified(item)
    wrong: dict[str, Any] = {"mimas": [{"check": None}]}
    broken: list[Any] = [{}, *({**plain, name: wrong} for name in plain if name != "@context")]
    return any(schema.errors_in(each) for each in broken)


def _artefact_faults(probe: Probe, type_name: str) -> list[str]:
    documents = probe.target.documents
    context = next((each for each in (f"context-{type_name}", "context") if each in documents), None)
    needed = {"schema": f"schema-{type_name}", "specification": f"specification-{type_name}"}
    needed["example"] = f"example-{type_name}"
    faults = [f"{type_name} has no {what}" for what, name in needed.items() if name not in documents]
    if context is None:
        faults.append(f"{type_name} has no @context (document `context` or `context-{type_name}`)")
    if faults or context is None:
        return faults
    schema = offered_schema(probe, needed["schema"])
    example = parse_json(probe.document(needed["example"]), needed["example"])
    items = items_of_json(example, needed["example"])
    if not items:
        return [f"the example of {type_name} holds no entity"]
    faults += [f"the example of {type_name}: {each}" for each in schema.errors(items[0])[:3]]
    faults += [f"the @context does not explain {each}" for each in _unexplained(probe, context, items[0])]
    text = probe.document(needed["specification"]).decode("utf-8", "replace")
    required = (schema.document or {}).get("required", ())
    faults += [
        f"the specification of {type_name} does not name {each}" for each in required if str(each) not in text
    ]
    return faults


def _unexplained(probe: Probe, document: str, item: Item) -> list[str]:
    """Names of the example that the offered @context drops or leaves to the default vocabulary."""
    content = parse_json(probe.document(document), document)
    if not isinstance(content, dict) or "@context" not in content:
        raise Failure(f"The document {document!r} has no @context.")
    place = probe.target.documents[document]
    terms: TermMap = probe.once(
        ("terms", document),
        lambda: TermMap(Contexts(probe).inline({"@context": content["@context"]}, place)["@context"]),
    )
    names = {*item.types, *(each.name for each in item.values)} - _COMMON
    meant = {each: terms.expand(each) for each in sorted(names)}
    return [name for name, iri in meant.items() if not iri or iri.startswith(DEFAULT)]
