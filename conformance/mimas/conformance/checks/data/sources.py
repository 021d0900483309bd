"""Where the items come from: sample files, or what an interface serves."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

import orjson
import yaml

from ...answer import Answer
from ...identity import openapi_document
from ...probe import Probe
from ...target import Sample
from ...verdicts import Failure, NotTested
from ..declaration import Level, Needs, check
from ..ngsi_ld.broker import CONTEXT_RELATION, MARK, Broker
from .items import Item, items_of_csv, items_of_json

MECHANISMS = ("samples", "ngsi-ld", "openapi-rest")
MOST_TYPES = 10
MOST_CALLS = 8
ITEMS_OF_A_TYPE = 50
JSON = "application/json"
LD_JSON = "application/ld+json"
Run = Callable[["Data"], None]


def of_data(
    name: str,
    requirement: str | Iterable[str],
    *,
    mechanism: Iterable[str] = MECHANISMS,
    level: Level = "MUST",
    clause: str | None = None,
    needs: Iterable[Needs] = (),
) -> Callable[[Run], Run]:
    """Declare a check of data, one for each mechanism; its function gets the items of one."""

    def declare(function: Run) -> Run:
        @functools.wraps(function)
        def run(probe: Probe) -> None:
            function(Data(probe))

        check(
            f"DATA.{name}",
            requirement=requirement,
            mechanism=tuple(mechanism),
            level=level,
            clause=clause,
            needs=needs,
        )(run)
        return function

    return declare


class Data:
    """The items of one mechanism, read once a run."""

    def __init__(self, probe: Probe) -> None:
        self.probe = probe

    @property
    def items(self) -> list[Item]:
        """Some of what there is, the same for every check; NotTested when there is nothing."""
        read = _SOURCES[self.probe.mechanism]
        items: list[Item] = self.probe.once(("items", self.probe.mechanism), lambda: list(read(self.probe)))
        if not items:
            raise NotTested("There is no data that could be looked at.")
        return items

    @property
    def by_type(self) -> dict[str, list[Item]]:
        """The items that have a type, by their first one."""
        found: dict[str, list[Item]] = {}
        for each in self.items:
            if each.types:
                found.setdefault(each.types[0], []).append(each)
        return found


def sample_kind(sample: Sample) -> str:
    """json, csv or the suffix of a sample file, by its media type or its name."""
    media_type = (sample.media_type or "").lower()
    suffix = sample.path.suffix.lower().lstrip(".")
    if "json" in media_type or suffix in ("json", "jsonld", "geojson"):
        return "json"
    return "csv" if "csv" in media_type or suffix == "csv" else suffix


def items_of_sample(probe: Probe, sample: Sample) -> list[Item]:
    """The items of a file; none of a kind that is not read here; Failure when it is not what it is called."""
    body, name, kind = probe.read_file(sample.path), sample.path.name, sample_kind(sample)
    model = sample.model
    if model and model.endswith(".json") and "://" not in model:
        model = str(sample.path.parent / model)  # a schema beside the data
    if kind == "json":
        try:
            return items_of_json(orjson.loads(body), name, model)
        except orjson.JSONDecodeError as error:
            raise Failure(f"The sample {name} is not JSON: {error}") from error
    if kind == "csv":
        try:
            return items_of_csv(body.decode("utf-8-sig"), name, model)
        except UnicodeDecodeError as error:
            raise Failure(f"The sample {name} is not UTF-8: {error}", mend="Write CSV in UTF-8.") from error
    return []


def _samples(probe: Probe) -> Iterator[Item]:
    for sample in probe.sample_files():
        yield from items_of_sample(probe, sample)


def entity_types(broker: Broker) -> list[str]:
    """The types that a broker serves and that are no check's own."""
    listed = broker.probe.read(broker.resource("/types"), Accept=JSON).expect(200).json()
    names = listed.get("typeList", ()) if isinstance(listed, dict) else listed
    return [each for each in names if isinstance(each, str) and MARK not in each.lower()][:MOST_TYPES]


def entity_pages(probe: Probe, accept: str = JSON, **query: str | int) -> Iterator[tuple[str, Answer]]:
    """Each type with an answer that lists some of its entities."""
    broker = Broker(probe)
    for name in entity_types(broker):
        asked = {"type": name, "limit": ITEMS_OF_A_TYPE, **query}
        yield name, probe.read(broker.resource("/entities", asked), Accept=accept).expect(200)


def _entities(probe: Probe) -> Iterator[Item]:
    for name, answer in entity_pages(probe):
        link = answer.link(CONTEXT_RELATION)
        for each in items_of_json(answer.json_array(), f"{answer.url}"):
            types = each.types or (name,)
            yield Item(
                each.id, types, each.values, each.raw, each.form, each.where, None, (link,) if link else ()
            )


def listing_paths(probe: Probe) -> list[str]:
    """The paths that list data: those the target names as option `data`, or GETs that need no parameter."""
    named = probe.option("data")
    if named:
        return [str(each) for each in ([named] if isinstance(named, str) else named)][:MOST_CALLS]
    document = api_description(probe)
    paths = document.get("paths")
    found = [
        path
        for path, item in (paths.items() if isinstance(paths, dict) else ())
        if isinstance(item, dict) and isinstance(item.get("get"), dict) and "{" not in path
        if not any(_is_required(each) for each in [*_list(item), *_list(item["get"])])
    ]
    return found[:MOST_CALLS]


def api_description(probe: Probe) -> dict[str, Any]:
    """The OpenAPI document of the interface, parsed once a run."""
    answer = openapi_document(probe)

    def parse() -> Any:
        return answer.json() if answer.body.lstrip()[:1] == b"{" else yaml.safe_load(answer.body)

    document = probe.once(("openapi", answer.body), parse)
    return document if isinstance(document, dict) else {}


def _list(item: dict[str, Any]) -> list[Any]:
    parameters = item.get("parameters")
    return parameters if isinstance(parameters, list) else []


def _is_required(parameter: Any) -> bool:
    return isinstance(parameter, dict) and (bool(parameter.get("required")) or "$ref" in parameter)


def _listed(probe: Probe) -> Iterator[Item]:
    for path in listing_paths(probe):
        answer = probe.read(path, Accept=f"{LD_JSON};q=0.9, {JSON}")
        if answer.status != 200 or "json" not in answer.media_type:
            continue
        document = answer.json()
        items = items_of_json(document, answer.url)
        if isinstance(document, list) or len(items) > 1 or (items and items[0].raw is not document):
            yield from items


def _features(probe: Probe) -> Iterator[Item]:
    listed = probe.read("collections", Accept=JSON).expect(200).json_object().get("collections")
    for each in [one for one in (listed or ()) if isinstance(one, dict) and "id" in one][:MOST_TYPES]:
        place = f"collections/{quote(str(each['id']), safe='')}/items?limit={ITEMS_OF_A_TYPE}"
        answer = probe.read(place, Accept="application/geo+json, application/json;q=0.9")
        for item in items_of_json(answer.expect(200).json_object(), str(each["id"])):
            types = item.types or (str(each["id"]),)
            yield Item(item.id, types, item.values, item.raw, item.form, item.where, None, item.contexts)


def file_name(place: str) -> str:
    """The last part of a path or URL, without its suffix."""
    return PurePath(place).stem


_SOURCES: dict[str, Callable[[Probe], Iterator[Item]]] = {
    "samples": _samples,
    "ngsi-ld": _entities,
    "openapi-rest": _listed,
    "ogcapi-features": _features,
}
