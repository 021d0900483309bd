"""Filters by attribute, time and place give just what fits (MIM0 R2.2, best practice)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from ...verdicts import Failure, NotTested
from .collections import SIZES, Collection, Rest, id_of, items_of, rest, value_at

ATTRIBUTES = ("MIM0-R2.2",)
PLACES = ("MIM0-R2.2", "MIM0-BP03-geo")
Item = Mapping[str, Any]


def _all(rest: Rest, collection: Collection, **query: Any) -> dict[str, Item]:
    """Every item that fits the query, from all pages."""
    biggest = next((name for name in SIZES if name in collection.operation.query_names), None)
    if biggest:
        query[biggest] = 100
    found: dict[str, Item] = {}
    for page in rest.pages(collection.asking(**query)):
        found |= {str(id_of(each)): each for each in items_of(page)}
    return found


def _compare(rest: Rest, collection: Collection, query: dict[str, Any], fits: Callable[[Item], bool]) -> None:
    """The items that the service picks are those that fit; twice, as somebody may write at the same time."""
    for last in (False, True):
        expected = {key for key, item in _all(rest, collection).items() if fits(item)}
        given = set(_all(rest, collection, **query))
        if given == expected:
            return
        if last:
            wrong, missing = sorted(given - expected), sorted(expected - given)
            raise Failure(
                f"{collection.url} with {query} gives {len(wrong)} items that do not fit {wrong[:3]} "
                f"and lacks {len(missing)} that do {missing[:3]}.",
                mend="Give exactly the items that fit, both ends of a range among them.",
            )


def _filterable(rest: Rest) -> Iterator[tuple[Collection, str, Any]]:
    """Collections with a described parameter that is called like a member with different plain values."""
    for collection in rest.collections():
        for name in collection.operation.query_names:
            values = [value_at(item, name) for item in collection.items]
            plain = [each for each in values if isinstance(each, str | int | float) and each != ""]
            if plain and len(set(plain)) > 1:
                yield collection, name, plain[0]


@rest("filters.by-attribute", ATTRIBUTES)
def by_attribute(rest: Rest) -> None:
    """A filter by an attribute gives the items with that value, and no others."""
    found = next(_filterable(rest), None)
    if found is None:
        raise NotTested("No collection describes a parameter that is called like an attribute of its items.")
    collection, name, value = found
    _compare(rest, collection, {name: value}, lambda item: bool(value_at(item, name) == value))


@rest("filters.nothing-fits-is-empty", ATTRIBUTES)
def nothing_fits(rest: Rest) -> None:
    """A filter that nothing fits is answered 200 with an empty list."""
    for collection, name, value in _filterable(rest):
        if isinstance(value, str):
            answer = rest.get(collection.asking(**{name: rest.probe.unique("nobody")})).expect(200)
            if items_of(answer):
                raise Failure(f"{answer} with items that do not fit.", mend="Do not overlook the filter.")
            return
    raise NotTested("No collection describes a parameter for an attribute that is text.")


@rest("filters.invalid-is-refused", ATTRIBUTES)
def invalid(rest: Rest) -> None:
    """A filter value that cannot be read is answered 4xx: a size of -1 or `abc`, half a bbox, no time."""
    collection = rest.filled()
    names = collection.operation.query_names
    size = next((each for each in SIZES if each in names), None)
    wrong = [(size, "abc"), (size, "-1")] if size else []
    wrong += [("bbox", "1,2,3")] if "bbox" in names else []
    wrong += [("datetime", "mimas")] if "datetime" in names else []
    if not wrong:
        raise NotTested(f"{collection.operation} describes no parameter that can be wrong.")
    for name, value in wrong:
        answer = rest.get(collection.asking(**{str(name): value}))
        if not 400 <= answer.status < 500:
            raise Failure(f"{answer} for {name}={value}.", mend="Answer 400 and say what is wrong.")


@rest(
    "filters.unknown-parameter", ATTRIBUTES, level="MAY", clause="OGC API Common tolerates it; FACTS of R2.2"
)
def unknown_parameter(rest: Rest) -> None:
    """A parameter that nobody described is refused rather than overlooked."""
    collection = rest.filled()
    if collection.operation.takes_any_parameter:
        return
    answer = rest.get(collection.asking(mimasUnknown="1"))
    if answer.status < 300:
        raise Failure(f"{answer}: a mistyped filter would be overlooked.", mend="Answer 400.")


@rest("filters.by-time", ATTRIBUTES, clause="OGC 17-069r4, 7.15.3")
def by_time(rest: Rest) -> None:
    """`datetime` gives the items of that time, both ends of an interval included."""
    collection = _with_parameter(rest, "datetime")
    name = _time_member(collection)
    times = sorted({str(item[name]) for item in collection.items if _time(item.get(name))}, key=_sortable)
    low, high = times[len(times) // 4], times[len(times) // 2]
    begin, end = _time(low), _time(high)
    assert begin and end

    def fits(item: Item) -> bool:
        at = _time(item.get(name))
        return at is None or begin <= at <= end

    def fits_strictly(item: Item) -> bool:
        return _time(item.get(name)) is not None and fits(item)

    has_untimed = any(_time(item.get(name)) is None for item in collection.items)
    if has_untimed:
        raise NotTested("Some items have no time, and OpenAPI does not say whether they fit an interval.")
    _compare(rest, collection, {"datetime": f"{low}/{high}"}, fits_strictly)


@rest("filters.by-place", PLACES, clause="OGC 17-069r4, 7.15.2")
def by_place(rest: Rest) -> None:
    """`bbox` gives the items in the box, edges included: longitude first, latitude second."""
    collection = _with_parameter(rest, "bbox")
    points = {str(id_of(item)): point for item in collection.items if (point := _point(item))}
    if len(points) < 2 or len(points) < len(collection.items):
        raise NotTested(f"Not every item of {collection.url} has a point to look for.")
    xs, ys = sorted(x for x, _ in points.values()), sorted(y for _, y in points.values())
    box = (xs[0], ys[0], xs[len(xs) // 2], ys[-1])

    def fits(item: Item) -> bool:
        place = _point(item)
        return place is not None and box[0] <= place[0] <= box[2] and box[1] <= place[1] <= box[3]

    _compare(rest, collection, {"bbox": ",".join(map(str, box))}, fits)


def _with_parameter(rest: Rest, name: str) -> Collection:
    for collection in rest.collections():
        if name in collection.operation.query_names:
            return collection
    raise NotTested(f"No collection describes a parameter `{name}`.")


def _time_member(collection: Collection) -> str:
    """The one member of the items that holds a time."""
    for name in collection.items[0]:
        if all(_time(item.get(name)) for item in collection.items):
            return name
    raise NotTested(f"The items of {collection.url} have no member with a time.")


def _time(value: Any) -> datetime | None:
    if not isinstance(value, str) or len(value) < 19:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.tzinfo else None


def _sortable(value: str) -> datetime:
    found = _time(value)
    assert found
    return found


def _point(item: Item) -> tuple[float, float] | None:
    for value in (item.get("geometry"), item.get("location")):
        if isinstance(value, dict) and value.get("type") == "Point":
            numbers = value.get("coordinates")
            if isinstance(numbers, list) and len(numbers) >= 2:
                return float(numbers[0]), float(numbers[1])
    return None
