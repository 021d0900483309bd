"""The kinds of sources: ours in one list, others' through the entry points `mimas.adapters`.

A kind is a stream (`source.Source`: messages arrive) or is harvested (`harvest.RecordSource`: read again by
schedule); the object that its factory makes tells which.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import Any, TypeGuard

from .harvest import RecordSource
from .mapping import MappingError, MappingFile, load_mapping
from .source import Source, SourceError, Surroundings, source_kind

GROUP = "mimas.adapters"

AnySource = Source | RecordSource
AnyFactory = Callable[[MappingFile, Surroundings], AnySource]


@dataclass(frozen=True, slots=True)
class Kind:
    """Where a kind of source is, imported when it is used, and the extra that brings what it needs."""

    factory: str
    extra: str = "platform"


BUILTIN: dict[str, Kind] = {
    "mqtt": Kind("mimas.adapters.mqtt:MqttSource"),
    "file": Kind("mimas.adapters.files:FileSource"),
    "table": Kind("mimas.adapters.table_source:TableSource", extra="records"),
    "http": Kind("mimas.adapters.push:PushSource"),
    "modbus": Kind("mimas.adapters.modbus:ModbusSource", extra="modbus"),
    "opcua": Kind("mimas.adapters.opcua:OpcUaSource", extra="opcua"),
    "geodata": Kind("mimas.adapters.geo.files:GeodataSource", extra="records"),
    "wfs": Kind("mimas.adapters.geo.wfs:WfsSource", extra="records"),
    "ogcapi_features": Kind("mimas.adapters.geo.ogcapi:OgcApiSource", extra="records"),
    "xml": Kind("mimas.adapters.registers.source:RegisterSource", extra="records"),
    "ruian": Kind("mimas.adapters.registers.ruian:RuianSource", extra="records"),
    "json": Kind("mimas.adapters.feeds.json_feed:JsonFeed"),
    "ckan": Kind("mimas.adapters.catalogues.ckan:CkanCatalogue"),
    "dcat-ap": Kind("mimas.adapters.catalogues.dcat:DcatCatalogue"),
    "sdmx": Kind("mimas.adapters.observations.sdmx:SdmxFeed", extra="records"),
    "json-stat": Kind("mimas.adapters.observations.json_stat:JsonStatFeed"),
    "gbfs": Kind("mimas.adapters.mobility.gbfs:GbfsSystem"),
    "gtfs": Kind("mimas.adapters.mobility.gtfs:GtfsSchedule"),
    "gtfs-realtime": Kind("mimas.adapters.mobility.gtfs_realtime:GtfsRealtime", extra="records"),
    "ocpi": Kind("mimas.adapters.mobility.ocpi:OcpiLocations"),
    "sensorthings": Kind("mimas.adapters.sensorthings:SensorThings"),
}


def source_kinds() -> list[str]:
    """The names of all kinds of sources that can be used here."""
    return sorted({*BUILTIN, *(point.name for point in entry_points(group=GROUP))})


def create_source(file: MappingFile, surroundings: Surroundings) -> AnySource:
    """The source that `file` configures; SourceError when its kind is not known or cannot be loaded."""
    kind = source_kind(file)
    try:
        return _load(kind)(file, surroundings)
    except ModuleNotFoundError as error:
        raise missing_package(kind, error) from error


def is_harvested(source: Any) -> TypeGuard[RecordSource]:
    """Say whether a source ends and is read again, rather than delivers as things happen."""
    return hasattr(source, "records")


def is_stream(source: Any) -> TypeGuard[Source]:
    """Say whether a source delivers messages as things happen."""
    return hasattr(source, "messages")


def missing_package(kind: str, error: ModuleNotFoundError) -> SourceError:
    """What to install for a kind of source that lacks a package."""
    extra = BUILTIN[kind].extra if kind in BUILTIN else None
    mend = f"pip install 'mimas[{extra}]'" if extra else "install what the package of this source asks for"
    return SourceError(f"the source {kind!r} needs {error.name}: {mend}")


def load_sources(folder: Path) -> Iterator[MappingFile | MappingError]:
    """Every source configured in `folder` (or the one file), by name; a wrong one comes as its error."""
    paths = [folder] if folder.is_file() else sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
    for path in paths:
        try:
            yield load_mapping(path)
        except MappingError as error:
            yield error


def _load(kind: str) -> AnyFactory:
    if kind in BUILTIN:
        module, _, name = BUILTIN[kind].factory.partition(":")
        builtin: AnyFactory = getattr(importlib.import_module(module), name)
        return builtin
    found: list[EntryPoint] = [point for point in entry_points(group=GROUP) if point.name == kind]
    if not found:
        raise SourceError(f"no kind of source is called {kind!r}; there are {', '.join(source_kinds())}")
    try:
        factory: AnyFactory = found[0].load()
    except ImportError as error:
        raise SourceError(f"the source {kind!r} of {found[0].value} cannot be loaded: {error}") from error
    return factory
