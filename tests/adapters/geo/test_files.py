"""Geodata files as they come: six formats, zips, encodings, and what is wrong with them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
import shapely

from mimas.adapters.harvest import Record, Unchanged
from mimas.adapters.messages import MessageRejected
from mimas.adapters.source import SourceError

from .conftest import HOUSES, Read, Write

VFK = """\
&HVERZE;"5.0"
&HCODEPAGE;"WE8ISO8859P2"
&BSOBR;ID N30;STAV_DAT N2;KATUZE_KOD N6;CISLO_ZPMZ N5;CISLO_TL N4;CISLO_BODU N12;UPLNE_CISLO N12;\
SOURADNICE_Y N10.2;SOURADNICE_X N10.2;KODCHB_KOD N2
&DSOBR;313775708;0;616567;93;;15;17000930015;651225.68;1069521.5;4
&K
"""


@pytest.mark.parametrize("name", ["h.gpkg", "h.fgb", "h.shp", "h.gml", "h.geojson"])
async def test_every_format_gives_attributes_and_wgs84(write: Write, read: Read, name: str) -> None:
    """Attributes keep their types and their letters; S-JTSK becomes longitude and latitude."""
    path = write(name)
    before = sorted(path.parent.iterdir())
    found, run = await read("geodata", path=str(path), key="kod")
    first = min(found, key=lambda each: each.key)

    assert [each.key for each in sorted(found, key=lambda each: each.key)] == ["B0", "B1", "B2"]
    assert first.place == f"{name}:B0"
    assert (first.fields["floors"], first.fields["street"]) == (0, "Žluťoučká")
    assert first.fields["geometry"]["type"] == "Polygon"
    assert (
        shapely.from_geojson(json.dumps(first.fields["geometry"])).centroid.distance(
            shapely.Point(14.41773, 50.08452)
        )
        < 5e-5
    )
    assert run.total == (None if name == "h.gml" else 3)  # GML must be read to be counted
    assert [each for each in sorted(path.parent.iterdir()) if each.name != "town.yaml"] == before


async def test_vfk_of_the_cadastre(tmp_path: Path, read: Read) -> None:
    """The exchange format of the Czech cadastre: points with positive S-JTSK, which GDAL turns round."""
    (tmp_path / "town.vfk").write_bytes(VFK.encode("iso8859-2"))
    (point,), _ = await read("geodata", path=str(tmp_path / "town.vfk"), layer="SOBR", key="UPLNE_CISLO")

    assert point.key == "17000930015"
    assert point.fields["geometry"]["coordinates"] == pytest.approx([15.7361166, 49.9561687], abs=1e-6)
    assert not (tmp_path / "town.vfk.db").exists()


async def test_a_zipped_shapefile_with_a_table_in_cp1250(write: Write, read: Read, tmp_path: Path) -> None:
    """The code page stands in the .cpg; without it the declaration says so."""
    shp = write("h.shp", encoding="cp1250")
    with zipfile.ZipFile(tmp_path / "h.zip", "w") as archive:
        for part in shp.parent.glob("h.*"):
            if part.suffix != ".zip":
                archive.write(part, f"Export/{part.name}")
    shp.with_suffix(".cpg").unlink()
    zipped, _ = await read("geodata", path=str(tmp_path / "h.zip"))
    declared, _ = await read("geodata", path=str(shp), encoding="cp1250")

    assert {each.fields["street"] for each in (*zipped, *declared)} == {"Žluťoučká"}


async def test_a_folder_is_read_by_name_and_only_geodata(write: Write, read: Read) -> None:
    """Other files in the folder are no mistake, the named ones are read in their order."""
    path = write("2.gpkg")
    write("1.gpkg", HOUSES[:1])
    (path.parent / "read me.txt").write_text("hello")
    found, _ = await read("geodata", path=".", name="*.gpkg")
    everything, _ = await read("geodata", path=".")

    assert [each.place for each in found] == ["1.gpkg:1", "2.gpkg:1", "2.gpkg:2", "2.gpkg:3"]
    assert everything == found


async def test_an_unchanged_file_is_not_read_again(write: Write, read: Read) -> None:
    """The hash of the last run is enough; a changed file, or a full run, reads."""
    path = str(write("h.gpkg"))
    _, run = await read("geodata", path=path)

    with pytest.raises(Unchanged):
        await read("geodata", run.kept, path=path)
    assert len((await read("geodata", run.kept, full=True, path=path))[0]) == 3
    write("h.gpkg", HOUSES[:2])
    assert len((await read("geodata", run.kept, path=path))[0]) == 2


async def test_a_selection_by_attributes_condition_and_box(write: Write, read: Read) -> None:
    """Columns, an SQL condition, and a box in degrees are GDAL's work."""
    path = str(write("h.gpkg"))
    some, _ = await read("geodata", path=path, columns=["kod"], where="floors >= 1")
    near, _ = await read("geodata", path=path, bbox=[14.4175, 50.084, 14.41782, 50.085])

    assert [sorted(each.fields) for each in some] == [["fid", "geometry", "kod"]] * 2
    assert [each.fields["kod"] for each in near] == ["B0"]


async def test_an_empty_layer_gives_nothing(write: Write, read: Read) -> None:
    """It is no mistake; what was there before is for the rule about deletions."""
    path = write("h.gpkg", np.array([], dtype=object), geometry_type="Polygon")

    assert (await read("geodata", path=str(path)))[0] == []


async def test_several_layers_must_be_chosen_from(write: Write, read: Read) -> None:
    """The answer names the layers there are."""
    path = write("h.gpkg", layer="houses")
    write("h.gpkg", HOUSES[:1], layer="sheds", append=True)

    with pytest.raises(SourceError, match=r"has 2 layers: set layer to one of: houses, sheds"):
        await read("geodata", path=str(path))
    with pytest.raises(SourceError, match=r"has no layer 'huts'.*houses, sheds"):
        await read("geodata", path=str(path), layer="huts")
    assert len((await read("geodata", path=str(path), layer="sheds"))[0]) == 1


async def test_a_missing_reference_system_is_asked_for(write: Write, read: Read) -> None:
    """Nothing is guessed: without .prj the source must say what the numbers are."""
    path = write("h.shp")
    path.with_suffix(".prj").unlink()

    with pytest.raises(SourceError, match=r"names no reference system.*write crs: EPSG:5514"):
        await read("geodata", path=str(path))
    assert len((await read("geodata", path=str(path), crs="EPSG:5514"))[0]) == 3


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.zip", b"PK\x03\x04 and no more", "a zip that breaks off"),
        ("a.fgb", b"fgb\x03fgb\x01 and no more", r"a\.fgb \(FlatGeobuf\) has no layer"),
        ("a.gml", b"<VRT>&lt;OGRVRTDataSource/></VRT>", "holds no geodata: GeoPackage"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [{"type": "Fea', "cannot be read"),
        ("a.txt", b"hello", "holds no geodata"),
    ],
)
async def test_what_cannot_be_read_is_said(
    tmp_path: Path, read: Read, name: str, content: bytes, said: str
) -> None:
    """A broken file, a broken zip, or another format: one sentence that names the file."""
    (tmp_path / name).write_bytes(content)

    with pytest.raises(SourceError, match=said):
        await read("geodata", path=str(tmp_path / name))


async def test_a_truncated_zip_and_a_zip_without_geodata(write: Write, read: Read, tmp_path: Path) -> None:
    """A download that broke off is told from one with other content."""
    path = tmp_path / "h.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(write("h.gpkg"), "h.gpkg")
    path.write_bytes(path.read_bytes()[:-500])

    with pytest.raises(SourceError, match=r"h\.zip is a zip that breaks off"):
        await read("geodata", path=str(path))


async def test_a_file_that_gdal_would_follow_elsewhere_is_refused(tmp_path: Path, read: Read) -> None:
    """A virtual layer names other files: it is not one of the six formats, whatever it calls itself."""
    secret = tmp_path / "secret.csv"
    secret.write_text("x,y\n1,2\n")
    text = (
        '<OGRVRTDataSource xmlns:gml="http://www.opengis.net/gml"><OGRVRTLayer name="secret">'
        f"<SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    (tmp_path / "innocent.gml").write_text(text)

    with pytest.raises(SourceError, match="holds no geodata"):
        await read("geodata", path=str(tmp_path / "innocent.gml"))


async def test_a_downloaded_file_needs_no_suffix(write: Write, read: Read, tmp_path: Path) -> None:
    """What a URL gives is known by its content."""
    path = write("h.gpkg")
    path.rename(tmp_path / "download")

    assert len((await read("geodata", path=str(tmp_path / "download")))[0]) == 3


async def test_doubled_keys_stay_visible(write: Write, read: Read) -> None:
    """Two features with one key are two records with one key: the platform says so, nothing is dropped."""
    found, _ = await read("geodata", path=str(write("h.gpkg")), key="street")

    assert [each.key for each in found] == ["Žluťoučká"] * 3
    assert all(isinstance(each, Record) for each in found)


async def test_a_geometry_that_is_none_is_refused(tmp_path: Path, read: Read) -> None:
    """A surface that is no polygon is not dropped without a word; the features beside it are taken."""
    good = {"type": "Point", "coordinates": [14.4, 50.1]}
    bad = {"type": "Polygon", "coordinates": [[[14.4, 50.1], [14.5, 50.1]]]}
    features = [
        {"type": "Feature", "properties": {"kod": n}, "geometry": g} for n, g in enumerate((good, bad))
    ]
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    taken, refused = (await read("geodata", path=str(tmp_path / "a.geojson"), key="kod"))[0]

    assert taken.fields["geometry"] == good
    assert (refused.stage, refused.place) == ("geometry", "a.geojson:1.geometry")
    assert refused.reason.startswith("is no geometry: ")


async def test_a_feature_without_geometry_keeps_its_attributes(write: Write, read: Read) -> None:
    """No geometry is no mistake of the feature: its mapping may do without."""
    found, _ = await read("geodata", path=str(write("h.gpkg", np.array([None, HOUSES[0]]))))

    assert [each.fields["geometry"] is None for each in found] == [True, False]
    assert not any(isinstance(each, MessageRejected) for each in found)
