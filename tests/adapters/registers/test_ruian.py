"""RUIAN: state and change files of the exchange format, address tables, and what links them."""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.adapters.geo.conftest import Read

from mimas.adapters.harvest import Unchanged
from mimas.adapters.mapping import shipped_mappings
from mimas.adapters.registers.ruian import dated
from mimas.adapters.source import SourceError

STATE = next(iter(shipped_mappings().values())).parent / "samples" / "ruian-state.xml"
CHANGES = """\
<?xml version="1.0" encoding="UTF-8"?>
<vf:VymennyFormat xmlns:vf="urn:cz:isvs:ruian:schemas:VymennyFormatTypy:v1"
  xmlns:ami="urn:cz:isvs:ruian:schemas:AdrMistoIntTypy:v1"
  xmlns:com="urn:cz:isvs:ruian:schemas:CommonTypy:v1" xmlns:obi="urn:cz:isvs:ruian:schemas:ObecIntTypy:v1"
  xmlns:soi="urn:cz:isvs:ruian:schemas:StavObjIntTypy:v1"
  xmlns:uli="urn:cz:isvs:ruian:schemas:UliceIntTypy:v1"
  xmlns:gml="http://www.opengis.net/gml/3.2">
  <vf:Hlavicka><vf:VerzeVFR>3.1</vf:VerzeVFR><vf:TypDavky>Prirustek</vf:TypDavky>
    <vf:TypSouboru>ST_ZZSZ</vf:TypSouboru>
    <vf:TransakceDo><com:Id>{order}</com:Id></vf:TransakceDo>
    <vf:PredchoziSoubor>{previous}</vf:PredchoziSoubor></vf:Hlavicka>
  <vf:Data>
    <vf:Ulice><vf:Ulice><uli:Kod>990022</uli:Kod><uli:Nazev>Nová</uli:Nazev>
      <uli:Obec><obi:Kod>999901</obi:Kod></uli:Obec></vf:Ulice></vf:Ulice>
    <vf:AdresniMista>{addresses}</vf:AdresniMista>
    <vf:ZaniklePrvky>{gone}</vf:ZaniklePrvky>
  </vf:Data>
</vf:VymennyFormat>
"""
ADDRESS = """<vf:AdresniMisto><ami:Kod>{code}</ami:Kod><ami:CisloDomovni>{number}</ami:CisloDomovni>
  <ami:StavebniObjekt><soi:Kod>{building}</soi:Kod></ami:StavebniObjekt>
  <ami:Ulice><uli:Kod>{street}</uli:Kod></ami:Ulice></vf:AdresniMisto>"""
GONE = """<vf:ZaniklyPrvek><vf:TypPrvkuKod>{kind}</vf:TypPrvkuKod>
  <vf:PrvekId>{code}</vf:PrvekId></vf:ZaniklyPrvek>"""
TABLE = """\
Kód ADM;Kód obce;Název obce;Kód MOMC;Název MOMC;Kód obvodu Prahy;Název obvodu Prahy;Kód části obce;\
Název části obce;Kód ulice;Název ulice;Typ SO;Číslo domovní;Číslo orientační;Znak čísla orientačního;PSČ;\
Souřadnice Y;Souřadnice X;Platí Od
99100001;999901;Mimov;;;;;990011;Staré Mimovo;990021;Žluťoučká;č.p.;12;3;a;99901;743100.00;1043300.00;\
2014-01-03T00:00:00
99100003;999902;Jinde;;;;;990012;Jinde;;;č.ev.;7;;;99902;;;2014-01-03T00:00:00
"""


def _changes(folder: Path, day: int, *, previous: str = "", **content: str) -> None:
    text = CHANGES.format(**{"addresses": "", "gone": "", **content}, order=8000000 + day, previous=previous)
    with zipfile.ZipFile(folder / f"202601{day:02}_ST_ZZSZ.xml.zip", "w") as archive:
        archive.writestr(f"202601{day:02}_ST_ZZSZ.xml", text)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the state file of a small town, as it was at the end of a year."""
    folder = tmp_path / "ruian"
    folder.mkdir()
    with STATE.open("rb") as state, gzip.open(folder / "20251231_OB_999901_UZSZ.xml.gz", "wb") as packed:
        shutil.copyfileobj(state, packed)
    return folder


def _by_key(found: Any) -> Mapping[str, Any]:
    return {each.key: each.fields for each in found}


async def test_a_state_file_gives_addresses_and_buildings(folder: Path, read: Read) -> None:
    """Codes become names, S-JTSK becomes WGS 84, an arc in an outline becomes a line."""
    found, run = await read("ruian", path=str(folder))
    fields = _by_key(found)
    address, building = fields["AD.99100001"], fields["SO.99000001"]

    assert sorted(fields) == ["AD.99100001", "AD.99100002", "SO.99000001", "SO.99000002"]
    assert address["element"] == "AdresniMisto"
    assert (address["NazevUlice"], address["NazevCastiObce"], address["NazevObce"]) == (
        "Žluťoučká",
        "Staré Mimovo",
        "Mimov",
    )
    assert address["geometry"] == {"type": "Point", "coordinates": [14.4177812, 50.0845519]}
    assert (building["PocetPodlazi"], building["CislaDomovni"]) == ("4", {"CisloDomovni": "12"})
    assert building["geometry"]["type"] == "Polygon"
    assert len(building["geometry"]["coordinates"][0]) > 20
    assert building["Geometrie"]["DefinicniBod"]["type"] == "Point"
    assert fields["SO.99000002"]["geometry"]["type"] == "Point"
    assert fields["AD.99100002"]["geometry"] is None
    assert not run.is_partial
    with pytest.raises(Unchanged):
        await read("ruian", run.kept, path=str(folder))


async def test_what_else_is_asked_for(folder: Path, read: Read) -> None:
    """Parts and streets are records when they are wanted."""
    found, _ = await read("ruian", path=str(folder), elements=["parts", "streets", "municipalities"])
    fields = _by_key(found)

    assert sorted(fields) == ["CO.990011", "OB.999901", "UL.990021"]
    assert fields["CO.990011"]["NazevObce"] == "Mimov"
    assert fields["CO.990011"]["geometry"]["type"] == "Point"


async def test_change_files_give_changes_and_deletions(folder: Path, read: Read) -> None:
    """After the state only what changed; a new street of the same file has its name already."""
    _, first = await read("ruian", path=str(folder))
    address = ADDRESS.format(code=99100002, number=15, building=99000002, street=990022)
    _changes(folder, 1, addresses=address)
    _changes(folder, 2, gone=GONE.format(kind="AD", code=99100001), previous="20260101_ST_ZZSZ.xml.zip")
    found, second = await read("ruian", first.kept, path=str(folder))
    fields = _by_key(found)

    assert list(fields) == ["AD.99100002"]
    assert (fields["AD.99100002"]["NazevUlice"], fields["AD.99100002"]["NazevCastiObce"]) == (
        "Nová",
        "Staré Mimovo",
    )
    assert second.is_partial
    assert second.deleted == ["AD.99100001"]
    with pytest.raises(Unchanged):
        await read("ruian", second.kept, path=str(folder))


async def test_state_and_changes_in_one_run(folder: Path, read: Read) -> None:
    """The newest word counts: changed, deleted, or deleted and back again; every key comes once."""
    addresses = ADDRESS.format(code=99100002, number=15, building=99000002, street=990021)
    back = ADDRESS.format(code=99100001, number=16, building=99000001, street=990021)
    gone = GONE.format(kind="AD", code=99100001) + GONE.format(kind="SO", code=99000001)
    _changes(folder, 1, addresses=addresses, gone=gone)
    _changes(folder, 3, addresses=back, previous="20260101_ST_ZZSZ.xml.zip")
    found, run = await read("ruian", path=str(folder))
    fields = _by_key(found)

    assert len(found) == len(fields)
    assert sorted(fields) == ["AD.99100001", "AD.99100002", "SO.99000002"]
    assert [fields[key]["CisloDomovni"] for key in ("AD.99100001", "AD.99100002")] == ["16", "15"]
    assert (run.is_partial, run.deleted) == (False, [])


async def test_a_missing_change_file_is_noticed(folder: Path, read: Read) -> None:
    """Each change file names the one before: a hole would lose changes without a word."""
    _changes(folder, 1)
    _changes(folder, 3, previous="20260102_ST_ZZSZ.xml.zip")

    with pytest.raises(
        SourceError, match=r"comes after 20260102_ST_ZZSZ.xml.zip, but 20260101_ST_ZZSZ.xml was"
    ):
        await read("ruian", path=str(folder))


async def test_other_municipalities_are_left_out(folder: Path, read: Read) -> None:
    """Change files are those of the whole country: only what belongs to the declared ones is kept."""
    _changes(folder, 1, addresses=ADDRESS.format(code=1, number=1, building=2, street=3))
    ours, _ = await read("ruian", path=str(folder), municipality=[999901])
    others, _ = await read("ruian", path=str(folder), municipality=["1"])

    assert "AD.1" not in _by_key(ours)
    assert len(ours) == 4
    assert others == []


async def test_address_tables(tmp_path: Path, read: Read) -> None:
    """CSV in cp1250 with positive coordinates, zipped in a folder, under the names of the exchange format."""
    with zipfile.ZipFile(tmp_path / "20251231_OB_ADR_csv.zip", "w") as archive:
        archive.writestr("CSV/20251231_OB_999901_ADR.csv", TABLE.encode("cp1250"))
    found, _ = await read("ruian", path=str(tmp_path / "20251231_OB_ADR_csv.zip"))
    ours, _ = await read("ruian", path=str(tmp_path / "20251231_OB_ADR_csv.zip"), municipality=[999901])
    fields = _by_key(found)

    assert found[0].place == "20251231_OB_999901_ADR.csv:2"
    assert fields["AD.99100001"]["geometry"]["coordinates"] == [14.4177812, 50.0845519]
    assert (fields["AD.99100001"]["NazevUlice"], fields["AD.99100001"]["CisloOrientacniPismeno"]) == (
        "Žluťoučká",
        "a",
    )
    assert fields["AD.99100003"]["geometry"] is None
    assert list(_by_key(ours)) == ["AD.99100001"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (STATE.read_bytes()[:3000], "is not XML, or breaks off"),
        (b"<a><b/></a>", "has no Hlavicka: is it a file of this register"),
        ("Kód ADM;Název obce\n1;x\n".encode("cp1250"), "is no address table"),
    ],
)
async def test_what_cannot_be_read_is_said(tmp_path: Path, read: Read, content: bytes, said: str) -> None:
    """A file that breaks off, another document, a table with other columns."""
    (tmp_path / "a.xml").write_bytes(content)

    with pytest.raises(SourceError, match=said):
        await read("ruian", path=str(tmp_path / "a.xml"))


async def test_entities_and_addresses_elsewhere_are_not_followed(tmp_path: Path, read: Read) -> None:
    """An entity that would bring in a file stays what it is, and gives nothing."""
    (tmp_path / "secret").write_text("SECRET")
    document = STATE.read_text("utf-8").replace("<obi:Nazev>Mimov</obi:Nazev>", "<obi:Nazev>&x;</obi:Nazev>")
    head = f'<!DOCTYPE a [<!ENTITY x SYSTEM "{(tmp_path / "secret").as_uri()}">]>'
    (tmp_path / "a.xml").write_text(document.replace("?>", f"?>{head}", 1), "utf-8")
    found, _ = await read("ruian", path=str(tmp_path / "a.xml"))

    assert len(found) == 4
    assert "SECRET" not in str(found)


def test_dates_in_addresses() -> None:
    """Daily files have their day, state files the end of the month before."""
    assert dated("x/{date}_ST_ZZSZ.xml.zip", date(2026, 3, 1)) == "x/20260301_ST_ZZSZ.xml.zip"
    assert dated("x/{month_end}_OB.xml.zip", date(2026, 3, 1)) == "x/20260228_OB.xml.zip"
