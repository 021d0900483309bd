"""SDMX data messages as their specifications say: JSON 1.0 and 2.0, CSV 1.0 and 2.0, ML 2.1 and 3.0."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.adapters.conftest import Harvested, HarvestText
from tests.adapters.provider import Provider, Reply

from mimas.adapters.observations.sdmx_xml import read_data
from mimas.adapters.source import SourceError

MAPPING = "use: sdmx\nsource: {{sdmx: {{url: '{url}'{more}}}}}\nlet: {{dataset: {{value: POP}}}}\n"
CSV = "application/vnd.sdmx.data+csv"
XML = "application/vnd.sdmx.structurespecificdata+xml"


def component(name: str, *values: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {"id": name, "values": [{"id": code, "name": label} for code, label in values], **more}


# https://github.com/sdmx-twg/sdmx-json, data-message, series layout.
STRUCTURE: dict[str, Any] = {
    "dimensions": {
        "dataSet": [],
        "series": [
            component("FREQ", ("A", "Annual")),
            component("GEO", ("CZ", "Czechia"), ("SK", "Slovakia")),
        ],
        "observation": [component("TIME_PERIOD", ("2023", "2023"), ("2024", "2024"), role="time")],
    },
    "attributes": {
        "dataSet": [],
        "series": [],
        "observation": [component("OBS_STATUS", ("P", "Provisional"))],
    },
}
SERIES = {
    "series": {
        "0:0": {"observations": {"0": [10.5, None], "1": [11, 0]}},
        "0:1": {"observations": {"1": [None]}},
    }
}
JSON_1 = {"header": {"id": "x"}, "dataSets": [SERIES], "structure": STRUCTURE}
JSON_2 = {
    "meta": {"schema": "..."},
    "data": {"dataSets": [SERIES | {"structure": 0}], "structures": [STRUCTURE]},
}
FLAT = {
    "header": {},
    "dataSets": [{"observations": {"0:0:0": [10.5, None], "0:0:1": [11, 0], "0:1:1": [None]}}],
    "structure": {
        "dimensions": {
            "observation": [*STRUCTURE["dimensions"]["series"], *STRUCTURE["dimensions"]["observation"]]
        },
        "attributes": {"observation": STRUCTURE["attributes"]["observation"]},
    },
}
# https://github.com/sdmx-twg/sdmx-csv: version 1.0 with labels=both, version 2.0 with codes.
CSV_1 = (
    "DATAFLOW,FREQ: Frequency,GEO: Country,TIME_PERIOD: Time,OBS_VALUE: Value,OBS_STATUS: Status\r\n"
    "ESTAT:POP(1.0),A: Annual,CZ: Czechia,2023: 2023,10.5,\r\n"
    "ESTAT:POP(1.0),A: Annual,CZ: Czechia,2024: 2024,11,P: Provisional\r\n"
    "ESTAT:POP(1.0),A: Annual,SK: Slovakia,2024: 2024,,\r\n"
)
CSV_2 = (
    "STRUCTURE;STRUCTURE_ID;ACTION;FREQ;GEO;TIME_PERIOD;OBS_VALUE;OBS_STATUS\n"
    "dataflow;ESTAT:POP(1.0);I;A;CZ;2023;10.5;\n"
    "dataflow;ESTAT:POP(1.0);I;A;CZ;2024;11;P\n"
    "dataflow;ESTAT:POP(1.0);I;A;SK;2024;NaN;\n"
)
SPECIFIC = """<?xml version="1.0"?>
<message:StructureSpecificData xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
    xmlns:ns1="urn:sdmx:org.sdmx.infomodel.datastructure.Dataflow=ESTAT:POP(1.0):ObsLevelDim:TIME_PERIOD"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
  <message:Header><message:Structure structureID="POP" dimensionAtObservation="TIME_PERIOD"/></message:Header>
  <message:DataSet xsi:type="ns1:DataSetType">
    <Series FREQ="A" GEO="CZ" UNIT_MULT="0">
      <Obs TIME_PERIOD="2023" OBS_VALUE="10.5"/><Obs TIME_PERIOD="2024" OBS_VALUE="11" OBS_STATUS="P"/>
    </Series>
    <Series FREQ="A" GEO="SK"><Obs TIME_PERIOD="2024" OBS_VALUE="NaN"/></Series>
  </message:DataSet>
</message:StructureSpecificData>"""
FLAT_SPECIFIC = """<mes:StructureSpecificData xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v3_0/message">
  <mes:Header><mes:Structure dimensionAtObservation="AllDimensions"/></mes:Header>
  <mes:DataSet>
    <Obs FREQ="A" GEO="CZ" TIME_PERIOD="2023" OBS_VALUE="10.5"/>
    <Obs FREQ="A" GEO="CZ" TIME_PERIOD="2024" OBS_VALUE="11" OBS_STATUS="P"/>
    <Obs FREQ="A" GEO="SK" TIME_PERIOD="2024"/>
  </mes:DataSet>
</mes:StructureSpecificData>"""
GENERIC = """<message:GenericData xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
    xmlns:g="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/data/generic">
  <message:Header><message:Structure dimensionAtObservation="TIME_PERIOD"/></message:Header>
  <message:DataSet>
    <g:Series>
      <g:SeriesKey><g:Value id="FREQ" value="A"/><g:Value id="GEO" value="CZ"/></g:SeriesKey>
      <g:Attributes><g:Value id="UNIT" value="PERS"/></g:Attributes>
      <g:Obs><g:ObsDimension value="2023"/><g:ObsValue value="10.5"/></g:Obs>
      <g:Obs><g:ObsDimension value="2024"/><g:ObsValue value="11"/>
        <g:Attributes><g:Value id="OBS_STATUS" value="P"/></g:Attributes></g:Obs>
    </g:Series>
    <g:Series>
      <g:SeriesKey><g:Value id="FREQ" value="A"/><g:Value id="GEO" value="SK"/></g:SeriesKey>
      <g:Obs><g:ObsDimension value="2024"/></g:Obs>
    </g:Series>
  </message:DataSet>
</message:GenericData>"""
DSD = """<mes:Structure xmlns:mes="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message"
    xmlns:str="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/structure"
    xmlns:com="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/common">
  <mes:Structures>
    <str:Codelists>
      <str:Codelist id="CL_GEO" agencyID="ESTAT" version="1.0">
        <com:Name xml:lang="en">Countries</com:Name>
        <str:Code id="CZ"><com:Name xml:lang="en">Czechia</com:Name>
          <com:Name xml:lang="cs">Česko</com:Name></str:Code>
        <str:Code id="SK"><com:Name xml:lang="en">Slovakia</com:Name></str:Code>
      </str:Codelist>
      <str:Codelist id="CL_STATUS"><str:Code id="P"><com:Name>Provisional</com:Name></str:Code></str:Codelist>
    </str:Codelists>
    <str:DataStructures><str:DataStructure id="POP"><str:DataStructureComponents>
      <str:DimensionList>
        <str:Dimension id="FREQ" position="1"/>
        <str:Dimension id="GEO" position="2"><str:LocalRepresentation><str:Enumeration>
          <Ref id="CL_GEO" agencyID="ESTAT"/></str:Enumeration></str:LocalRepresentation></str:Dimension>
        <str:TimeDimension id="TIME_PERIOD" position="3"/>
      </str:DimensionList>
      <str:AttributeList><str:Attribute id="OBS_STATUS"><str:LocalRepresentation><str:Enumeration>
        urn:sdmx:org.sdmx.infomodel.codelist.Codelist=ESTAT:CL_STATUS(1.0)</str:Enumeration></str:LocalRepresentation>
      </str:Attribute></str:AttributeList>
    </str:DataStructureComponents></str:DataStructure></str:DataStructures>
  </mes:Structures>
</mes:Structure>"""


def serve(provider: Provider, body: Any, media_type: str, more: str = "") -> str:
    content = body.encode() if isinstance(body, str) else body
    return MAPPING.format(url=provider.put("/data", Reply(content, media_type)), more=more)


def told(done: Harvested) -> list[tuple[Any, ...]]:
    return [(each.key, each.fields["series"], each.fields["value"]) for each in done.records]


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        pytest.param(JSON_1, "application/vnd.sdmx.data+json", id="json-1"),
        pytest.param(JSON_2, "application/vnd.sdmx.data+json", id="json-2"),
        pytest.param(FLAT, "application/vnd.sdmx.data+json", id="json-flat"),
        pytest.param(CSV_1, CSV, id="csv-1"),
        pytest.param("\ufeff" + CSV_2, CSV, id="csv-2"),
        pytest.param(SPECIFIC, XML, id="specific"),
        pytest.param(FLAT_SPECIFIC, XML, id="specific-3-flat"),
        pytest.param(GENERIC, "application/vnd.sdmx.genericdata+xml", id="generic"),
    ],
)
async def test_every_format_gives_the_same_observations(
    provider: Provider, harvest: HarvestText, body: Any, media_type: str
) -> None:
    """Codes in the order of the dimensions; attributes are no part of the key; no value stays no value."""
    done = await harvest(serve(provider, body, media_type))

    assert told(done) == [("A.CZ.2023", "A.CZ", 10.5), ("A.CZ.2024", "A.CZ", 11), ("A.SK.2024", "A.SK", None)]
    assert [each.fields["attributes"].get("OBS_STATUS", {}).get("code") for each in done.records] == [
        None,
        "P",
        None,
    ]
    assert done.rejections == []


async def test_labels_come_with_json_and_csv(provider: Provider, harvest: HarvestText) -> None:
    """What a code means stands beside it, and the indicator is called by it."""
    for body, media_type in ((JSON_1, "application/vnd.sdmx.data+json"), (CSV_1, CSV)):
        done = await harvest(serve(provider, body, media_type))
        indicator = done.documents["urn:ngsi-ld:KeyPerformanceIndicator:POP:A.CZ"]

        assert done.records[1].fields["dimensions"]["GEO"] == {"code": "CZ", "label": "Czechia"}
        assert indicator["name"]["value"] == "Annual, Czechia"
        assert indicator["kpiValue"] == {
            "type": "Property",
            "value": 11,
            "observedAt": "2025-01-01T00:00:00Z",
        }


async def test_labels_of_xml_come_from_the_structure(provider: Provider, harvest: HarvestText) -> None:
    """In the language asked for where there is one; it also says that UNIT_MULT is no dimension."""
    more = f", language: cs, structure: '{provider.put('/dsd', Reply(DSD.encode(), 'application/xml'))}'"
    done = await harvest(serve(provider, SPECIFIC, XML, more))

    assert [each.fields["dimensions"]["GEO"]["label"] for each in done.records] == [
        "Česko",
        "Česko",
        "Slovakia",
    ]
    assert done.records[1].fields["attributes"]["OBS_STATUS"] == {"code": "P", "label": "Provisional"}
    assert done.records[0].fields["attributes"]["UNIT_MULT"]["code"] == "0"


@pytest.mark.parametrize(
    ("body", "media_type", "message"),
    [
        (SPECIFIC[:-120], XML, "cannot be read as SDMX-ML.*cut off"),
        ("<html><body/></html>", "application/xml", "no SDMX-ML data message"),
        ({"message": "no results"}, "application/json", "no SDMX-JSON data message"),
        ("a,b\n1,2\n", "text/csv", "no SDMX-CSV"),
        (b"PK", "application/zip", "set format to json, csv or xml"),
    ],
)
async def test_a_body_that_is_none_says_so(
    provider: Provider, harvest: HarvestText, body: Any, media_type: str, message: str
) -> None:
    """Truncated XML, a web page, an error in JSON, another table, another type."""
    with pytest.raises(SourceError, match=message):
        await harvest(serve(provider, body, media_type))


async def test_rows_that_break_off_are_refused_alone(provider: Provider, harvest: HarvestText) -> None:
    """A row with too few cells, and one with bytes that are not UTF-8."""
    body = CSV_2.encode() + b"dataflow;x;I;A;C\xff;2024;5;\ndataflow;x;I;A\n"
    done = await harvest(serve(provider, body, CSV))

    assert len(done.records) == 3
    assert [each.place for each in done.rejections] == ["line 5", "line 6"]


async def test_an_index_outside_of_the_structure_is_refused_alone(
    provider: Provider, harvest: HarvestText
) -> None:
    """The observation is named."""
    broken = {"series": {"0:0": {"observations": {"7": [1]}}, "0:9": {"observations": {"0": [1]}}}}
    done = await harvest(serve(provider, JSON_1 | {"dataSets": [broken]}, "application/json"))

    assert (done.records, len(done.rejections)) == ([], 2)


def test_xml_is_streamed(tmp_path: Path) -> None:
    """Observations come before the end of the file was read: a broken end is told after them."""
    path = tmp_path / "long.xml"
    observation = '<Obs FREQ="A" GEO="CZ" TIME_PERIOD="2023" OBS_VALUE="1"/>'
    path.write_text("<m><DataSet>" + observation * 20_000)
    records = read_data(path, "x", {}, frozenset())
    first = [next(records) for _ in range(1000)]

    assert len(first) == 1000
    with pytest.raises(SourceError, match="cut off"):
        list(records)


async def test_entities_outside_of_the_message_are_not_read(
    provider: Provider, harvest: HarvestText, tmp_path: Path
) -> None:
    """Neither files nor URLs."""
    (tmp_path / "secret").write_text("secret")
    head = f'<!DOCTYPE m [<!ENTITY x SYSTEM "file://{tmp_path}/secret">]>'
    body = FLAT_SPECIFIC.replace("<mes:DataSet>", "<mes:DataSet>&x;")
    done = await harvest(serve(provider, head + body, XML))

    assert len(done.records) == 3
    assert "secret" not in str([each.fields for each in done.records])
