"""What a page costs deep in a list."""

from __future__ import annotations

import re

from . import load, town
from .bench import Bench
from .measurement import Figure, Floor, measurement
from .reads import fill

PAGE = 20
_NEXT = re.compile(rb'<([^>]+)>; *rel="next"')


@measurement("paging")
def deep_pages(bench: Bench) -> list[Figure]:
    """A page at depth 90 000 against the first one: by the `next` link, and by a bare offset."""
    url = bench.database()
    process = bench.broker(url)
    stored = fill(bench, process.port, bench.scale(100_000, 20_000))
    bench.execute("VACUUM ANALYZE", url=url)
    depth = stored * 9 // 10
    first = f"{town.ENTITIES}?type={town.TYPE}&limit={PAGE}"
    before = load.get(process.port, f"{first}&offset={depth - PAGE}")
    following = _NEXT.search(before)
    assert following is not None
    pages = {"first": first, "link": following[1].decode(), "offset": f"{first}&offset={depth}"}
    best = {name: _cost(bench, process.port, path) for name, path in pages.items()}
    what = f"page at depth {depth}"
    floor = Floor("ratio", "at most", 1.5)
    return [
        Figure(f"{what}, by the next link", best["link"], "ms", best["first"], "first page", floor),
        Figure(f"{what}, by offset", best["offset"], "ms", best["first"], "first page"),
    ]


def _cost(bench: Bench, port: int, path: str) -> float:
    """The median of one client's answers, in milliseconds; the best of the rounds."""
    requests = [load.request("GET", path)] * bench.scale(200, 50)
    return min(
        load.run(port, requests, connections=1).require(200).percentile(0.5) for _ in range(bench.rounds)
    )
