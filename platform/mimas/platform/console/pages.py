"""The pages: each asks the platform, and hands what it learns to a template."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import quote, urlencode

from starlette.requests import Request
from starlette.responses import Response

from mimas.ngsi_ld.core.errors import Unavailable
from mimas.ngsi_ld.models import local_name

from .chart import Point, Series, draw_chart
from .rendering import Look, Renderer
from .sight import Sight
from .things import Latest, Place, Thing, gather_places
from .town_map import Feature, draw_map
from .window import Window, read_window
from .words import is_amount

PageOf = Callable[[Request], Awaitable[Response]]

_SHOWN_AT_MOST = 500
_PAGE = 100
_BUILDING = "Building"
_IN_BUILDINGS = frozenset(
    {"Device", "DeviceMeasurement", "ACMeasurement", "ThreePhaseAcMeasurement", "WaterConsumptionObserved"}
)


_AROUND = 24


class Pages:
    """Every page of the console, over one `Sight`."""

    def __init__(self, sight: Sight, look: Look, version: str) -> None:
        self._sight = sight
        self._look = look
        self._version = version
        self._renderer = Renderer(look)

    async def start(self, _request: Request) -> Response:
        """The overview: map, buildings with their latest values, sources, quarantine."""
        counts = await self._sight.counts()
        buildings = await self._of(counts, {_BUILDING})
        places = gather_places(buildings, await self._of(counts, _IN_BUILDINGS))
        around = await self._around(counts)
        return self._renderer.page(
            "start.html",
            here="/",
            empty=not counts,
            counts=counts,
            places=places,
            around=around,
            last_reading=_newest(places, around),
            map_wide=self._map(places, around, 620, 520, "town"),
            map_narrow=self._map(places, around, 360, 380, "town-small"),
            adapters=await self._sight.adapters(),
            quarantine_count=await self._sight.quarantine_count(),
            now=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            **_origins([*buildings, *around]),
        )

    async def thing(self, request: Request) -> Response:
        """One entity: what it says, and for a building the readings of all that is in it."""
        thing = await self._thing(request)
        if thing is None:
            return self._missing("This thing is not known", "It was deleted, or the address is wrong.")
        devices = await self._sight.referring(thing.id, limit=_SHOWN_AT_MOST)
        measuring = [
            each for device in devices[:50] for each in await self._sight.referring(device.id, limit=50)
        ]
        (place,) = gather_places([thing], _once([*devices, *measuring]))
        return self._renderer.page(
            "thing.html",
            thing=thing,
            readings=place.latest,
            devices=devices,
            map=self._map([place], [], 560, 340, "here"),
            **_origins([thing]),
        )

    async def things(self, request: Request) -> Response:
        """All types with their counts, or the entities of one type."""
        chosen, after = request.query_params.get("type"), request.query_params.get("after")
        if "\0" in f"{chosen}{after}":
            return self._missing("There is no such type", "Choose one from the list of everything.")
        if chosen is None:
            return self._renderer.page(
                "things.html", here="/things", chosen=None, counts=await self._sight.counts(), next_page=None
            )
        found = await self._sight.of_types([chosen], limit=_PAGE, after=after)
        more = urlencode({"type": chosen, "after": found[-1].id}) if len(found) == _PAGE else None
        return self._renderer.page(
            "things.html",
            here="/things",
            chosen=chosen,
            things=found,
            next_page=more and f"/things?{more}",
            **_origins(found),
        )

    async def history(self, request: Request) -> Response:
        """The history of one attribute as chart and table."""
        thing = await self._thing(request)
        latest = next(
            (each for each in thing.latest if each.stored_name == request.query_params.get("attribute")), None
        ) if thing else None  # fmt: skip
        if thing is None or latest is None:
            return self._missing("There is no such history", "Choose a value on the page of its thing.")
        window = read_window(request.query_params, latest.observed_at, self._look.zone)
        amounts = is_amount(latest.unit)
        points = await self._points(latest, window)
        series = self._series(thing, latest, window, points)
        return self._renderer.page(
            "history.html",
            thing=thing,
            label=latest.label,
            counter=latest.is_counter,
            attribute=latest.attribute,
            per=window.per,
            start=window.start,
            last=window.end - window.step,
            earlier=window.earlier,
            later=window.later,
            link=lambda **changes: _history_link(latest, window, changes),
            series=series,
            chart_wide=draw_chart(series, width=1120, height=360, chart_id="chart"),
            chart_narrow=draw_chart(series, width=360, height=260, chart_id="chart-small"),
            api_link=self._api_link(thing, latest, window),
            **_summary(points, amounts=amounts),
            **_origins([thing]),
        )

    async def quarantine(self, _request: Request) -> Response:
        """The newest messages in quarantine, without their content."""
        return self._renderer.page(
            "quarantine.html",
            here="/quarantine",
            messages=await self._sight.quarantine(limit=_PAGE),
            quarantine_count=await self._sight.quarantine_count(),
        )

    async def about(self, _request: Request) -> Response:
        """What this platform is."""
        return self._renderer.page("about.html", here="/about", version=self._version)

    def answer(self, page: PageOf) -> PageOf:
        """The page, or while the database is away one that says so and reloads nothing by itself."""

        async def guarded(request: Request) -> Response:
            try:
                return await page(request)
            except Unavailable as error:
                response = self._missing("Not now", error.detail, status=503)
                response.headers["Retry-After"] = str(error.retry_after)
                return response

        return guarded

    async def _thing(self, request: Request) -> Thing | None:
        identifier = request.path_params["identifier"]
        return None if "\0" in identifier else await self._sight.thing(identifier)

    async def _of(self, counts: dict[str, int], names: Iterable[str]) -> list[Thing]:
        types = [type_name for type_name in counts if local_name(type_name) in names]
        return await self._sight.of_types(types, limit=_SHOWN_AT_MOST) if types else []

    async def _around(self, counts: dict[str, int]) -> list[Thing]:
        """Whatever measures outside buildings, newest first."""
        others = {local_name(name) for name in counts} - _IN_BUILDINGS - {_BUILDING}
        found = [each for each in await self._of(counts, others) if each.latest]
        first = datetime.min.replace(tzinfo=UTC)
        found.sort(key=lambda each: max(v.observed_at or first for v in each.latest), reverse=True)
        return found[:_AROUND]

    async def _points(self, latest: Latest, window: Window) -> list[Point]:
        """The values of the window's steps; of a counter, by how much it went up in each."""
        ahead = window.span if latest.is_counter else timedelta(0)
        points = await self._sight.history(
            latest.thing, latest.stored_name, window.start - ahead, window.end, window.step, latest.method
        )
        if not latest.is_counter:
            return points
        # A counter that falls was exchanged: what it had counted before is not known.
        return [
            Point(each.time, each.value - before.value, each.count)
            for before, each in pairwise(points)
            if each.time >= window.start and each.value >= before.value
        ]

    def _map(self, places: list[Place], around: list[Thing], width: int, height: int, map_id: str) -> str:
        features = [
            Feature(each.name, each.location, link=each.link, kind=each.type)
            for each in around
            if each.location is not None
        ] + [
            Feature(each.thing.name, each.thing.location, str(each.number), each.thing.link)
            for each in places
            if each.thing.location is not None
        ]
        return draw_map(features, width=width, height=height, map_id=map_id, tiles=self._look.tiles)

    def _series(self, thing: Thing, latest: Latest, window: Window, points: list[Point]) -> Series:
        per = "each day" if window.per == "day" else "each hour"
        return Series(
            title=f"{latest.label} of {thing.name}, {per}",
            points=points,
            start=window.start,
            end=window.end,
            step=window.step,
            unit=latest.unit,
            amounts=is_amount(latest.unit),
            zone=self._look.zone,
        )

    def _api_link(self, thing: Thing, latest: Latest, window: Window) -> str:
        query = {
            "attrs": latest.stored_name,
            "timerel": "between",
            "timeAt": f"{window.start.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "endTimeAt": f"{window.end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "options": "aggregatedValues",
            "aggrMethods": latest.method,
            "aggrPeriodDuration": "P1D" if window.per == "day" else "PT1H",
        }
        path = f"/ngsi-ld/v1/temporal/entities/{quote(thing.id, safe=':')}"
        return f"{self._look.address}{path}?{urlencode(query, safe=':')}"

    def _missing(self, heading: str, words: str, *, status: int = 404) -> Response:
        return self._renderer.page("missing.html", status=status, heading=heading, words=words)


def _origins(things: Iterable[Thing]) -> dict[str, bool]:
    seen = list(things)
    return {
        "simulated": any(each.simulated for each in seen),
        "replayed": any(each.replayed for each in seen),
    }


def _once(things: Iterable[Thing]) -> list[Thing]:
    return list({each.id: each for each in things}.values())


def _newest(places: Iterable[Place], around: Iterable[Thing]) -> datetime | None:
    moments = [each.last_reading for each in places]
    moments += [value.observed_at for each in around for value in each.latest]
    return max((each for each in moments if each is not None), default=None)


def _summary(points: list[Point], *, amounts: bool) -> dict[str, Any]:
    values = [each.value for each in points]
    readings = sum(each.count for each in points)
    if not values:
        return {"total": 0, "mean": 0, "highest": 0, "readings": 0}
    weighted = sum(values) / len(values) if amounts else sum(p.value * p.count for p in points) / readings
    return {"total": sum(values), "mean": weighted, "highest": max(values), "readings": readings}


def _history_link(latest: Latest, window: Window, changes: dict[str, str]) -> str:
    query = {"per": window.per} | changes
    if "to" not in changes and window.later is not None:
        query["to"] = f"{window.end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return f"{latest.link}&{urlencode(query, safe=':')}"
