"""Requests of WFS 2.0 (OGC 09-025r2) as URLs, and filters of FES 2.0 (OGC 09-026r2)."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from ..registers.xml_parsing import parse_document, text_of
from ..source import SourceError
from .projection import Box

_FES = "http://www.opengis.net/fes/2.0"
_GML = "http://www.opengis.net/gml/3.2"
_DEGREES = "urn:ogc:def:crs:EPSG::4326"  # latitude first, in so many words


def bbox_parameter(box: Box) -> str:
    """The box as a parameter: the longer name of the reference system says that latitude comes first."""
    west, south, east, north = box
    return f"{south:.10g},{west:.10g},{north:.10g},{east:.10g},{_DEGREES}"


def filter_parameter(
    declared: str | None, box: Box | None, modified: str | None, since: str | None
) -> str | None:
    """A filter in which all of these hold; None when there is nothing to filter by."""
    conditions = [_inside(declared)] if declared else []
    if modified and since:
        conditions.append(
            f"<fes:PropertyIsGreaterThanOrEqualTo><fes:ValueReference>{escape(modified)}</fes:ValueReference>"
            f"<fes:Literal>{escape(since)}</fes:Literal></fes:PropertyIsGreaterThanOrEqualTo>"
        )
    if not conditions:
        return None
    if box:
        conditions.append(_box(box))
    inner = conditions[0] if len(conditions) == 1 else f"<fes:And>{''.join(conditions)}</fes:And>"
    return f'<fes:Filter xmlns:fes="{_FES}" xmlns:gml="{_GML}">{inner}</fes:Filter>'


def _box(box: Box) -> str:
    west, south, east, north = (f"{each:.10g}" for each in box)
    return (
        f'<fes:BBOX><gml:Envelope srsName="{_DEGREES}"><gml:lowerCorner>{south} {west}</gml:lowerCorner>'
        f"<gml:upperCorner>{north} {east}</gml:upperCorner></gml:Envelope></fes:BBOX>"
    )


def _inside(declared: str) -> str:
    """The condition inside of a declared filter, with its own names of namespaces."""
    root: Any = parse_document(declared.encode(), "filter")
    conditions = list(root)
    if root.tag != f"{{{_FES}}}Filter" or len(conditions) != 1:
        raise SourceError(f'filter: write one condition in <fes:Filter xmlns:fes="{_FES}">')
    return text_of(conditions[0])
