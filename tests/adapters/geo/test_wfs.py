"""WFS 2.0 against a real MapServer: formats, pages, boxes, filters, what is newer, and refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely

from mimas.adapters.geo.wfs_capabilities import read_capabilities
from mimas.adapters.geo.wfs_query import bbox_parameter, filter_parameter
from mimas.adapters.source import SourceError

from .conftest import HOUSES, Read
from .services import running_mapserver

MAP = """\
MAP
  NAME "town"
  EXTENT -950000 -1250000 -400000 -900000
  UNITS METERS
  SHAPEPATH "{folder}"
  PROJECTION "init=epsg:5514" END
  OUTPUTFORMAT
    NAME "geojson"
    DRIVER "OGR/GEOJSON"
    MIMETYPE "application/json; subtype=geojson"
    FORMATOPTION "STORAGE=stream"
    FORMATOPTION "FORM=SIMPLE"
  END
  WEB METADATA
    "ows_title" "Town" "ows_onlineresource" "{url}" "ows_enable_request" "*"
    "ows_srs" "EPSG:4326 EPSG:5514"
  END END
  LAYER
    NAME "houses"
    TYPE POLYGON
    DATA "houses"
    PROJECTION "init=epsg:5514" END
    METADATA
      "wfs_title" "Houses" "gml_include_items" "all" "gml_featureid" "kod" "gml_types" "auto"
      "wfs_getfeature_formatlist" "gml32,geojson"
      "wfs_extent" "-950000 -1250000 -400000 -900000"
    END
  END
END
"""
GML = "application/gml+xml; version=3.2"
PRAGUE = [14.0, 50.0, 15.0, 50.2]
FES = '<fes:Filter xmlns:fes="http://www.opengis.net/fes/2.0">{}</fes:Filter>'


def _equals(name: str, value: str) -> str:
    return FES.format(
        f"<fes:PropertyIsEqualTo><fes:ValueReference>{name}</fes:ValueReference>"
        f"<fes:Literal>{value}</fes:Literal></fes:PropertyIsEqualTo>"
    )


@pytest.fixture(scope="module")
def wfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Three houses in Prague and one in Brno; `number` looks like a number and is none."""
    folder = tmp_path_factory.mktemp("mapserver")
    brno = shapely.box(-598000, -1160000, -597990, -1159990)
    fields = {
        "kod": ["B0", "B1", "B2", "B3"],
        "number": ["0012", "13", "14", "15"],
        "changed": [f"2026-0{month}-01T00:00:00Z" for month in (1, 2, 3, 1)],
    }
    pyogrio.raw.write(
        folder / "houses.shp",
        shapely.to_wkb(np.append(HOUSES, brno)),
        [np.array(each, dtype=object) for each in fields.values()],
        list(fields),
        geometry_type="Polygon",
        crs="EPSG:5514",
        layer="houses",
    )
    with running_mapserver(folder, MAP) as url:
        yield url


@pytest.mark.parametrize(
    "options", [{}, {"format": GML}, {"format": GML, "srs": "urn:ogc:def:crs:EPSG::5514"}]
)
async def test_features_come_page_by_page(wfs: str, read: Read, options: dict[str, str]) -> None:
    """GeoJSON or GML, in degrees with latitude first or in S-JTSK: the records are the same."""
    found, run = await read("wfs", url=wfs, page=3, key="kod", **options)
    first = next(each for each in found if each.key == "B0")

    assert sorted(each.key for each in found) == ["B0", "B1", "B2", "B3"]
    assert first.place == "ms:houses:B0"
    assert (first.fields["number"], first.fields["changed"]) == ("0012", "2026-01-01T00:00:00Z")
    assert first.fields["geometry"]["coordinates"][0][0] == pytest.approx([14.4178003, 50.0844628], abs=2e-6)
    assert len([url for url in run.urls if "GetFeature" in url]) == 2


async def test_a_box_and_a_filter_hold_together(wfs: str, read: Read) -> None:
    """A box alone, a filter alone, and both at once, which a service only takes as one filter."""
    boxed, _ = await read("wfs", url=wfs, key="kod", bbox=PRAGUE)
    filtered, _ = await read("wfs", url=wfs, key="kod", filter=_equals("number", "15"))
    neither, _ = await read("wfs", url=wfs, key="kod", bbox=PRAGUE, filter=_equals("number", "15"))

    assert sorted(each.key for each in boxed) == ["B0", "B1", "B2"]
    assert [each.key for each in filtered] == ["B3"]
    assert neither == []


async def test_later_runs_ask_for_what_is_newer(wfs: str, read: Read) -> None:
    """With `modified` the second run is partial and begins at the newest feature of the first."""
    everything, first = await read("wfs", url=wfs, key="kod", modified="changed")
    newer, second = await read("wfs", first.kept, url=wfs, key="kod", modified="changed")

    assert (len(everything), first.is_partial) == (4, False)
    assert first.kept == {"modified:ms:houses": "2026-03-01T00:00:00Z"}
    assert ([each.key for each in newer], second.is_partial) == (["B2"], True)


async def test_refusals_are_passed_on(wfs: str, read: Read) -> None:
    """A wrong feature type, a wrong attribute, and an address that is no WFS."""
    with pytest.raises(SourceError, match=r"no feature type 'huts': set type to one of: ms:houses"):
        await read("wfs", url=wfs, type="huts")
    with pytest.raises(SourceError, match="answers 400"):
        await read("wfs", url=wfs, type="houses", filter=_equals("height", "3"))
    with pytest.raises(SourceError, match="cql excludes filter, bbox and modified"):
        await read("wfs", url=wfs, cql="a = 1", bbox=PRAGUE)


def test_capabilities_without_paging_or_geojson(tmp_path: Path) -> None:
    """What a service does not say it can do is not asked of it."""
    content = b"""<WFS_Capabilities xmlns="http://www.opengis.net/wfs/2.0" xmlns:o="http://www.opengis.net/ows/1.1">
      <o:OperationsMetadata><o:Operation name="GetFeature"><o:Parameter name="outputFormat"><o:AllowedValues>
      <o:Value>application/gml+xml; version=3.2</o:Value></o:AllowedValues></o:Parameter></o:Operation>
      <o:Constraint name="ImplementsResultPaging"><o:DefaultValue>FALSE</o:DefaultValue></o:Constraint>
      </o:OperationsMetadata><FeatureTypeList><FeatureType><Name>a:b</Name></FeatureType></FeatureTypeList>
      </WFS_Capabilities>"""
    found = read_capabilities(content, "x")

    assert (found.paging, found.json_format, found.find_type(None, "x")) == (False, None, "a:b")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"<html/>", "is no WFS 2.0: it answers html"),
        (b"hello", "is not XML"),
        (
            b'<e:ExceptionReport xmlns:e="o"><e:Text>closed today</e:Text></e:ExceptionReport>',
            "closed today",
        ),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "is no WFS 2.0: it answers a"),
    ],
)
def test_other_answers_are_refused(content: bytes, said: str) -> None:
    """A page, a text, an exception report, a document with entities."""
    with pytest.raises(SourceError, match=said) as refusal:
        read_capabilities(content, "http://wfs")
    assert "root:" not in str(refusal.value)


def test_queries_say_latitude_first() -> None:
    """The long name of EPSG:4326 has latitude first; what is put into XML is escaped."""
    assert bbox_parameter((14.0, 50.0, 15.0, 51.5)) == "50,14,51.5,15,urn:ogc:def:crs:EPSG::4326"
    assert filter_parameter(None, (1, 2, 3, 4), None, None) is None
    assert "<fes:Literal>&lt;1&gt;</fes:Literal>" in str(filter_parameter(None, None, "a", "<1>"))
    with pytest.raises(SourceError, match="write one condition in <fes:Filter"):
        filter_parameter("<a/>", None, None, None)
