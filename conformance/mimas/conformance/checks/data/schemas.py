"""The schema of an item: what the target offers for it, what its API description says, or a Smart Data Model.

In this order: the schema that the sample names (`model`: a file, a URL or the name of a Smart Data Model);
the document `schema-<Type>` of the target; the Smart Data Model of that type; the response schema of the
OpenAPI description. References into other files are fetched through the guard; one that leads nowhere is an
error.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from jsonschema import Draft202012Validator, FormatChecker, validators
from jsonschema.exceptions import SchemaError, ValidationError
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.exceptions import Unresolvable
from referencing.jsonschema import DRAFT202012

from mimas.ngsi_ld.core.kinds import VALUE_MEMBER
from mimas.ngsi_ld.models import AttributeModel, EntityModel, check, find_model, local_name
from mimas.ngsi_ld.models.pins import pins

from ...probe import Probe
from ...rdf.contexts import parse_json, refuse_deep
from ...verdicts import CheckError
from .instants import is_instant
from .items import Item, simplified
from .patterns import matches
from .sources import api_description

_UNIT = re.compile(r"Units?:\s*'([^']+)'", re.IGNORECASE)
_DEEPEST = 12
_TEXT = {"type": "string"}
_JSON_TYPES: dict[str, dict[str, Any]] = {
    **{each: {"type": each} for each in ("boolean", "integer", "number", "object", "string")},
    **dict.fromkeys(("date", "id", "mac", "time", "uri"), _TEXT),
    "date-time": {**_TEXT, "format": "date-time"},
    "geometry": {"type": "object"},
    "list": {"type": "array"},
}
_formats = FormatChecker(formats=())


@_formats.checks("date-time")
def _is_date_time(value: object) -> bool:
    return not isinstance(value, str) or is_instant(value)


@_formats.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or (bool(urlsplit(value).scheme) and not re.search(r"\s", value))


def _pattern(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not matches(pattern, instance):
        yield ValidationError(f"{instance[:60]!r} does not match {pattern[:60]!r}")


def _no_patterns(_: Any, __: Any, ___: Any, ____: Any) -> Iterator[ValidationError]:
    return iter(())


_SAFE = {"pattern": _pattern, "patternProperties": _no_patterns}
_Schema = validators.extend(Draft202012Validator, _SAFE)  # type: ignore[no-untyped-call]
_Schema30 = validators.extend(OAS30Validator, _SAFE)  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Schema:
    """What an item of a type looks like, by a JSON Schema (`document`) or a description of ours (`model`)."""

    name: str
    source: str
    model: EntityModel | None = None
    document: Mapping[str, Any] | None = None
    validator: Any = None

    def errors(self, item: Item) -> list[str]:
        """What it objects to in an item, in the form that suits it best."""
        if self.model is not None:
            return _model_errors(self.model, item)
        plain = {short_name(name): each for name, each in simplified(item).items()}
        if isinstance(plain.get("type"), str):
            plain["type"] = short_name(plain["type"])
        found = self.errors_in(plain)
        if found and item.form == "normalized" and not self.errors_in(item.raw):
            return []  # a schema of the normalized form
        return found

    def errors_in(self, value: Any) -> list[str]:
        """What the JSON Schema objects to in a value; CheckError when it cannot be applied."""
        try:
            found = sorted(
                self.validator.iter_errors(value), key=lambda each: list(map(str, each.absolute_path))
            )
        except Unresolvable as error:
            raise CheckError(f"{self.source} refers to {error.ref!r}, which cannot be had.") from error
        except (SchemaError, RecursionError, TypeError, ValueError, AttributeError) as error:
            raise CheckError(
                f"{self.source} cannot be applied: {type(error).__name__}: {error!s:.120}"
            ) from error
        return [
            f"{'/'.join(map(str, each.absolute_path)) or 'item'}: {each.message[:160]}" for each in found[:20]
        ]

    @property
    def properties(self) -> dict[str, dict[str, Any]]:
        """The properties a JSON Schema names, also through allOf and references; a model's attributes."""
        if self.model is not None:
            return {name: {} for name in self.model.attributes}
        found: dict[str, dict[str, Any]] = {}
        _collect(self.document, self.validator._resolver, found, 0, self.source)
        return found


def schema_of(probe: Probe, item: Item) -> Schema | None:
    """The schema of an item; None when there is none."""
    if item.model:
        return _named(probe, item.model)
    for name in item.types:
        found = schema_of_type(probe, name)
        if found is not None:
            return found
    return _of_api(probe, item.where) if probe.mechanism == "openapi-rest" else None


def schema_of_collection(probe: Probe, collection: str) -> str | None:
    """Where a service of features publishes a collection's schema (OGC API Features 5 and 3), or None."""
    if probe.mechanism != "ogcapi-features":
        return None
    for name in ("schema", "queryables"):
        place = f"collections/{quote(collection, safe='')}/{name}"
        answer = probe.read(place, Accept="application/schema+json, application/json;q=0.9")
        if answer.status == 200 and "json" in answer.media_type:
            properties = answer.json_object().get("properties")
            if isinstance(properties, dict) and properties:
                return answer.url
    return None


def schema_of_type(probe: Probe, type_name: str) -> Schema | None:
    """The schema that the target offers for a type, or the Smart Data Model of that name."""
    short = short_name(type_name)
    if f"schema-{short}" in probe.target.documents:
        return offered_schema(probe, f"schema-{short}")
    model = find_model(type_name)
    return None if model is None else Schema(model.name, f"the Smart Data Model {model.name}", model)


def offered_schema(probe: Probe, document: str) -> Schema:
    """The JSON Schema that the target offers as a document."""
    place = probe.target.documents.get(document, "")
    base = (
        place if urlsplit(place).scheme in ("http", "https") else Path(place).as_uri() if place else document
    )
    content = probe.once(("schema", document), lambda: parse_json(probe.document(document), document))
    return json_schema(probe, content, base, f"the document {document!r}")


def fixed_unit(schema: Schema | None, name: str) -> str | None:
    """The unit that a schema fixes for an attribute, as a code or in words."""
    if schema is None:
        return None
    if schema.model is not None:
        known = schema.model.attributes.get(local_name(name))
        return known.unit if known else None
    described = schema.properties.get(short_name(name), {})
    for word in ("unitCode", "unit", "x-unit", "x-unitCode"):
        if isinstance(described.get(word), str):
            return str(described[word])
    found = _UNIT.search(str(described.get("description", "")))
    return found[1] if found else None


def short_name(name: str) -> str:
    """The last part of an IRI."""
    return name.replace("#", "/").rpartition("/")[2] if "://" in name else name


def _named(probe: Probe, model: str) -> Schema:
    if "://" in model:
        answer = probe.once(
            ("schema", model), lambda: probe.fetch(model, accept="application/schema+json, */*")
        )
        return json_schema(probe, answer.expect(200).json(), model, model)
    if model.endswith(".json"):
        path = Path(model)
        return json_schema(probe, parse_json(probe.read_file(path), path.name), path.as_uri(), path.name)
    if f"schema-{model}" in probe.target.documents:
        return offered_schema(probe, f"schema-{model}")
    known = find_model(model)
    if known is None:
        raise CheckError(
            f"The sample names the model {model!r}, which is none of the Smart Data Models that ship here.",
            mend="Name a JSON Schema (file or URL) as its `model`, or offer it as document `schema-...`.",
        )
    return Schema(known.name, f"the Smart Data Model {known.name}", known)


def json_schema(probe: Probe, content: Any, base: str, source: str, *, old: bool = False) -> Schema:
    """A JSON Schema whose references are fetched through the guard; `old` is the dialect of OpenAPI 3.0."""
    refuse_deep(content)
    if not isinstance(content, dict | bool):
        raise CheckError(f"{source} is no JSON Schema.")
    document = content if isinstance(content, dict) else ({} if content else {"not": {}})
    address = str(document.get("$id", base))
    resource = Resource.from_contents(document, default_specification=DRAFT202012)
    registry: Registry[Any] = Registry(retrieve=lambda uri: _retrieve(probe, uri, base))  # type: ignore[call-arg]
    registry = registry.with_resource(address, resource)
    whole = {**document, "$id": address} if not old else document
    kind = _Schema30 if old else _Schema
    validator = kind(whole, registry=registry, format_checker=_formats)
    return Schema(str(document.get("title", source)), source, document=document, validator=validator)


def _retrieve(probe: Probe, uri: str, base: str) -> Resource[Any]:
    """What a schema refers to, once a run; files only beside the file that refers to them."""
    shipped = _shipped(uri)
    if shipped is not None:
        return Resource.from_contents(shipped, default_specification=DRAFT202012)
    if urlsplit(uri).scheme == "file":
        if uri.rpartition("/")[0] != base.rpartition("/")[0]:
            raise CheckError(f"{base} refers to a file elsewhere: {uri}.")
        content = parse_json(probe.read_file(Path(urlsplit(uri).path)), uri)
    else:
        accept = "application/schema+json, application/json;q=0.9, */*;q=0.1"
        content = probe.once(("schema", uri), lambda: probe.fetch(uri, accept=accept)).expect(200).json()
    refuse_deep(content)
    return Resource.from_contents(content, default_specification=DRAFT202012)


def _shipped(uri: str) -> dict[str, Any] | None:
    """A JSON Schema of a Smart Data Model that ships here, for the address under which it is published."""
    name = next((pin.path.split("/")[0] for pin in pins() if uri in pin.reference_addresses), None)
    model = find_model(name) if name else None
    if model is None:
        return None
    properties = {each: _json_type(known) for each, known in model.attributes.items()}
    return {
        "$id": uri,
        "type": "object",
        "required": ["id", "type", *model.required],
        "properties": properties,
    }


def _json_type(attribute: AttributeModel) -> dict[str, Any]:
    """What JSON Schema says of an attribute's type; of several types nothing."""
    if attribute.is_list:
        return {"type": ["array", "string"] if attribute.names_entities else "array"}
    return _JSON_TYPES.get(attribute.types[0], {}) if len(attribute.types) == 1 else {}


def _collect(part: Any, resolver: Any, found: dict[str, dict[str, Any]], depth: int, source: str) -> None:
    if not isinstance(part, dict) or depth > _DEEPEST:
        return
    for name, described in (part.get("properties") or {}).items():
        found.setdefault(name, described if isinstance(described, dict) else {})
    for each in part.get("allOf", ()):
        _collect(each, resolver, found, depth + 1, source)
    if isinstance(part.get("$ref"), str):
        try:
            resolved = resolver.lookup(part["$ref"])
        except Unresolvable as error:
            raise CheckError(f"{source} refers to {error.ref!r}, which cannot be had.") from error
        _collect(resolved.contents, resolved.resolver, found, depth + 1, source)


def _model_errors(model: EntityModel, item: Item) -> list[str]:
    document = {"id": item.id, "type": model.name, **_normalized(model, item)}
    return [str(each) for each in check(document, "reject") if each.severity == "error"]


def _normalized(model: EntityModel, item: Item) -> dict[str, Any]:
    """The item's attributes as the check of the models reads them."""
    written: dict[str, Any] = {}
    for each in item.values:
        known = model.attributes.get(local_name(each.name))
        kind = each.kind if item.form == "normalized" or known is None else known.kind
        instance = {"type": kind, VALUE_MEMBER[kind]: each.value}
        earlier = written.get(each.name)
        several = [*(earlier if isinstance(earlier, list) else [earlier]), instance] if earlier else instance
        written[each.name] = several
    return written


def _of_api(probe: Probe, url: str) -> Schema | None:
    """What the OpenAPI description says of one item in the answer at a URL."""
    document = api_description(probe)
    path = urljoin("/", urlsplit(url).path.removeprefix(urlsplit(probe.interface.url).path.rstrip("/")))
    found = response_schema(document, path)
    if found is None:
        return None
    item = _of_one(document, found)
    whole = {"components": document.get("components", {}), **item}
    old = str(document.get("openapi", "")).startswith("3.0")
    return json_schema(probe, whole, "urn:openapi", f"the API description of {path}", old=old)


def response_schema(document: Mapping[str, Any], path: str) -> dict[str, Any] | None:
    """The JSON Schema of the 200 answer to GET of a path, as it stands in the description."""
    at: Any = document.get("paths")
    for step in (path, "get", "responses"):
        at = at.get(step) if isinstance(at, dict) else None
    answer = follow(document, (at or {}).get("200", (at or {}).get(200))) if isinstance(at, dict) else None
    content = answer.get("content") if isinstance(answer, dict) else None
    for media_type, described in (content or {}).items():
        if "json" in media_type and isinstance(described, dict) and isinstance(described.get("schema"), dict):
            schema: dict[str, Any] = described["schema"]
            return schema
    return None


def follow(document: Mapping[str, Any], part: Any) -> Any:
    """The part itself, or what its local references lead to."""
    for _ in range(_DEEPEST):
        reference = part.get("$ref") if isinstance(part, dict) else None
        if not isinstance(reference, str) or not reference.startswith("#/"):
            return part
        part = document
        for step in reference[2:].split("/"):
            part = part.get(step.replace("~1", "/").replace("~0", "~")) if isinstance(part, dict) else None
    return None


def _of_one(document: Mapping[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """The schema of one item of a list: of the list itself, or of the first list in an object."""
    plain = follow(document, schema) or {}
    if isinstance(plain.get("items"), dict):
        return dict(plain["items"])
    for described in (plain.get("properties") or {}).values():
        inner = follow(document, described) or {}
        if isinstance(inner.get("items"), dict):
            return dict(inner["items"])
    return dict(plain)
