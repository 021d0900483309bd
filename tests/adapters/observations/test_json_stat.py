"""JSON-stat 2.0 and 1.x, as https://json-stat.org/full/ describes them."""

from __future__ import annotations

from typing import Any

import pytest
from tests.adapters.conftest import HarvestText
from tests.adapters.provider import Provider, Reply

from mimas.adapters.source import SourceError

MAPPING = "use: json-stat\nsource: {{json-stat: {{url: '{url}'}}}}\nlet: {{dataset: {{value: d}}}}\n"
DIMENSIONS: dict[str, Any] = {
    "sex": {"label": "Sex", "category": {"index": ["F", "M"], "label": {"F": "Women", "M": "Men"}}},
    "geo": {"category": {"label": {"CZ": "Czechia"}}},
    "time": {"category": {"index": {"2024Q2": 1, "2024Q1": 0}}},
}
DATASET: dict[str, Any] = {
    "version": "2.0",
    "class": "dataset",
    "label": "Population",
    "id": ["sex", "geo", "time"],
    "size": [2, 1, 2],
    "role": {"time": ["time"], "geo": ["geo"]},
    "dimension": DIMENSIONS,
    "value": [1, 2, None, 4],
    "status": {"2": "c", "3": "p"},
    "extension": {"id": "POP", "status": {"label": {"p": "provisional"}}},
}
CELLS = [("F.CZ.2024Q1", 1), ("F.CZ.2024Q2", 2), ("M.CZ.2024Q1", None), ("M.CZ.2024Q2", 4)]
VERSION_1 = {
    "population": {
        "label": "Population",
        "dimension": DIMENSIONS
        | {"id": ["sex", "geo", "time"], "size": [2, 1, 2], "role": {"time": ["time"]}},
        "value": {"0": 1, "1": 2, "3": 4},
        "status": {"2": "c", "3": "p"},
    }
}
COLLECTION = {"version": "2.0", "class": "collection", "link": {"item": [DATASET]}}


def serve(provider: Provider, body: Any) -> str:
    return MAPPING.format(url=provider.put("/data", Reply(body)))


@pytest.mark.parametrize("body", [DATASET, VERSION_1, COLLECTION], ids=["2.0", "1.x", "collection"])
async def test_every_version_gives_the_same_observations(
    provider: Provider, harvest: HarvestText, body: Any
) -> None:
    """Cells in row-major order, from lists and sparse objects; categories by list, by number, by label."""
    done = await harvest(serve(provider, body))

    assert [(each.key, each.fields["value"]) for each in done.records] == CELLS
    assert done.records[0].fields["dimensions"]["sex"] == {"code": "F", "label": "Women"}
    assert done.records[0].fields["period"]["to"] == "2024-03-31"


async def test_a_series_is_one_indicator(provider: Provider, harvest: HarvestText) -> None:
    """Its times are values of one entity; a cell without a value makes none."""
    done = await harvest(serve(provider, DATASET))

    assert sorted(done.documents) == [
        "urn:ngsi-ld:KeyPerformanceIndicator:d:F.CZ",
        "urn:ngsi-ld:KeyPerformanceIndicator:d:M.CZ",
    ]
    assert done.documents["urn:ngsi-ld:KeyPerformanceIndicator:d:M.CZ"]["status"]["value"] == "provisional"


async def test_a_status_for_all_cells(provider: Provider, harvest: HarvestText) -> None:
    """One word, or a list of one, holds for every cell."""
    for status in ("e", ["e"]):
        done = await harvest(serve(provider, DATASET | {"status": status}))

        assert [each.fields["attributes"]["status"]["code"] for each in done.records] == ["e"] * 4


async def test_a_dataset_without_cells_is_empty(provider: Provider, harvest: HarvestText) -> None:
    """A query may find nothing: that is an answer."""
    empty = {"time": {"category": {"index": []}}}
    done = await harvest(
        serve(
            provider, DATASET | {"id": ["time"], "size": [0], "dimension": empty, "value": [], "status": {}}
        )
    )

    assert (done.records, done.rejections) == ([], [])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": [2, 1, 3]}, "time has 2 categories, its size is 3"),
        ({"size": [2, 1]}, "id and size do not fit"),
        ({"value": [1, 2, 3, 4, 5]}, "more value entries than the 4 cells"),
        ({"value": {"9": 1}}, "more value entries than the 4 cells"),
        ({"dimension": {}}, "sex has no categories"),
        ({"class": "dimension", "value": None, "id": None, "size": None}, "holds no JSON-stat dataset"),
    ],
)
async def test_parts_that_do_not_fit_are_refused(
    provider: Provider, harvest: HarvestText, change: dict[str, Any], message: str
) -> None:
    """A value at the wrong place would be worse than none."""
    body = {name: value for name, value in (DATASET | change).items() if value is not None}

    with pytest.raises(SourceError, match=message):
        await harvest(serve(provider, body))
