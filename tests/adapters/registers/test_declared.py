"""Registers in XML by declaration: records, keys, geometries of GML, state and change files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import shapely
from lxml import etree
from tests.adapters.geo.conftest import Read

from mimas.adapters.harvest import Unchanged
from mimas.adapters.messages import MessageRejected
from mimas.adapters.registers.gml_shapes import read_geometry
from mimas.adapters.source import SourceError

GML = 'xmlns:gml="http://www.opengis.net/gml/3.2"'
REGISTER = """<Register xmlns="urn:r" {gml}><Header><Kind>{kind}</Kind><Number>{number}</Number></Header>
<Skipped><Address id="0"><Deep><Address id="1"/></Deep></Address></Skipped>
<Addresses>{addresses}</Addresses><Removed>{removed}</Removed></Register>"""
ADDRESS = """<Address id="{id}"><Street lang="en">High Street</Street><No>1</No><No>2</No><Empty/>
<Position><gml:Point srsName="{srs}"><gml:pos>{pos}</gml:pos></gml:Point></Position></Address>"""
OPTIONS: dict[str, Any] = {
    "header": "Header",
    "records": [{"element": "Addresses/Address", "key": "A.{@id}"}],
    "geometry": "Position",
    "gone": [{"element": "Removed/Address", "key": "A.{@ref}"}],
    "changes": {"path": "Kind", "values": ["changes"], "order": "Number"},
}
UTM = ("urn:ogc:def:crs:EPSG::32633", "458000 5548000")


def _write(path: Path, *ids: int, kind: str = "full", number: int = 1, removed: str = "") -> None:
    addresses = "".join(ADDRESS.format(id=each, srs=UTM[0], pos=UTM[1]) for each in ids)
    path.write_text(REGISTER.format(gml=GML, kind=kind, number=number, addresses=addresses, removed=removed))


async def test_elements_become_records(tmp_path: Path, read: Read) -> None:
    """Children are members, several are a list, attributes have an @; only declared places are looked at."""
    _write(tmp_path / "r.xml", 7)
    (record,), _ = await read("xml", path=str(tmp_path / "r.xml"), **OPTIONS)

    assert (record.key, record.place) == ("A.7", "r.xml:A.7")
    assert record.fields["Street"] == {"@lang": "en", "#text": "High Street"}
    assert (record.fields["No"], record.fields["Empty"], record.fields["@id"]) == (["1", "2"], None, "7")
    assert record.fields["geometry"]["coordinates"] == pytest.approx([14.41295, 50.08278], abs=1e-5)


@pytest.mark.parametrize(
    ("srs", "pos"),
    [
        ("urn:ogc:def:crs:EPSG::4258", "50.1 14.4"),  # latitude first: so the system prescribes
        ("http://www.opengis.net/def/crs/EPSG/0/4258", "50.1 14.4"),
        ("EPSG:4258", "14.4 50.1"),  # the short name says nothing of axes: as everybody writes them
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "14.4 50.1"),
    ],
)
async def test_the_name_of_a_system_implies_its_axes(tmp_path: Path, read: Read, srs: str, pos: str) -> None:
    """The long forms of a name mean the order that the system prescribes, short ones x before y."""
    text = ADDRESS.format(id=1, srs=srs, pos=pos)
    (tmp_path / "r.xml").write_text(
        REGISTER.format(gml=GML, kind="full", number=1, addresses=text, removed="")
    )
    (record,), _ = await read("xml", path=str(tmp_path / "r.xml"), **OPTIONS)

    assert record.fields["geometry"]["coordinates"] == pytest.approx([14.4, 50.1], abs=1e-6)


async def test_state_and_change_files(tmp_path: Path, read: Read) -> None:
    """First everything, then changes in their order; what is gone is named."""
    folder = tmp_path / "register"
    folder.mkdir()
    _write(folder / "b.xml", 1, 2, number=10)
    _write(folder / "a.xml", 9, kind="changes", number=9)  # older than the state
    found, first = await read("xml", path=str(folder), **OPTIONS)
    _write(folder / "c.xml", 3, kind="changes", number=11, removed='<Address ref="1"/>')
    changed, second = await read("xml", first.kept, path=str(folder), **OPTIONS)

    assert [each.key for each in found] == ["A.1", "A.2"]
    assert ([each.key for each in changed], second.deleted, second.is_partial) == (["A.3"], ["A.1"], True)
    with pytest.raises(Unchanged):
        await read("xml", second.kept, path=str(folder), **OPTIONS)


async def test_a_geometry_that_is_none_refuses_its_record_alone(tmp_path: Path, read: Read) -> None:
    """Half a position: the others of the file are not affected."""
    good = ADDRESS.format(id=1, srs=UTM[0], pos=UTM[1])
    bad = ADDRESS.format(id=2, srs=UTM[0], pos="458000 north")
    (tmp_path / "r.xml").write_text(
        REGISTER.format(gml=GML, kind="full", number=1, addresses=bad + good, removed="")
    )
    refused, record = (await read("xml", path=str(tmp_path / "r.xml"), **OPTIONS))[0]

    assert isinstance(refused, MessageRejected)
    assert (refused.stage, refused.place) == ("geometry", "r.xml:A.2.Point")
    assert record.key == "A.1"


async def test_a_change_file_without_a_number_is_refused(tmp_path: Path, read: Read) -> None:
    """Without its place in the order it cannot be applied."""
    _write(tmp_path / "r.xml", 1, kind="changes")
    text = (tmp_path / "r.xml").read_text().replace("<Number>1</Number>", "")
    (tmp_path / "r.xml").write_text(text)

    with pytest.raises(SourceError, match="does not say where in the order of changes it belongs"):
        await read("xml", path=str(tmp_path / "r.xml"), **OPTIONS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("<gml:LineString><gml:posList>0 0 1 1</gml:posList></gml:LineString>", "LINESTRING (0 0, 1 1)"),
        (
            '<gml:LineString srsDimension="3"><gml:posList>0 0 5 1 1 5</gml:posList></gml:LineString>',
            "LINESTRING Z (0 0 5, 1 1 5)",
        ),
        (
            "<gml:LineString><gml:coordinates>0,0 1,1</gml:coordinates></gml:LineString>",
            "LINESTRING (0 0, 1 1)",
        ),
        (
            "<gml:Polygon><gml:exterior><gml:LinearRing><gml:posList>0 0 9 0 9 9 0 0</gml:posList>"
            "</gml:LinearRing></gml:exterior><gml:interior><gml:LinearRing><gml:posList>2 1 3 1 3 2 2 1"
            "</gml:posList></gml:LinearRing></gml:interior></gml:Polygon>",
            "POLYGON ((0 0, 9 0, 9 9, 0 0), (2 1, 3 1, 3 2, 2 1))",
        ),
        (
            "<gml:MultiPoint><gml:pointMember><gml:Point><gml:pos>1 2</gml:pos></gml:Point>"
            "</gml:pointMember><gml:pointMember><gml:Point><gml:pos>3 4</gml:pos></gml:Point>"
            "</gml:pointMember></gml:MultiPoint>",
            "MULTIPOINT (1 2, 3 4)",
        ),
    ],
)
def test_geometries_of_gml(text: str, expected: str) -> None:
    """Lines, rings with holes, heights, the older way to write coordinates, collections."""
    element = etree.fromstring(text.replace(">", f" {GML}>", 1))

    assert read_geometry(element) == shapely.from_wkt(expected)
