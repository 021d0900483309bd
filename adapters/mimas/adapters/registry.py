"""The kinds of sources: ours in one list, others' through the entry points `mimas.adapters`."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from .files import FileSource
from .mapping import MappingError, MappingFile, load_mapping
from .modbus import ModbusSource
from .mqtt import MqttSource
from .opcua import OpcUaSource
from .push import PushSource
from .source import Source, SourceError, SourceFactory, Surroundings, source_kind

GROUP = "mimas.adapters"

BUILTIN: dict[str, SourceFactory] = {
    "mqtt": MqttSource,
    "file": FileSource,
    "http": PushSource,
    "modbus": ModbusSource,
    "opcua": OpcUaSource,
}


def source_kinds() -> list[str]:
    """The names of all kinds of sources that can be used here."""
    return sorted({*BUILTIN, *(point.name for point in entry_points(group=GROUP))})


def create_source(file: MappingFile, surroundings: Surroundings) -> Source:
    """The source that `file` configures; SourceError when its kind is not known."""
    kind = source_kind(file)
    factory = BUILTIN.get(kind) or _load(kind)
    return factory(file, surroundings)


def load_sources(folder: Path) -> Iterator[MappingFile | MappingError]:
    """Every source configured in `folder` (or the one file), by name; a wrong one comes as its error."""
    paths = [folder] if folder.is_file() else sorted((*folder.glob("*.yaml"), *folder.glob("*.yml")))
    for path in paths:
        try:
            yield load_mapping(path)
        except MappingError as error:
            yield error


def _load(kind: str) -> SourceFactory:
    found: list[EntryPoint] = [point for point in entry_points(group=GROUP) if point.name == kind]
    if not found:
        raise SourceError(f"no kind of source is called {kind!r}; there are {', '.join(source_kinds())}")
    try:
        factory: SourceFactory = found[0].load()
    except ImportError as error:
        raise SourceError(f"the source {kind!r} of {found[0].value} cannot be loaded: {error}") from error
    return factory
