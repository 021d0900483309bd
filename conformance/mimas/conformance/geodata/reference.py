"""Coordinate reference systems: what a code means, where it holds, and how far off a server's numbers are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError, ProjError

from ..verdicts import Failure, Warn
from .geometry import Box, Geometry, Position, positions

# Published transformations differ by up to about 11 m; leaving the change of datum out is off by about 116 m
# in Czechia. Between these two nothing can be said.
FINE_METRES = 15.0
WRONG_METRES = 50.0
_FORMS = (
    re.compile(r"https?://www\.opengis\.net/def/crs/([A-Za-z]+)/[^/]*/([A-Za-z0-9]+)/?"),
    re.compile(r"https?://www\.opengis\.net/gml/srs/([a-z]+)\.xml#([0-9]+)"),
    re.compile(r"urn:(?:x-)?ogc:def:crs:([A-Za-z]+):[^:]*:([A-Za-z0-9]+)"),
    re.compile(r"(EPSG|OGC|CRS):([A-Za-z0-9]+)", re.IGNORECASE),
)


@dataclass(frozen=True, slots=True)
class Crs:
    """A reference system by authority and code, and the text that named it."""

    authority: str
    code: str
    text: str

    def __str__(self) -> str:
        return f"{self.authority}:{self.code}"

    def is_same(self, other: Crs) -> bool:
        """Whether both name the same system."""
        return (self.authority, self.code) == (other.authority, other.code)

    @property
    def name(self) -> str:
        """Its name in the register."""
        return str(_known(self.authority, self.code).name)

    @property
    def is_geographic(self) -> bool:
        """Whether its unit is the degree."""
        return bool(_known(self.authority, self.code).is_geographic)

    @property
    def is_east_first(self) -> bool:
        """Whether the first axis runs east (or west), so that x comes before y."""
        axes = _known(self.authority, self.code).axis_info
        return not axes or axes[0].direction.lower() in ("east", "west")

    def area(self) -> Box:
        """West, south, east, north in degrees of where it may be used."""
        use = _known(self.authority, self.code).area_of_use
        return (use.west, use.south, use.east, use.north) if use else (-180.0, -90.0, 180.0, 90.0)


def parse_crs(text: str) -> Crs:
    """The system that a URI, a URN or `EPSG:code` names; one that nobody knows is Failure."""
    for form in _FORMS:
        if found := form.fullmatch(text.strip()):
            authority = found[1].upper()
            crs = Crs("OGC" if authority == "CRS" else authority, found[2], text)
            try:
                _known(crs.authority, crs.code)
            except CRSError:
                break
            return crs
    raise Failure(
        f"{text[:120]!r} names no reference system of the EPSG or OGC register.",
        mend="Name it by its code, such as http://www.opengis.net/def/crs/EPSG/0/5514.",
    )


@cache
def _known(authority: str, code: str) -> CRS:
    return CRS.from_authority(authority, code)


CRS84 = Crs("OGC", "CRS84", "http://www.opengis.net/def/crs/OGC/1.3/CRS84")


@lru_cache(64)
def _transformer(one: Crs, other: Crs) -> Transformer:
    return Transformer.from_crs(_known(one.authority, one.code), _known(other.authority, other.code))


def transformed(position: Position, one: Crs, other: Crs) -> Position:
    """A position in the axis order of `one`, in the axis order of `other`; impossible ones are Failure."""
    try:
        x, y = _transformer(one, other).transform(position[0], position[1], errcheck=True)
    except ProjError as error:
        raise Failure(f"{position[:2]} in {one} cannot be transformed to {other}: {error}") from error
    return (float(x), float(y))


def lon_lat(position: Position, crs: Crs) -> Position:
    """Longitude and latitude of a position."""
    return tuple(position[:2]) if crs.is_same(CRS84) else transformed(position, crs, CRS84)


def expect_in_range(geometry: Geometry | None, crs: Crs, what: str) -> None:
    """Every position lies where its reference system may be used, to a degree; otherwise Failure."""
    west, south, east, north = crs.area()
    for position in positions(geometry):
        x, y = lon_lat(position, crs) if _is_plausible(position, crs) else (float("inf"),) * 2
        if not (west - 1 <= x <= east + 1 and south - 1 <= y <= north + 1):
            raise Failure(
                f"{what} lies at {position[:2]}, which is outside the area of {crs} ({crs.name}).",
                mend="Name the reference system in which the coordinates really are, in its axis order.",
            )


def _is_plausible(position: Position, crs: Crs) -> bool:
    if not crs.is_geographic:
        return all(abs(each) < 1e8 for each in position[:2])
    x, y = position[:2] if crs.is_east_first else (position[1], position[0])
    return abs(x) <= 360 and abs(y) <= 90


def metres_between(one: Position, other: Position, crs: Crs) -> float:
    """The distance of two positions in the axis order of `crs`."""
    if not crs.is_geographic:
        return float(((one[0] - other[0]) ** 2 + (one[1] - other[1]) ** 2) ** 0.5)
    first, second = (each if crs.is_east_first else (each[1], each[0]) for each in (one, other))
    return float(Geod(ellps="WGS84").inv(first[0], first[1], second[0], second[1])[2])


def expect_control_points(reference: Geometry, found: Geometry, crs: Crs, what: str) -> float:
    """Metres between a CRS84 geometry, transformed here, and what the target says of it in `crs`.

    Failure when the target's numbers are wrong, Warn when they may be.
    """
    first, second = positions(reference), positions(found)
    if len(first) != len(second) or not first:
        raise Failure(f"{what} has {len(first)} positions in CRS84 and {len(second)} in {crs}.")
    worst = 0.0
    for known, said in zip(first, second, strict=True):
        due = transformed(known, CRS84, crs)
        off = metres_between(due, said, crs)
        if off >= WRONG_METRES:
            raise Failure(
                f"{what} is {_rounded(said)} in {crs}, expected {_rounded(due)}: "
                f"{_guess(due, said, crs, off)}",
                mend=f"Give coordinates in the axis order and the datum of {crs} ({crs.name}).",
            )
        worst = max(worst, off)
    if worst > FINE_METRES:
        raise Warn(f"{what} is {worst:.0f} m off in {crs}: more than published transformations differ.")
    return worst


def _rounded(position: Position) -> tuple[float, ...]:
    return tuple(round(each, 6) for each in position[:2])


def _guess(due: Position, said: Position, crs: Crs, off: float) -> str:
    turned = (said[1], said[0])
    if abs(turned[0]) <= 1e8 and _fits(due, turned, crs):
        return "the axes are swapped."
    return f"{off:.0f} m off" + (", as if the change of datum were left out." if off < 500 else ".")


def _fits(due: Position, said: Position, crs: Crs) -> bool:
    return metres_between(due, said, crs) < WRONG_METRES
