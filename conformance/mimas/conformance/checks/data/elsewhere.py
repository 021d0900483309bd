"""Units and formats of SensorThings and OGC API Features (MIM2 R1.1, R3.1)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from ...probe import Probe
from ...verdicts import Failure, NotTested, Warn, fail_if_any
from ..declaration import check
from .sources import Data

CLAUSE = "OGC 18-088, 8.2.4 (unitOfMeasurement)"


@check(
    "DATA.units-are-stated@sensorthings", requirement="MIM2-R1.1c", mechanism="sensorthings", clause=CLAUSE
)
def datastreams_state_units(probe: Probe) -> None:
    """Each Datastream has a unit with name and symbol; its definition is an IRI."""
    answer = probe.read("Datastreams?$top=50", Accept="application/json").expect(200)
    value = answer.json_object().get("value")
    streams = [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
    if not streams:
        raise NotTested("There is no Datastream.")
    fail_if_any(
        (_named(each) for each in streams if not _has_unit(each)),
        "Without a unit: {}.",
        mend="Fill unitOfMeasurement.",
    )
    vague = [_named(each) for each in streams if not _defined(each)]
    if vague:
        raise Warn(f"Units whose definition is no IRI: {vague[:5]}.", mend="Name the unit by QUDT or UCUM.")


@check("DATA.open-format.sensorthings", requirement="MIM2-R3.1", mechanism="sensorthings")
def observations_in_an_open_format(probe: Probe) -> None:
    """Observations come as JSON."""
    answer = probe.read("Observations?$top=5", Accept="application/json").expect(200)
    if "json" not in answer.media_type:
        raise Failure(f"{answer} as {answer.media_type}.", mend="Serve JSON.")
    answer.json_object()


@check("DATA.open-format.features", requirement="MIM2-R3.1", mechanism="ogcapi-features")
def features_in_an_open_format(probe: Probe) -> None:
    """Features come as GeoJSON or GML, and can be read."""
    probe.note("features read", len(Data(probe).items))


def _unit(stream: dict[str, Any]) -> dict[str, Any]:
    unit = stream.get("unitOfMeasurement")
    return unit if isinstance(unit, dict) else {}


def _has_unit(stream: dict[str, Any]) -> bool:
    """Name and symbol; a Datastream of words or truth values says so by its observationType."""
    unit = _unit(stream)
    if str(stream.get("observationType", "")).endswith(("TruthObservation", "CategoryObservation")):
        return True
    return bool(unit.get("name")) and bool(unit.get("symbol"))


def _defined(stream: dict[str, Any]) -> bool:
    definition = _unit(stream).get("definition")
    return not _unit(stream).get("name") or bool(urlsplit(str(definition or "")).scheme)


def _named(stream: dict[str, Any]) -> str:
    return str(stream.get("name") or stream.get("@iot.id"))
