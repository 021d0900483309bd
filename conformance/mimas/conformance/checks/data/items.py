"""One entity, feature, row or object as checks see it, whatever form it came in."""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson
import shapely

from mimas.ngsi_ld.core.kinds import VALUE_MEMBER

from ...rdf.contexts import refuse_deep
from ...verdicts import Failure

GEOMETRIES = frozenset(
    {"Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"}
)
MOST_ITEMS = 200
_WKT = re.compile(r"(MULTI)?(POINT|LINESTRING|POLYGON)\s*\(", re.IGNORECASE)
_LISTS = ("@graph", "features", "value", "items", "results", "data")
_NO_ATTRIBUTES = frozenset(
    {"id", "type", "@id", "@type", "@context", "scope", "createdAt", "modifiedAt", "deletedAt", "expiresAt"}
)


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute: `kind` is that of NGSI-LD, or Property where the form does not say."""

    name: str
    value: Any
    kind: str = "Property"
    unit: str | None = None
    observed_at: str | None = None

    @property
    def number(self) -> float | None:
        """The value as a number, when it is one and no truth value."""
        is_number = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        return float(self.value) if is_number and math.isfinite(self.value) else None


@dataclass(frozen=True, slots=True)
class Item:
    """`form` is normalized, keyvalues, geojson, json or csv; `model` what the target says it follows."""

    id: str | None
    types: tuple[str, ...]
    values: tuple[Value, ...]
    raw: dict[str, Any]
    form: str
    where: str
    model: str | None = None
    contexts: tuple[Any, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return f"{self.id or 'an item without id'} in {self.where}"

    def __hash__(self) -> int:
        return hash((self.id, self.where))

    def named(self, name: str) -> list[Value]:
        """The values of an attribute."""
        return [each for each in self.values if each.name == name]


def items_of_json(document: Any, where: str, model: str | None = None) -> list[Item]:
    """The entities, features or objects in a JSON document."""
    refuse_deep(document)
    context = document.get("@context") if isinstance(document, dict) else None
    found = []
    for each in list(_objects(document))[:MOST_ITEMS]:
        own = each.get("@context", context)
        found.append(_item(each, where, model, () if own is None else (own,)))
    return found


def items_of_csv(text: str, where: str, model: str | None = None) -> list[Item]:
    """The rows of a CSV file with a header."""
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    try:
        rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
        return [_row(row, where, model) for row, _ in zip(rows, range(MOST_ITEMS), strict=False)]
    except csv.Error as error:
        raise Failure(f"{where} is not CSV: {error}") from error


def simplified(item: Item) -> dict[str, Any]:
    """The item as key-values, as schemas of the Smart Data Models describe it."""
    if item.form not in ("normalized", "geojson"):
        return {name: each for name, each in item.raw.items() if name != "@context"}
    plain: dict[str, Any] = {}
    for each in item.values:
        plain[each.name] = [plain[each.name], each.value] if each.name in plain else each.value
    types = item.types[0] if len(item.types) == 1 else list(item.types)
    return {
        **({"id": item.id} if item.id is not None else {}),
        **({"type": types} if item.types else {}),
        **plain,
    }


def _objects(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, list):
        yield from (each for each in document if isinstance(each, dict))
    elif isinstance(document, dict):
        inner = next((document[name] for name in _LISTS if isinstance(document.get(name), list)), None)
        is_item = "id" in document and document.get("type") not in ("FeatureCollection",)
        if inner is None or (is_item and "@graph" not in document and "features" not in document):
            yield document
        else:
            yield from (each for each in inner if isinstance(each, dict))


def _item(raw: dict[str, Any], where: str, model: str | None, contexts: tuple[Any, ...]) -> Item:
    if raw.get("type") == "Feature" and isinstance(raw.get("properties"), dict):
        return _feature(raw, where, model, contexts)
    values = tuple(_values(raw))
    normalized = any(_is_instance(each) for name in _attributes(raw) for each in _listed(raw[name]))
    found = raw.get("id", raw.get("@id"))
    types = raw.get("type", raw.get("@type", ()))
    form = "normalized" if normalized else "keyvalues" if found is not None and types else "json"
    return Item(_text(found), _names(types), values, raw, form, where, model, contexts)


def _feature(raw: dict[str, Any], where: str, model: str | None, contexts: tuple[Any, ...]) -> Item:
    properties = raw["properties"]
    values = [*_values(properties)]
    if isinstance(raw.get("geometry"), dict) and not any(each.kind == "GeoProperty" for each in values):
        values.append(Value("location", raw["geometry"], "GeoProperty"))
    return Item(
        id=_text(raw.get("id", properties.get("id"))),
        types=_names(properties.get("type", ())),
        values=tuple(values),
        raw=raw,
        form="geojson",
        where=where,
        model=model,
        contexts=contexts,
    )


def _row(row: dict[str, Any], where: str, model: str | None) -> Item:
    if None in row or None in row.values():
        raise Failure(f"{where} has a row with another number of columns than its header.")
    values = tuple(
        Value(name, _cell(text))
        for name, text in row.items()
        if name.lower() not in ("id", "type") and text != ""
    )
    folded = {name.lower(): text for name, text in row.items()}
    return Item(folded.get("id"), _names(folded.get("type", ())), values, dict(row), "csv", where, model)


def _values(raw: dict[str, Any]) -> Iterator[Value]:
    for name in _attributes(raw):
        for each in _listed(raw[name]):
            if _is_instance(each):
                yield _instance(name, each)
            else:
                yield Value(name, each, "GeoProperty" if _is_geometry(each) else "Property")


def _attributes(raw: dict[str, Any]) -> list[str]:
    return [name for name in raw if name not in _NO_ATTRIBUTES]


def _listed(value: Any) -> list[Any]:
    """Several instances of one attribute, or the one value, which may be a list."""
    is_several = isinstance(value, list) and value and all(_is_instance(each) for each in value)
    return value if is_several else [value]


def _is_instance(value: Any) -> bool:
    """An attribute in normalized form, or in concise form with a value, object or languageMap."""
    if not isinstance(value, dict) or _is_geometry(value):
        return False
    return value.get("type") in VALUE_MEMBER or (
        "type" not in value and bool({"value", "object"} & value.keys())
    )


def _is_geometry(value: Any) -> bool:
    return isinstance(value, dict) and value.get("type") in GEOMETRIES and "coordinates" in value


def _instance(name: str, instance: dict[str, Any]) -> Value:
    kind = str(instance.get("type", "Relationship" if "object" in instance else "Property"))
    value = instance.get(VALUE_MEMBER[kind])
    if isinstance(value, dict) and "@value" in value:
        value = value["@value"]
    if kind == "Property" and _is_geometry(value):
        kind = "GeoProperty" if "type" not in instance else kind
    return Value(name, value, kind, _text(instance.get("unitCode")), _text(instance.get("observedAt")))


def _names(types: Any) -> tuple[str, ...]:
    listed = types if isinstance(types, list | tuple) else (types,)
    return tuple(each for each in listed if isinstance(each, str) and each)


def _geometry(text: str) -> Any:
    """WKT as GeoJSON; text that only begins like WKT stays."""
    try:
        return orjson.loads(shapely.to_geojson(shapely.from_wkt(text)))
    except (shapely.errors.GEOSException, orjson.JSONDecodeError):
        return text


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _cell(text: str) -> Any:
    """A cell as a number or as a geometry (WKT) where it is written as one, else as text."""
    if _WKT.match(text):
        return _geometry(text)
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return value if isinstance(value, int | float) and not isinstance(value, bool) else text
