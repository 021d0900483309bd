"""The town's files: a GeoPackage of its buildings in UTM, and a metering portal's export as a workbook."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

from . import ground

UTM_31_NORTH = "EPSG:32631"
_STEP = timedelta(minutes=15)
_PARTS = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.'
        'spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/vnd.openxmlformats-'
        'officedocument.spreadsheetml.worksheet+xml"/></Types>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'officeDocument" Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        '<Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/'
        'worksheet" Target="worksheets/sheet1.xml"/></Relationships>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
        '<sheets><sheet name="Readings" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
}


def write_buildings(path: Path) -> None:
    """Write the outlines of the buildings, in metres of UTM zone 31, as a GeoPackage."""
    import numpy as np
    import pyogrio
    import shapely
    from pyproj import Transformer

    to_metres = Transformer.from_crs("EPSG:4326", UTM_31_NORTH, always_xy=True).transform
    shapes = []
    for site in ground.BUILDINGS:
        x, y = to_metres(site.longitude, site.latitude)
        half = 18 + 6 * site.size
        turned = [(x + half * math.cos(a), y + half * 0.7 * math.sin(a)) for a in _CORNERS]
        shapes.append(shapely.Polygon(turned))
    path.unlink(missing_ok=True)
    columns = {
        "id": [site.id for site in ground.BUILDINGS],
        "name": [site.name for site in ground.BUILDINGS],
        "floors": [site.size for site in ground.BUILDINGS],
    }
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(np.array(shapes, dtype=object)),
        field_data=[np.array(values) for values in columns.values()],
        fields=list(columns),
        geometry_type="Polygon",
        crs=UTM_31_NORTH,
        layer="buildings",
        driver="GPKG",
    )


_CORNERS = [math.pi / 4 + turn * math.pi / 2 for turn in range(4)]


def export_workbook(now: datetime, days: int = 2) -> bytes:
    """The quarter-hours of the last days, one column for each meter, as a metering portal exports them."""
    last = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    meters = sorted(ground.EXPORTED_METERS)
    rows: list[Sequence[str | float]] = [["Time (UTC)", *meters]]
    moment = (last - timedelta(days=days)).replace(hour=0, minute=0)
    while moment < last:
        rows.append([f"{moment:%d.%m.%Y %H:%M}", *(ground.quarter(meter, moment) for meter in meters)])
        moment += _STEP
    return _workbook(rows)


def _workbook(rows: Iterable[Sequence[str | float]]) -> bytes:
    """A workbook of one sheet, as small as ECMA-376 allows."""
    body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
    sheet = (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{body}</sheetData></worksheet>"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as book:
        for name, text in {**_PARTS, "xl/worksheets/sheet1.xml": sheet}.items():
            book.writestr(zipfile.ZipInfo(name, (2000, 1, 1, 0, 0, 0)), '<?xml version="1.0"?>' + text)
    return packed.getvalue()


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return f'<c t="inlineStr"><is><t>{escape(value)}</t></is></c>'
    return f"<c><v>{value}</v></c>"
