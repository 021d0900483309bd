"""Buildings from a GeoPackage in S-JTSK: the whole way, from the file to the commit, and its memory."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pyogrio.raw
import shapely

from .bench import Bench
from .harvests import harvest
from .measurement import Figure, Floor, measurement

SOURCE = "use: buildings-geodata\nsource: {geodata: {path: buildings.gpkg, key: building_id}}\n"
SOUTH_WEST = (-743100.0, -1053300.0)
SIDE = 20_000.0  # metres of the town's square


@measurement("geodata")
def buildings(bench: Bench) -> list[Figure]:
    """100 000 buildings with eight corners from a GeoPackage in S-JTSK, then the same file again."""
    count = bench.scale(100_000, 10_000)
    folder = Path(tempfile.mkdtemp(dir=bench.directory, prefix="sources-"))
    (folder / "buildings.yaml").write_text(SOURCE)
    write_buildings(folder / "buildings.gpkg", count)
    url = bench.database()
    seconds, memory = harvest(bench, url, folder, "buildings")
    found = bench.value(url, "SELECT count(*) FROM entity WHERE types[1] = 'Building'")
    if found != count:
        raise RuntimeError(f"{found} of {count} buildings came in")
    again, _ = harvest(bench, url, folder, "buildings")
    floor = Floor("figure", "at most", 60.0 * count / 100_000)
    return [
        Figure(f"{count} buildings from a GeoPackage in S-JTSK", seconds, "s", floor=floor),
        Figure("its peak memory", memory, "MB", floor=Floor("figure", "at most", 300)),
        Figure("the same file again", again, "s", seconds, "first run", Floor("ratio", "at most", 0.1)),
    ]


def write_buildings(path: Path, count: int) -> None:
    """Eight corners each, one in a hundred with a self-intersection, spread over a square."""
    numbers = np.random.default_rng(42).uniform(0, SIDE, (2, count))
    west, south = SOUTH_WEST[0] + numbers[0], SOUTH_WEST[1] + numbers[1]
    corners = np.array([(0, 0), (12, 0), (12, 5), (18, 5), (18, 14), (6, 14), (6, 9), (0, 9), (0, 0)])
    rings = np.stack([west, south], axis=1)[:, None, :] + corners[None, :, :]
    rings[::100, [1, 2]] = rings[::100, [2, 1]]
    columns = {
        "building_id": np.array([f"B{number}" for number in range(count)], dtype=object),
        "use": np.array(
            [("house", "apartments", "office")[number % 3] for number in range(count)], dtype=object
        ),
        "street": np.array([f"Ulice {number % 900}" for number in range(count)], dtype=object),
        "number": np.array([str(number % 120) for number in range(count)], dtype=object),
        "city": np.array(["Mimov"] * count, dtype=object),
        "floors": np.array([1 + number % 9 for number in range(count)]),
    }
    pyogrio.raw.write(
        path,
        shapely.to_wkb(shapely.polygons(rings)),
        list(columns.values()),
        list(columns),
        geometry_type="Polygon",
        crs="EPSG:5514",
    )
