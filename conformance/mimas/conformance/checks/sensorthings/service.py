"""The SensorThings service under check: its entity sets and their entities."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote, urljoin

from ...answer import Answer
from ...probe import Probe
from ...verdicts import Failure, NotTested
from ..declaration import Level, Needs, check

STANDARD = "OGC 18-088"
MOST_PAGES = 40
NAMED = ("Things", "Locations", "Datastreams", "Sensors", "ObservedProperties")
SETS = (*NAMED, "Observations", "FeaturesOfInterest", "HistoricalLocations")

Entity = dict[str, Any]


def sensorthings(
    name: str,
    requirement: str | Iterable[str],
    clause: str,
    *,
    level: Level = "MUST",
    needs: Iterable[Needs] = (),
) -> Callable[[Callable[[Things], None]], Callable[[Things], None]]:
    """Declare a check of SensorThings 1.0 and 1.1; version 2.0 is not tested."""

    def declare(function: Callable[[Things], None]) -> Callable[[Things], None]:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            if re.search(r"/v2\.\d", probe.interface.url):
                raise NotTested("SensorThings 2.0 (OGC 23-019) is not known to this checker yet.")
            try:
                function(Things(probe))
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                # What a check takes apart is the service's answers: another shape is not as it must be.
                raise Failure(
                    f"An answer has another shape than the clause gives it ({type(error).__name__}: {error})."
                ) from error

        check(
            f"SENSORTHINGS.{name}",
            requirement=requirement,
            mechanism="sensorthings",
            level=level,
            clause=clause,
            needs=needs,
        )(run)
        return function

    return declare


class Things:
    """One check's view of the service."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    def read(self, path: str) -> Answer:
        """A resource, once a run; blanks in query options are encoded."""
        return self.probe.read(path.replace(" ", "%20"), Accept="application/json")

    def sets(self) -> dict[str, str]:
        """The entity sets that the service root lists, with their URLs."""
        listed = self.read("").expect(200).json_object().get("value")
        if not isinstance(listed, list):
            raise Failure(f"The service root has no array `value` ({STANDARD}, 9.2.1).")
        return {str(each["name"]): urljoin(self.probe.interface.url, str(each["url"])) for each in listed}

    def some(self, name: str, options: str = "$top=5") -> list[Entity]:
        """Entities of a set; NotTested where there are none."""
        found = self.found(f"{name}?{options}")
        if not found:
            raise NotTested(f"The service has no {name} to look at.")
        return found

    def found(self, path: str) -> list[Entity]:
        """The entities on the page that a path brings."""
        value = self.read(path).expect(200).json_object().get("value")
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise Failure(f"{path} brings no array of entities `value` ({STANDARD}, 9.2).")
        return value

    def pages(self, path: str) -> Iterator[Answer]:
        """The pages of a set, followed by nextLink; one that leads back is Failure."""
        answer = self.read(path).expect(200)
        seen = {answer.url}
        yield answer
        while following := answer.json_object().get("@iot.nextLink"):
            url = urljoin(answer.url, str(following))
            if url in seen:
                raise Failure(f"@iot.nextLink leads back to {url}, which was read already.")
            if len(seen) >= MOST_PAGES:
                return
            seen.add(url)
            answer = self.read(url).expect(200)
            yield answer

    def harvest(self, name: str) -> list[Entity]:
        """All entities of a set, as far as forty pages go."""
        return [each for page in self.pages(f"{name}?$top=500") for each in page.json_object()["value"]]


def path_to(name: str, entity: Entity) -> str:
    """The resource of an entity: numbers as they are, other ids in quotes."""
    value = entity["@iot.id"]
    if isinstance(value, int):
        return f"{name}({value})"
    doubled = str(value).replace("'", "''")
    return f"{name}('{quote(doubled, safe='')}')"
