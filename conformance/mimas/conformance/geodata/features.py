"""Features as checks see them, whatever service or file they come from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from ..verdicts import Failure
from .geometry import Geometry
from .reference import CRS84, Crs

INSPIRE_ID = frozenset({"inspireid", "inspire_id", "localid"})


@dataclass(frozen=True, slots=True)
class Feature:
    """One feature: its id (or None), its geometry in the coordinate order of `crs`, its properties."""

    id: str | None
    geometry: Geometry | None
    properties: Mapping[str, Any] = field(default_factory=dict)
    crs: Crs | None = CRS84

    @property
    def name(self) -> str:
        """How a message calls it."""
        return "a feature without an id" if self.id is None else f"feature {self.id!r}"

    @property
    def inspire_id(self) -> str | None:
        """The value of the property that holds the INSPIRE identifier, nested or not; None without one."""
        for name, value in self.properties.items():
            if name.rpartition(":")[2].lower() in INSPIRE_ID and value:
                return orjson.dumps(value, option=orjson.OPT_SORT_KEYS).decode()
        return None

    @property
    def fingerprint(self) -> str:
        """The same for the same content, whatever its id is."""
        content = [
            self.geometry,
            {name: value for name, value in self.properties.items() if value != self.id},
        ]
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS, default=str)
        return hashlib.sha256(text).hexdigest()[:16]


def expect_unique_ids(features: Iterable[Feature]) -> None:
    """Every feature has an id, and no id, or INSPIRE id, stands on two of them; otherwise Failure."""
    several = list(features)
    nameless = sum(each.id is None or not each.id.strip() for each in several)
    if nameless:
        raise Failure(
            f"{nameless} of {len(several)} features have no id.",
            mend="Give every feature an id that stays the same.",
        )
    _expect_once("id", [str(each.id) for each in several])
    _expect_once("INSPIRE id", [each.inspire_id for each in several if each.inspire_id])


def _expect_once(what: str, values: list[str]) -> None:
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise Failure(
            f"{len(twice)} values of the {what} stand on more than one feature: {twice[:5]}.",
            mend=f"Let each {what} stand for one feature only.",
        )


def harvest_note(features: Iterable[Feature]) -> dict[str, str]:
    """What a later run compares with: id and fingerprint of at most 500 features."""
    return dict(list({str(each.id): each.fingerprint for each in features}.items())[:500])


def expect_same_ids(earlier: Mapping[str, str], now: Mapping[str, str]) -> None:
    """What was there under one id is not there under another, and not all ids are new; otherwise Failure.

    Features may have been removed or changed meanwhile: that is no fault of their ids.
    """
    known = {fingerprint: name for name, fingerprint in now.items()}
    moved = {
        name: known[fingerprint]
        for name, fingerprint in earlier.items()
        if name not in now and fingerprint in known and known[fingerprint] not in earlier
    }
    if moved:
        old, new = next(iter(moved.items()))
        raise Failure(
            f"{len(moved)} features have another id than in the earlier run; {old!r} is {new!r} now.",
            mend="Keep ids over re-imports: take them from the source, not from a row number.",
        )
    if earlier and now and not earlier.keys() & now.keys():
        raise Failure(
            f"None of the {len(earlier)} ids of the earlier run is there any more.",
            mend="Keep ids over re-imports.",
        )


def of_geojson(value: Any) -> Iterator[Feature]:
    """The features of a FeatureCollection or a Feature; anything else is Failure."""
    if not isinstance(value, dict) or value.get("type") not in ("FeatureCollection", "Feature"):
        kind = value.get("type") if isinstance(value, dict) else type(value).__name__
        raise Failure(f"Expected a GeoJSON FeatureCollection, found {str(kind)[:60]!r} (RFC 7946, 3.3).")
    listed = value.get("features") if value["type"] == "FeatureCollection" else [value]
    if not isinstance(listed, list):
        raise Failure("The FeatureCollection has no array `features` (RFC 7946, 3.3).")
    for each in listed:
        yield _feature(each)


def _feature(value: Any) -> Feature:
    if not isinstance(value, dict) or value.get("type") != "Feature":
        raise Failure(f"A member of `features` is no Feature: {str(value)[:80]!r} (RFC 7946, 3.2).")
    missing = [name for name in ("geometry", "properties") if name not in value]
    if missing:
        raise Failure(f"A Feature has no member {missing[0]!r} (RFC 7946, 3.2).")
    if not isinstance(value["geometry"], dict | None) or not isinstance(value["properties"], dict | None):
        raise Failure("`geometry` and `properties` of a Feature are objects or null (RFC 7946, 3.2).")
    name = value.get("id")
    if not isinstance(name, str | int | float | None) or isinstance(name, bool):
        raise Failure("The `id` of a Feature is a string or a number (RFC 7946, 3.2).")
    return Feature(None if name is None else str(name), value["geometry"], value["properties"] or {})
