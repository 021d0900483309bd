"""Names through the term map and through PyLD: no difference.

`MIMAS_NAMES_EXAMPLES` sets how many generated entities are compared: 250 with six attributes each unless
told otherwise, 10 000 for the full run.
"""

import os
from functools import lru_cache
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyld import jsonld
from pyld.context_resolver import ContextResolver

from mimas.ngsi_ld.core.context import (
    CORE_CONTEXT_URL,
    TermMap,
    build_term_map,
    bundled_document,
    stored_to_iri,
)
from mimas.ngsi_ld.core.parse import parse_entity

ATTRIBUTES = 6
EXAMPLES = int(os.environ.get("MIMAS_NAMES_EXAMPLES", "250"))

# Contexts of every shape that keeps an attribute an attribute; what they say of values must not matter.
CONTEXTS: list[Any] = [
    {"temperature": "https://ex.org/temperature", "Building": "https://ex.org/Building"},
    {"ex": "https://ex.org/", "temperature": "ex:temperature", "h": {"@id": "ex:a/", "@prefix": True}},
    {"@vocab": "https://vocab.org/", "speed": {"@type": "@id"}, "name": {"@id": "name"}},
    {"a": "https://ex.org/same", "bb": "https://ex.org/same", "B": "https://ex.org/same", "Aa": "a"},
    {"id": "@id", "type": "@type", "name": "https://schema.org/name"},
    {
        "temperature": {"@id": "https://ex.org/temperature", "@type": "@id"},
        "temp": "https://ex.org/temperature",
    },
    {"speed": {"@id": "https://ex.org/speed", "@container": "@set"}, "v": "https://ex.org/speed"},
    {
        "location": "https://bad.org/location",
        "value": "https://bad.org/value",
        "Property": "https://bad.org/P",
    },
    [
        {"speed": "https://one.org/speed"},
        {"speed": "https://two.org/speed", "speed2": "https://one.org/speed"},
    ],
    [{"a": "https://ex.org/a"}, None, {"b": "https://ex.org/b"}],
    [{"p": "https://ex.org/p#"}, {"name": "p:name", "p:title": "https://ex.org/p#title"}],
    {"@protected": True, "status": "https://ex.org/status", "rok_výstavby": "https://ex.org/rok"},
    {"@language": "cs", "name": "https://ex.org/name", "urn": "https://urns.org/"},
    {"@version": 1.1, "odd": "https://uri.etsi.org/ngsi-ld/default-context/even", "T": "https://ex.org/p/T"},
]
# Definitions that make a JSON-LD processor reshape the value: only the expansion of the name is comparable.
RESHAPING: list[Any] = [
    {"speed": {"@id": "https://ex.org/speed", "@type": "@vocab"}, "ex": "https://ex.org/"},
    {"speed": {"@id": "https://ex.org/speed", "@type": "https://www.w3.org/2001/XMLSchema#double"}},
    {"speed": {"@id": "https://ex.org/speed", "@container": "@list"}},
    {"speed": {"@id": "https://ex.org/speed", "@language": "en"}},
    {"speed": {"@id": "https://ex.org/speed", "@type": "@json"}},
]

KNOWN = [
    "temperature",
    "speed",
    "name",
    "a",
    "bb",
    "B",
    "Aa",
    "v",
    "temp",
    "p:name",
    "p:x",
    "ex:temperature",
    "ex:y",
]
KNOWN += [
    "location",
    "status",
    "description",
    "title",
    "rok_výstavby",
    "odd",
    "even",
    "p:title",
    "name2",
    "urn:x",
]
IRIS = ["https://ex.org/temperature", "https://ex.org/speed", "https://ex.org/same", "https://ex.org/a/deep"]
IRIS += ["https://vocab.org/speed", "https://vocab.org/other", "https://one.org/speed", "urn:mine:name"]
IRIS += [
    "https://uri.etsi.org/ngsi-ld/default-context/even",
    "https://uri.etsi.org/ngsi-ld/default-context/speed",
]
IRIS += ["https://ex.org/p#name", "https://ex.org/p#new", "https://ex.org/p/T", "https://schema.org/name"]
NAMES = (
    st.sampled_from(KNOWN)
    | st.sampled_from(IRIS)
    | st.from_regex(r"[a-zA-Zěščřž][a-z0-9_]{0,6}", fullmatch=True)
)
TYPES = st.sampled_from(["Building", "T", "ex:Type", "https://ex.org/Building", "Aa", "Budova", "p:T"])


def load(url: str, options: object) -> dict[str, Any]:
    """The documents that ship with Mimas, and no other."""
    return {"document": bundled_document(url), "documentUrl": url, "contextUrl": None, "contentType": None}


@lru_cache
def prepared(place: int, reshaping: bool) -> tuple[TermMap, Any, dict[str, Any]]:
    """The term map of a context, the context as a processor takes it (core last), and its options."""
    value = (RESHAPING if reshaping else CONTEXTS)[place]
    parts = value if isinstance(value, list) else [value]
    parts = parts[parts.index(None) + 1 :] if None in parts else parts
    # A processor would refuse to unprotect terms; CIM 009 has the core win silently.
    plain = [{name: each for name, each in part.items() if name != "@protected"} for part in parts]
    options = {"processingMode": "json-ld-1.1", "base": "", "contextResolver": ContextResolver({}, load)}
    return build_term_map(value, {}), [*plain, CORE_CONTEXT_URL], options


def entities(names: st.SearchStrategy[str]) -> st.SearchStrategy[tuple[list[str], list[str]]]:
    """The types and the attribute names of an entity."""
    return st.tuples(
        st.lists(TYPES, min_size=1, max_size=3, unique=True),
        st.lists(names, min_size=ATTRIBUTES, max_size=ATTRIBUTES, unique=True),
    )


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, len(CONTEXTS) - 1), entities(NAMES))
def test_entities_are_named_as_by_pyld(place: int, entity: tuple[list[str], list[str]]) -> None:
    """An entity expands to the IRIs, and compacts to the names, that PyLD gives it."""
    terms, context, options = prepared(place, False)
    types, names = entity
    unique = list(
        {terms.expand(name): name for name in names if name not in ("value", "type", "id")}.values()
    )
    body = {"id": "urn:a:b", "type": types} | {
        name: {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [1, 2]}}
        if terms.expand(name) == "location"
        else {"type": "Property", "value": "x"}
        for name in unique
    }
    document = parse_entity(body, terms)
    expanded = jsonld.expand({**body, "@context": context}, options)
    compacted = jsonld.compact(expanded, context, options)
    stored = [name for name in document if name not in ("id", "type")]

    kinds = document["type"] if isinstance(document["type"], list) else [document["type"]]
    shown = compacted["type"] if isinstance(compacted["type"], list) else [compacted["type"]]
    assert {stored_to_iri(name) for name in stored} == expanded[0].keys() - {"@id", "@type"}
    assert [stored_to_iri(kind) for kind in kinds] == list(dict.fromkeys(expanded[0]["@type"]))
    assert [terms.compact(kind) for kind in kinds] == list(dict.fromkeys(shown))
    assert {terms.compact(name) for name in stored} == compacted.keys() - {"@context", "id", "type"}


@settings(max_examples=EXAMPLES // 3 + 1, deadline=None)
@given(st.integers(0, len(RESHAPING) - 1), NAMES)
def test_reshaping_definitions_keep_the_name(place: int, name: str) -> None:
    """Where a definition coerces values, the name has PyLD's IRI and is shown so that PyLD reads it back."""
    terms, context, options = prepared(place, True)
    shown = terms.compact(terms.expand(name))
    expanded = jsonld.expand({"@type": [name, shown], "@context": context}, options)

    assert expanded[0]["@type"] == [terms.expand_iri(name)] * 2
