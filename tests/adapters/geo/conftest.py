"""Geodata files written by GDAL, and sources over them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from tests.adapters.harvesting import LocalHarvest, harvested

from mimas.adapters.harvest import RecordSource
from mimas.adapters.mapping import load_mapping
from mimas.adapters.registry import create_source
from mimas.adapters.source import Surroundings

MAPPING = """\
source: {{{kind}: {options}}}
entities:
  b: {{type: Building, id: "urn:x:{{kod}}", attributes: {{location: {{geo: {{path: geometry}}}}}}}}
"""
# Three buildings in Prague, in S-JTSK as EPSG:5514 has it: both coordinates negative, x is the larger one.
HOUSES = shapely.box(
    [-743110.0, -743080.0, -743050.0], -1043310.0, [-743100.0, -743070.0, -743040.0], -1043298.0
)

Write = Callable[..., Path]
Source = Callable[..., RecordSource]
Read = Callable[..., Any]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file with `kod`, `floors` and `street`, and gives its path."""

    def write_file(
        name: str, geometries: Any = HOUSES, crs: str | None = "EPSG:5514", **options: Any
    ) -> Path:
        path = tmp_path / name
        rows = range(len(geometries))
        fields = {
            "kod": np.array([f"B{row}" for row in rows], dtype=object),
            "floors": np.array(list(rows), dtype=np.int32),
            "street": np.array(["Žluťoučká"] * len(geometries), dtype=object),
        }
        kinds = {each.geom_type for each in geometries if each is not None}
        pyogrio.raw.write(
            path,
            shapely.to_wkb(np.asarray(geometries, dtype=object)),
            list(fields.values()),
            list(fields),
            geometry_type=options.pop("geometry_type", kinds.pop() if len(kinds) == 1 else "Unknown"),
            crs=crs,
            **options,
        )
        return path

    return write_file


@pytest.fixture
def source(tmp_path: Path) -> Source:
    """A source of a kind with the given options."""

    def make(kind: str, **options: Any) -> RecordSource:
        import json

        path = tmp_path / "town.yaml"
        path.write_text(MAPPING.format(kind=kind, options=json.dumps(options)), encoding="utf-8")
        made: Any = create_source(load_mapping(path), Surroundings("", None))  # type: ignore[arg-type]
        return made

    return make


@pytest.fixture
def read(source: Source, tmp_path_factory: pytest.TempPathFactory) -> Read:
    """What one run of a source yields, and the run."""

    async def read_all(
        kind: str, kept: Mapping[str, Any] | None = None, *, full: bool = False, **options: Any
    ) -> tuple[Sequence[Any], LocalHarvest]:
        run = LocalHarvest(tmp_path_factory.mktemp("run"), kept, full=full)
        return await harvested(source(kind, **options), run), run

    return read_all
