"""Where data lie: whether longitude comes before latitude, judged by the service area of the target."""

from __future__ import annotations

from collections.abc import Iterable

from ..verdicts import Failure, NotTested, Warn
from .geometry import Box, Position


def expect_lon_lat(found: Iterable[Position], area: Box | None) -> None:
    """Positions (longitude, latitude) lie in the world and, by and large, in the service area.

    Failure when the axes are exchanged, Warn when neither order fits, NotTested when there are none.
    """
    points = [each[:2] for each in found]
    if not points:
        raise NotTested("There is no position to look at.")
    beyond = [each for each in points if abs(each[1]) > 90 or abs(each[0]) > 180]
    if beyond:
        raise Failure(
            f"{len(beyond)} of {len(points)} positions lie nowhere on earth, such as {beyond[0]}.",
            mend="Give longitude before latitude, in degrees (RFC 7946, 4).",
        )
    if area is not None:
        _expect_in(area, points)


def _expect_in(area: Box, points: list[Position]) -> None:
    inside = sum(_holds(area, x, y) for x, y in points) / len(points)
    turned = sum(_holds(area, y, x) for x, y in points) / len(points)
    if inside < 0.5 and turned > 0.9:
        raise Failure(
            f"{inside:.0%} of {len(points)} positions lie in the service area, and "
            f"{turned:.0%} with the axes "
            "exchanged: latitude stands before longitude.",
            mend="Give longitude before latitude.",
        )
    if inside < 0.5:
        raise Warn(f"Only {inside:.0%} of {len(points)} positions lie in the service area of the target.")


def _holds(area: Box, x: float, y: float) -> bool:
    west, south, east, north = area
    return (west <= x <= east if west <= east else x >= west or x <= east) and south <= y <= north
