"""Layers of geodata files, read through GDAL in batches: one pass, whatever their size."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import nanoarrow
import orjson
import pyogrio
import pyogrio.raw
import pyproj
import shapely
from nanoarrow._utils import NanoarrowException
from nanoarrow.iterator import PyIterator
from pyogrio.errors import DataLayerError, DataSourceError, FeatureError, FieldError, GeometryError

from ..source import SourceError
from .curves import is_curved, read_curved
from .formats import GeoFile
from .projection import Box
from .shapes import read_shapes

BATCH = 1000
_REASONS = (
    DataSourceError,
    DataLayerError,
    FeatureError,
    FieldError,
    GeometryError,
    NanoarrowException,
    UnicodeDecodeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a layer is read: attributes, an SQL condition, a box in degrees."""

    layer: str | int | None = None
    columns: Sequence[str] | None = None
    where: str | None = None
    bbox: Box | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Some features in their order: attributes, and geometries as they are in the file."""

    crs: str | None
    rows: list[dict[str, Any]]
    geometries: list[Any] = field(default_factory=list)


def layer_names(file: GeoFile) -> list[str]:
    """The layers with geometry, or all when none has one."""
    with _explained(file):
        layers = pyogrio.list_layers(file.path)
    return [name for name, kind in layers if kind is not None] or [name for name, _ in layers]


def choose_layer(file: GeoFile, wanted: str | int | None) -> str:
    """The declared layer, or the only one; SourceError names those there are."""
    names = layer_names(file)
    if isinstance(wanted, int) and wanted < len(names):
        return names[wanted]
    if wanted is None and len(names) == 1:
        return names[0]
    if isinstance(wanted, str) and wanted in _all_layers(file):
        return wanted
    if not names:
        raise SourceError(f"{file.name} ({file.format}) has no layer that can be read: is the file whole?")
    listed = ", ".join(names[:20])
    reason = f"has no layer {wanted!r}" if wanted is not None else f"has {len(names)} layers"
    raise SourceError(f"{file.name} {reason}: set layer to one of: {listed}")


def _all_layers(file: GeoFile) -> list[str]:
    return [name for name, _ in pyogrio.list_layers(file.path)]


def count_features(file: GeoFile, layer: str) -> int | None:
    """How many features the layer has, None when that cannot be known without reading it."""
    with _explained(file):
        info = pyogrio.read_info(file.path, layer=layer, **_open_options(file))
    return info["features"] if info["features"] >= 0 else None


def read_batches(file: GeoFile, selection: Selection) -> Generator[Batch]:
    """The features of one layer; SourceError when the file cannot be opened or breaks off."""
    layer = choose_layer(file, selection.layer)
    seen = 0
    with (
        _explained(file, lambda: f"after {seen} features"),
        _opened(file, layer, selection) as found,
    ):
        meta, stream = found
        for chunk in _chunks(stream):
            rows = [dict(row) for row in chunk]
            geometries = _shapes([row.pop(_geometry_name(meta), None) for row in rows])
            yield Batch(meta["crs"], _tidy(rows, meta), geometries)
            seen += len(rows)


def _opened(file: GeoFile, layer: str, selection: Selection) -> Any:
    return pyogrio.raw.open_arrow(
        file.path,
        layer=layer,
        encoding=selection.encoding,
        columns=None if selection.columns is None else list(selection.columns),
        where=selection.where,
        bbox=_layer_box(file, layer, selection.bbox),
        batch_size=BATCH,
        return_fids=file.format == "GeoPackage",
        **_open_options(file),
    )


def _layer_box(file: GeoFile, layer: str, bbox: Box | None) -> Box | None:
    """The box in the reference system of the layer."""
    if bbox is None:
        return None
    crs = pyogrio.read_info(file.path, layer=layer, **_open_options(file))["crs"]
    if crs is None:
        raise SourceError(f"{file.name} names no reference system: bbox cannot be used, use within")
    transformer = pyproj.Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    box: Box = transformer.transform_bounds(*bbox)
    return box


def _open_options(file: GeoFile) -> dict[str, str]:
    """GML: no schema is fetched from where the file says, and nothing is written beside it."""
    return {"WRITE_GFS": "NO", "DOWNLOAD_SCHEMA": "NO"} if file.format == "GML" else {}


def _geometry_name(meta: dict[str, Any]) -> str:
    return meta["geometry_name"] or "wkb_geometry"


def _shapes(wkbs: list[bytes | None]) -> list[Any]:
    if any(wkb is not None and is_curved(wkb) for wkb in wkbs):
        return [
            read_curved(wkb)
            if wkb is not None and is_curved(wkb)
            else read_shapes([wkb], shapely.from_wkb)[0]
            for wkb in wkbs
        ]
    return read_shapes(wkbs, shapely.from_wkb)


def _tidy(rows: list[dict[str, Any]], meta: dict[str, Any]) -> list[dict[str, Any]]:
    """Attributes as JSON has them."""
    structured = {
        name
        for name, subtype in zip(meta["fields"], meta["ogr_subtypes"], strict=True)
        if subtype == "OFSTJSON"
    }
    return [{name: _plain(value, name in structured) for name, value in row.items()} for row in rows]


def _plain(value: Any, is_json: bool) -> Any:
    match value:
        case str() if is_json:
            try:
                return orjson.loads(value)
            except orjson.JSONDecodeError:
                return value
        case datetime() | date() | time():
            return value.isoformat().replace("+00:00", "Z")
        case timedelta():
            return value.total_seconds()
        case Decimal():
            return float(value)
        case bytes():
            return value.hex()
        case _:
            return value


@contextmanager
def _explained(file: GeoFile, where: Any = lambda: "") -> Generator[None]:
    """What GDAL and Arrow say, as one error of ours that names the file."""
    try:
        yield
    except _REASONS as error:
        spot = f" {where()}" if where() else ""
        reason = " ".join(str(error).replace(str(file.path), file.name).split())[:300]
        raise SourceError(f"{file.name} ({file.format}) cannot be read{spot}: {reason}") from error


def _chunks(stream: Any) -> Generator[Any]:
    for chunk in nanoarrow.ArrayStream(stream).iter_chunks():
        yield _Rows.get_iterator(chunk)


class _Rows(PyIterator):  # type: ignore[misc]
    """Rows as dictionaries. Geometries are of an extension type: that they come as bytes is meant."""

    def _warn(self, message: str, category: type[Warning]) -> None:
        """Nothing is amiss."""
