"""Geodata, feature services and registers through whole harvests: written, unchanged, changed, gone."""

from __future__ import annotations

import gzip
import shutil
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely
from tests.faulty_server import FaultyServer

from mimas.adapters.mapping import shipped_mappings

from .conftest import Town

SAMPLE = next(iter(shipped_mappings().values())).parent / "samples" / "ruian-state.xml"
CHANGES = """<?xml version="1.0" encoding="UTF-8"?>
<vf:VymennyFormat xmlns:vf="urn:cz:isvs:ruian:schemas:VymennyFormatTypy:v1"><vf:Hlavicka>
<vf:TypDavky>Prirustek</vf:TypDavky><vf:TransakceDo><vf:Id>8000001</vf:Id></vf:TransakceDo></vf:Hlavicka>
<vf:Data><vf:ZaniklePrvky><vf:ZaniklyPrvek><vf:TypPrvkuKod>AD</vf:TypPrvkuKod>
<vf:PrvekId>99100002</vf:PrvekId></vf:ZaniklyPrvek></vf:ZaniklePrvky></vf:Data></vf:VymennyFormat>"""


def write_houses(path: Path, codes: list[str], floors: int = 2) -> None:
    """Buildings in Prague, in S-JTSK, one beside the other."""
    west = -743110.0 + 30 * np.arange(len(codes))
    houses = shapely.box(west, -1043310.0, west + 10, -1043298.0)
    columns = [np.array(codes, dtype=object), np.full(len(codes), floors)]
    pyogrio.raw.write(
        path,
        shapely.to_wkb(houses),
        columns,
        ["building_id", "floors"],
        geometry_type="Polygon",
        crs="EPSG:5514",
    )


async def test_buildings_of_a_geopackage(town: Town) -> None:
    """Written once; nothing while the file is the same; what changed changes, and a row that went goes."""
    path = town.folder / "houses.gpkg"
    codes = [f"H{number}" for number in range(10)]
    write_houses(path, codes)
    town.configure(
        "use: buildings-geodata\nsource: {geodata: {path: houses.gpkg, key: building_id}}\ndelete: true\n"
    )
    first = await town.run()
    again = await town.run()
    path.unlink()
    write_houses(path, codes[:-1], floors=3)
    changed = await town.run()
    entities = await town.entities()

    assert (first.state, first.tally.counts()["created"]) == ("finished", 10)
    assert again.state == "unchanged"
    assert (changed.tally.counts()["changed"], changed.tally.counts()["deleted"]) == (9, 1)
    assert sorted(entities) == codes[:-1]
    assert entities["H0"]["location"]["value"]["coordinates"][0][0] == pytest.approx(
        [14.4178003, 50.0844628], abs=1e-6
    )


async def test_a_doubled_key_is_refused(town: Town) -> None:
    """Two buildings with one number: the second goes into the quarantine, and nothing is dropped silently."""
    write_houses(town.folder / "houses.gpkg", ["H1", "H2", "H3", "H4", "H5", "H5"])
    town.configure("use: buildings-geodata\nsource: {geodata: {path: houses.gpkg, key: building_id}}\n")
    report = await town.run()

    assert sorted(await town.entities()) == ["H1", "H2", "H3", "H4", "H5"]
    assert (report.tally.counts()["rejected"], len(await town.quarantine())) == (1, 1)


async def test_swapped_coordinates_stop_the_source(town: Town) -> None:
    """When all lie outside of the town the run is refused, and the quarantine says which axes would fit."""
    write_houses(town.folder / "houses.gpkg", ["H1", "H2"])
    options = "{path: houses.gpkg, key: building_id, axes: yx}"
    town.configure(f"use: buildings-geodata\nsource: {{geodata: {options}}}\n")
    report = await town.run()

    assert report.state == "refused"
    assert await town.entities() == {}
    assert [stage for stage, _, _ in await town.quarantine()] == ["geometry", "geometry"]


async def test_a_file_behind_a_url(town: Town, server: FaultyServer) -> None:
    """A GeoPackage is fetched, and not again while the server says that it is the same."""
    write_houses(town.folder / "houses.gpkg", ["H1", "H2"])
    server.put("/houses.gpkg", (town.folder / "houses.gpkg").read_bytes())
    town.configure(f"use: buildings-geodata\nsource: {{geodata: {{url: '{server.url('/houses.gpkg')}'}}}}\n")

    assert (await town.run()).state == "finished"
    assert (await town.run()).state == "unchanged"
    assert len(await town.entities()) == 2


async def test_ruian_with_a_change_file(town: Town) -> None:
    """The state of a town, then a day's changes: an address that is gone is deleted, the rest stays."""
    folder = town.folder / "ruian"
    folder.mkdir()
    with SAMPLE.open("rb") as state, gzip.open(folder / "20251231_OB_999901_UZSZ.xml.gz", "wb") as packed:
        shutil.copyfileobj(state, packed)
    town.configure("use: ruian\nsource: {ruian: {path: ruian}}\ndelete: {share: 0.5}\n")
    first = await town.run()
    (folder / "20260101_ST_ZZSZ.xml").write_text(CHANGES)
    second = await town.run()
    entities = await town.entities()

    assert (first.state, first.tally.counts()["created"]) == ("finished", 4)
    assert (second.state, second.tally.counts()["deleted"]) == ("finished", 1)
    assert sorted(entities) == ["99000001", "99000002", "99100001"]
    assert entities["99100001"]["refBuilding"]["object"] == "urn:ngsi-ld:Building:ruian:99000001"
    assert entities["99100001"]["license"]["value"] == "https://creativecommons.org/licenses/by/4.0/"
