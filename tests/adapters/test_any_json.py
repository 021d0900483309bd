"""Answers that are JSON but not what a specification says: refused or read, never a fault of ours."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.adapters.catalogues.test_ckan import package
from tests.adapters.mobility.test_ocpi import RAW
from tests.adapters.observations.test_json_stat import DATASET, VERSION_1
from tests.adapters.observations.test_sdmx import FLAT, JSON_1, JSON_2

from mimas.adapters.catalogues.ckan import read_package
from mimas.adapters.feeds.json_feed import transpose
from mimas.adapters.harvest import Record
from mimas.adapters.messages import MessageRejected
from mimas.adapters.mobility.gbfs import station_state
from mimas.adapters.mobility.ocpi import read_location
from mimas.adapters.observations.json_stat import read_datasets
from mimas.adapters.observations.sdmx_json import read_message
from mimas.adapters.sensorthings import read_observation, read_stream
from mimas.adapters.source import SourceError

STREAM: dict[str, Any] = {
    "@iot.id": 1,
    "phenomenonTime": "2026-01-01T00:00:00Z/2026-01-02T00:00:00Z",
    "unitOfMeasurement": {"symbol": "cm"},
    "ObservedProperty": {"@iot.id": 1, "name": "Level"},
    "Thing": {"@iot.id": 5, "Locations": [{"location": {"type": "Point", "coordinates": [1, 2]}}]},
}
OBSERVATION = {"@iot.id": 9, "phenomenonTime": "2026-01-01T00:00:00Z", "result": 1}
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-3, 10**12), st.floats(), st.text(max_size=5))
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def read_things(content: Any) -> Iterable[Any]:
    if isinstance(content, dict) and "@iot.id" in content:
        return [read_observation(OBSERVATION, read_stream(content))]
    return []


READERS: list[tuple[Any, Callable[[Any], Iterable[Any]]]] = [
    (DATASET, lambda content: read_datasets(content, "x")),
    (VERSION_1, lambda content: read_datasets(content, "x")),
    (JSON_1, lambda content: read_message(content, "x", "cs")),
    (JSON_2, lambda content: read_message(content, "x", "cs")),
    (FLAT, lambda content: read_message(content, "x", None)),
    (package("a", "2026-01-01T00:00:00"), lambda content: read_package(content, "x")),
    (RAW, lambda content: [read_location(content, "x")]),
    (STREAM, read_things),
    (OBSERVATION, lambda content: [read_observation(content, read_stream(STREAM))]),
    ({"a": [1, 2], "b": [3, 4]}, lambda content: transpose(content) if isinstance(content, dict) else []),
    (
        {"num_vehicles_available": 1, "is_renting": True},
        lambda content: [station_state(content)] if isinstance(content, dict) else [],
    ),
]


def places(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every spot of a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(spot for name, each in inner for spot in places(each, (*at, name)))]


def put(document: Any, at: tuple[Any, ...], value: Any) -> Any:
    """The document with another value at one spot."""
    if not at:
        return value
    changed = copy.deepcopy(document)
    holder = changed
    for step in at[:-1]:
        holder = holder[step]
    holder[at[-1]] = value
    return changed


@pytest.mark.parametrize(("document", "read"), READERS)
@given(data=st.data())
def test_anything_at_any_spot_is_read_or_refused(
    document: Any, read: Callable[[Any], Iterable[Any]], data: st.DataObject
) -> None:
    """Records and refusals come out, or SourceError; nothing else is raised."""
    spot = data.draw(st.sampled_from(places(document)))
    changed = put(document, spot, data.draw(ANY))
    try:
        found = list(read(changed))
    except SourceError:
        return

    assert all(isinstance(each, Record | MessageRejected | dict | str) for each in found)
