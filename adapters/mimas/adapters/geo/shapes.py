"""What becomes of the geometries of a source: WGS 84, valid, of the declared shape, as GeoJSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
import shapely

from ..messages import MessageRejected
from .projection import Box, Projection, make_projection

DIGITS = 7  # about a centimetre
_WORLD: Box = (-180.0, -90.0, 180.0, 90.0)
_POLYGONS = (3, 6)
_LINES = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class ShapePlan:
    """What a source declares about its geometries."""

    crs: str | None = None
    axes: str = "xy"
    within: Box | None = None
    invalid: str = "repair"
    z: str = "drop"
    digits: int = DIGITS
    shape: str = "as_is"

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> ShapePlan:
        """The plan in the options of a source; what they do not say is as usual."""
        chosen = {name: options[name] for name in cls.__slots__ if name in options}
        if "within" in chosen:
            chosen["within"] = tuple(chosen["within"])
        return cls(**chosen)

    def projection(self, embedded: Any) -> Projection | None:
        """From the declared reference system, or the one the data name; None when neither is there."""
        crs = self.crs or embedded
        return None if crs is None else make_projection(crs, self.axes)


Outcome = dict[str, Any] | MessageRejected | None


def read_shapes(raw: Sequence[Any], read: Callable[..., Any]) -> list[Any]:
    """The shapes in well-known binary or GeoJSON by shapely's `read`; what is none comes as its refusal."""
    try:
        return list(read(np.asarray(raw, dtype=object))) if len(raw) else []
    except shapely.errors.GEOSException:
        return [_read_one(each, read) for each in raw]


def _read_one(raw: Any, read: Callable[..., Any]) -> Any:
    try:
        return read(raw)
    except shapely.errors.GEOSException as error:
        reason = str(error).partition(": ")[2] or str(error)
        return MessageRejected(
            "geometry", "geometry", f"is no geometry: {reason}"[:200], "mend it in the source"
        )


def convert(geometries: Sequence[Any], projection: Projection, plan: ShapePlan) -> list[Outcome]:
    """For each geometry its GeoJSON, None where there is none, or why it is refused."""
    sources = np.asarray(geometries, dtype=object)
    flat = shapely.force_2d(sources) if plan.z == "drop" else sources
    has_z = plan.z == "keep" and bool(shapely.has_z(flat).any())
    shapes = shapely.transform(flat, projection, include_z=has_z)
    present = ~(shapely.is_missing(sources) | shapely.is_empty(sources))
    refused = _outside(sources, shapes, projection, plan)
    broken = present & ~shapely.is_valid(shapes)
    broken[list(refused)] = False
    for index in np.flatnonzero(broken):
        shapes[index] = _repaired(shapes[index], plan, refused, int(index))
    if plan.shape == "point":
        shapes = shapely.point_on_surface(shapes)
    rounded = shapely.transform(shapes, lambda c: np.round(c, plan.digits), include_z=has_z)
    texts = shapely.to_geojson(rounded)
    return [
        refused.get(index) or (orjson.loads(texts[index]) if present[index] else None)
        for index in range(len(sources))
    ]


def convert_readable(geometries: Sequence[Any], projection: Projection, plan: ShapePlan) -> list[Outcome]:
    """As `convert`, for what `read_shapes` gave: refusals stay."""
    readable = [None if isinstance(each, MessageRejected) else each for each in geometries]
    outcomes = convert(readable, projection, plan)
    return [
        each if isinstance(each, MessageRejected) else outcome
        for each, outcome in zip(geometries, outcomes, strict=True)
    ]


def _outside(
    sources: Any, shapes: Any, projection: Projection, plan: ShapePlan
) -> dict[int, MessageRejected]:
    """Refusals of geometries that lie where they cannot: the usual sign of swapped axes or a wrong system."""
    area = plan.within or projection.area
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        inside = (bounds[:, :2] >= area[:2]).all(axis=1) & (bounds[:, 2:] <= area[2:]).all(axis=1)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    return {
        int(index): _refusal(sources[index], projection, plan, area)
        for index in np.flatnonzero(there & ~inside)
    }


def _refusal(source: Any, projection: Projection, plan: ShapePlan, area: Box) -> MessageRejected:
    position = shapely.get_coordinates(source)[0]
    axes = projection.fitting_axes(position, area)
    x, y = (f"{each:.10g}" for each in position)
    what = "the declared area" if plan.within else f"the area of {projection.name}"
    if axes is not None:
        mend = f"with axes: {axes} it would lie there"
    else:
        mend = "check crs:, axes: and within: of the source"
    return MessageRejected("geometry", "geometry", f"({x}, {y}) lies outside of {what}", mend)


def _repaired(shape: Any, plan: ShapePlan, refused: dict[int, MessageRejected], index: int) -> Any:
    reason = shapely.is_valid_reason(shape)
    if plan.invalid == "repair":
        repaired = _same_kind(shape, shapely.make_valid(shape))
        if not repaired.is_empty:
            return repaired
        reason += ", and nothing is left when it is repaired"
    mend = "mend it in the source" if plan.invalid == "repair" else "or declare invalid: repair"
    refused[index] = MessageRejected("geometry", "geometry", f"is not valid: {reason}", mend)
    return None


def _same_kind(before: Any, after: Any) -> Any:
    """Of what a repair made, the parts of the dimension the geometry had: no lines beside polygons."""
    wanted = _POLYGONS if shapely.get_type_id(before) in _POLYGONS else _LINES
    pieces = shapely.get_parts(after)
    while (shapely.get_type_id(pieces) > 3).any():
        pieces = shapely.get_parts(pieces)
    kept = pieces[np.isin(shapely.get_type_id(pieces), wanted)]
    if len(kept) == 1:
        return kept[0]
    return shapely.multipolygons(kept) if wanted == _POLYGONS else shapely.multilinestrings(kept)
