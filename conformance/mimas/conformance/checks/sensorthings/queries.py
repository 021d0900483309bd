"""Query options of SensorThings: paging, ordering, filters, expansion."""

from __future__ import annotations

from collections import Counter

from ...geodata.geometry import box_of
from ...verdicts import Failure, NotTested
from .model import SERVICE, placed
from .service import STANDARD, Things, sensorthings

QUERY = SERVICE


@sensorthings("paging", QUERY, f"{STANDARD}, 9.3.3.5, 9.3.3.7")
def paging(service: Things) -> None:
    """Following @iot.nextLink shows every entity once, and comes to an end."""
    counted = service.read("Observations?$top=2&$count=true").expect(200).json_object().get("@iot.count")
    if not counted:
        raise NotTested("The service has no Observations to page through.")
    step = max(2, min(500, int(counted) // 5))
    pages = [page.json_object()["value"] for page in service.pages(f"Observations?$top={step}")]
    if any(len(page) > step for page in pages):
        raise Failure(f"$top={step} brings {max(map(len, pages))} entities.", mend="Keep to $top.")
    ids = [each["@iot.id"] for page in pages for each in page]
    twice = [each for each, count in Counter(ids).items() if count > 1]
    if twice or (len(pages) < 40 and len(ids) < int(counted)):
        raise Failure(
            f"The pages show {len(ids)} of {counted} Observations, {len(twice)} of them twice.",
            mend="Order by something unique before cutting pages, and link them by @iot.nextLink.",
        )


@sensorthings("count", QUERY, f"{STANDARD}, 9.3.3.4")
def count(service: Things) -> None:
    """$count=true says how many entities there are, whatever $top is."""
    for name in ("Things", "Datastreams"):
        said = service.read(f"{name}?$top=1&$count=true").expect(200).json_object().get("@iot.count")
        whole = len(service.harvest(name))
        if said != whole and whole < 500:
            raise Failure(f"@iot.count of {name} is {said!r}, there are {whole}.", mend="Count them all.")


@sensorthings("orderby", QUERY, f"{STANDARD}, 9.3.3.2")
def orderby(service: Things) -> None:
    """$orderby sorts, downwards with desc."""
    for direction, reverse in (("asc", False), ("desc", True)):
        found = service.some("Observations", f"$orderby=phenomenonTime {direction}&$top=20")
        times = [str(each["phenomenonTime"]) for each in found]
        if len(set(times)) < 2:
            raise NotTested("All Observations have the same time.")
        if times != sorted(times, reverse=reverse):
            raise Failure(f"phenomenonTime {direction} comes as {times[:3]}.", mend="Sort by $orderby.")


@sensorthings("filter-time", QUERY, f"{STANDARD}, 9.3.3.6")
def filter_time(service: Things) -> None:
    """$filter on phenomenonTime keeps what is later, and nothing else."""
    _filter(service, "phenomenonTime")


@sensorthings("filter-result", QUERY, f"{STANDARD}, 9.3.3.6")
def filter_result(service: Things) -> None:
    """$filter on result keeps what is larger, and nothing else."""
    _filter(service, "result")


def _filter(service: Things, name: str) -> None:
    found = service.some("Observations", "$top=50")
    values = sorted({each[name] for each in found if isinstance(each.get(name), int | float | str)})
    if len(values) < 2:
        raise NotTested(f"All Observations have the same {name}.")
    middle = values[len(values) // 2 - 1]
    kept = service.found(f"Observations?$filter={name} gt {middle}&$top=50")
    wrong = [each[name] for each in kept if not each[name] > middle]
    if wrong or not kept:
        raise Failure(
            f"$filter={name} gt {middle} keeps {len(kept)} Observations, {len(wrong)} of which are not: "
            f"{wrong[:3]}.",
            mend="Evaluate $filter.",
        )


@sensorthings("filter-within", (QUERY, "MIM7-R5.1b"), f"{STANDARD}, 9.3.3.6.2")
def filter_within(service: Things) -> None:
    """st_within finds a Location in a box around it, longitude first, and not with its axes exchanged."""
    place = next((each for each in placed(service) if each.geometry), None)
    if place is None or place.geometry is None:
        raise NotTested("No Location has a place.")
    west, south, east, north = box_of(place.geometry)
    right = (west - 1e-4, south - 1e-4, east + 1e-4, north + 1e-4)
    turned = (right[1], right[0], right[3], right[2])
    if place.id not in _within(service, right):
        raise Failure(f"st_within the box {right} does not find Location {place.id!r}, which lies in it.")
    if abs(west - south) > 1 and place.id in _within(service, turned):
        raise Failure(
            f"st_within the box {turned} finds Location {place.id!r} at {right}: the axes are swapped."
        )


def _within(service: Things, box: tuple[float, float, float, float]) -> set[str]:
    west, south, east, north = box
    ring = f"{west} {south},{east} {south},{east} {north},{west} {north},{west} {south}"
    found = service.found(f"Locations?$filter=st_within(location,geography'POLYGON(({ring}))')&$top=100")
    return {str(each.get("@iot.id")) for each in found}


@sensorthings("expand-and-select", QUERY, f"{STANDARD}, 9.3.2")
def expand_and_select(service: Things) -> None:
    """$expand brings what is linked, $select only what is named."""
    expanded = service.some("Things", "$expand=Locations,Datastreams&$top=2")
    if not all(
        isinstance(each.get(name), list) for each in expanded for name in ("Locations", "Datastreams")
    ):
        raise Failure("$expand=Locations,Datastreams brings Things without them.", mend="Expand them.")
    selected = service.some("Things", "$select=name&$top=2")
    more = {name for each in selected for name in each if "@iot" not in name} - {"name"}
    if more or not all("name" in each for each in selected):
        raise Failure(f"$select=name brings {sorted(more) or 'no name'}.", mend="Send what was selected.")


@sensorthings("bad-options-are-400", QUERY, f"{STANDARD}, 9.3.1")
def bad_options(service: Things) -> None:
    """A $filter that cannot be read, and a $top below zero, are answered 400."""
    for option in ("$filter=name eqq", "$top=-1"):
        service.read(f"Things?{option}").expect(400, mend="Refuse what cannot be evaluated.")
