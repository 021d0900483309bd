"""The filters bbox and datetime, and what is to be refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ...geodata.features import Feature
from ...geodata.geometry import Box, box_of, meets
from ...identity import openapi_document
from ...verdicts import Failure, NotApplicable, NotTested
from .service import CLASSES, JSON, MOST_FEATURES, STANDARD, Collection, Service, features

GEO = ("MIM7-R1.1", "MIM7-D01", "MIM0-BP03-geo")
TIME = "MIM7-D04"
MARGIN = 1e-5


# -- bbox


def _around(feature: Feature) -> Box:
    assert feature.geometry is not None
    west, south, east, north = box_of(feature.geometry)
    return (west - MARGIN, south - MARGIN, east + MARGIN, north + MARGIN)


def _asked(box: Box) -> dict[str, str]:
    return {"bbox": ",".join(f"{each:.7f}" for each in box)}


def _expect(service: Service, collection: Collection, box: Box, query: dict[str, str]) -> None:
    """The query finds what meets the box, and what has no geometry (/req/core/fc-bbox-response C)."""
    everything, found = service.harvest(collection), service.harvest(collection, query)
    due = {each.id for each in everything if meets(each.geometry, box)}
    extra = {each.id for each in found if each.geometry is not None and not meets(each.geometry, box)}
    _compare(str(query), collection, due, found, extra, "/req/core/fc-bbox-response")


def _compare(
    asked: str, collection: Collection, due: set[Any], found: list[Feature], extra: set[Any], clause: str
) -> None:
    missing = due - {each.id for each in found} if len(found) < MOST_FEATURES else set()
    if missing or extra:
        raise Failure(
            f"{asked} finds {len(found)} features of {collection['id']!r}: missing {_few(missing)}, "
            f"too many {_few(extra)} ({clause}).",
            mend="Select what lies in the filter, its bounds included; bbox is longitude before latitude.",
        )


def _few(ids: set[Any]) -> list[str]:
    return sorted(map(str, ids))[:3]


@features("filter.bbox-hit", GEO, f"{STANDARD}, 7.15.3")
def bbox_hit(service: Service) -> None:
    """A box around a feature finds it, and what else lies in the box, and no more."""
    collection, feature = service.placed()
    box = _around(feature)
    _expect(service, collection, box, _asked(box))


@features("filter.bbox-miss", GEO, f"{STANDARD}, 7.15.3")
def bbox_miss(service: Service) -> None:
    """A box far from everything finds nothing, and is answered 200."""
    collection, feature = service.placed()
    west, south, _, _ = _around(feature)
    box = (west - 0.002, -89.999, west - 0.001, -89.998) if south > -80 else (0.0, 89.0, 0.001, 89.001)
    _expect(service, collection, box, _asked(box))


@features("filter.bbox-axis-order", GEO, f"{STANDARD}, 7.15.3")
def bbox_axis_order(service: Service) -> None:
    """The same box with latitude before longitude does not find the feature."""
    collection, feature = service.placed()
    west, south, east, north = _around(feature)
    turned = (south, west, north, east)
    if abs(west) > 90 or meets(feature.geometry, turned):
        raise NotTested("The box looks the same with its axes exchanged.")
    _expect(service, collection, turned, _asked(turned))


@features("filter.bad-bbox-is-400", "MIM7-D01", f"{STANDARD}, 7.15.3")
def bad_bbox(service: Service) -> None:
    """A bbox of three numbers, or of words, is answered 400."""
    collection = service.collections()[0]
    for value in ("1,2,3", "a,b,c,d"):
        service.items(collection, {"bbox": value}).expect(
            400, mend="Refuse values that the API definition does not allow (/req/core/query-param-invalid)."
        )


# -- datetime


def _timed(service: Service) -> tuple[Collection, list[tuple[Feature, datetime]]]:
    """A collection and its features with the time that datetime looks at, oldest first.

    The time is the property named by the option `time-property`, by the queryables, or the only one that is a
    date-time in every feature; NotTested where that cannot be told.
    """
    for collection, several in service.harvests():
        name = service.probe.option("time-property") or _declared(service, collection) or _only(several)
        times = [(each, _instant(each.properties.get(name))) for each in several] if name else []
        timed = [(each, time) for each, time in times if time is not None]
        if len(timed) > 2 and len(timed) == len(several):
            return collection, sorted(timed, key=lambda each: each[1])
    raise NotTested("No collection has a time property that this check can tell; name it: `time-property`.")


def _declared(service: Service, collection: Collection) -> str | None:
    """The property that the queryables call the primary instant."""
    path = service.path(collection).removesuffix("/items") + "/queryables"
    answer = service.probe.read(path, Accept=f"application/schema+json, {JSON};q=0.9")
    if answer.status != 200 or not answer.media_type.endswith("json"):
        return None
    described = answer.json_object().get("properties") or {}
    roles = {"primary-instant", "primary-interval-start"}
    return next((name for name, each in described.items() if each.get("x-ogc-role") in roles), None)


def _only(several: list[Feature]) -> str | None:
    names = {name for each in several for name in each.properties}
    timed = [name for name in names if all(_instant(each.properties.get(name)) for each in several)]
    return timed[0] if len(timed) == 1 else None


def _instant(value: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) and "T" in value else None
    except ValueError:
        return None
    return instant if instant is not None and instant.tzinfo else None


def _expect_times(service: Service, form: str, begin: bool, end: bool) -> None:
    """`form` with the second and the last but one instant put in finds what lies between them."""
    collection, timed = _timed(service)
    first, last = timed[1][1], timed[-2][1]
    text = form.format(a=_written(first), b=_written(last))
    service.items(collection, {"limit": 1000, "datetime": text}).expect(
        200, mend="Take all forms of an interval (/req/core/fc-time-definition)."
    )
    until = last if "{b}" in form else first
    found, times = service.harvest(collection, {"datetime": text}), {each.id: time for each, time in timed}
    inside = {
        name for name, time in times.items() if (not begin or time >= first) and (not end or time <= until)
    }
    extra = {each.id for each in found if each.id in times} - inside
    _compare(f"datetime={text}", collection, inside, found, extra, "/req/core/fc-time-response")


def _written(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


@features("filter.datetime-instant", TIME, f"{STANDARD}, 7.15.4")
def datetime_instant(service: Service) -> None:
    """datetime with an instant finds the features of that instant."""
    _expect_times(service, "{a}", True, True)


@features("filter.datetime-closed", TIME, f"{STANDARD}, 7.15.4")
def datetime_closed(service: Service) -> None:
    """datetime with two instants finds the features from the first to the second, both included."""
    _expect_times(service, "{a}/{b}", True, True)


@features("filter.datetime-open-start", TIME, f"{STANDARD}, 7.15.4")
def datetime_open_start(service: Service) -> None:
    """datetime with ../end and with /end finds the features up to the end."""
    _expect_times(service, "../{b}", False, True)
    _expect_times(service, "/{b}", False, True)


@features("filter.datetime-open-end", TIME, f"{STANDARD}, 7.15.4")
def datetime_open_end(service: Service) -> None:
    """datetime with start/.. and with start/ finds the features from the start on."""
    _expect_times(service, "{a}/..", True, False)
    _expect_times(service, "{a}/", True, False)


@features("filter.bad-datetime-is-400", "MIM7-D01", f"{STANDARD}, 7.15.4")
def bad_datetime(service: Service) -> None:
    """A datetime that is none is answered 400."""
    service.items(service.collections()[0], {"datetime": "foo"}).expect(
        400, mend="Refuse values that the API definition does not allow (/req/core/query-param-invalid)."
    )


# -- what is not there


@features("filter.unknown-parameter-is-400", "MIM7-D01", f"{STANDARD}, 7.8")
def unknown_parameter(service: Service) -> None:
    """A query parameter that the API definition does not name is answered 400."""
    service.needs_class(f"{CLASSES}core")
    if _is_free(openapi_document(service.probe).json_object()):
        raise NotApplicable("The API definition allows any query parameter (a free-form object).")
    service.items(service.collections()[0], {"limit": 1, "mimasUnknown": "1"}).expect(
        400, mend="Refuse unknown parameters, or declare a free-form one (/req/core/query-param-unknown)."
    )


def _is_free(definition: dict[str, Any]) -> bool:
    """Whether features may be asked for with parameters of any name."""
    shared = (definition.get("components") or {}).get("parameters") or {}
    for path, described in (definition.get("paths") or {}).items():
        if not str(path).rstrip("/").endswith("/items") or not isinstance(described, dict):
            continue
        for each in [*(described.get("get") or {}).get("parameters", ()), *described.get("parameters", ())]:
            parameter = shared.get(str(each.get("$ref", "")).rpartition("/")[2], each)
            schema = parameter.get("schema") or {}
            if schema.get("type") == "object" and schema.get("additionalProperties", True) is not False:
                return True
    return False


@features("core.unknown-is-404", "MIM7-D01", f"{STANDARD}, 7.16")
def unknown_is_404(service: Service) -> None:
    """A collection and a feature that are not there are answered 404."""
    collection = service.collections()[0]
    nothing = service.probe.unique("nothing")
    for path in (f"/collections/{nothing}", service.item_path(collection, nothing)):
        service.probe.read(path, Accept=JSON).expect(404, mend="Answer 404 for what is not there.")
