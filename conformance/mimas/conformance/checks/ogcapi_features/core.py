"""The core class: landing page, declaration, collections, single features."""

from __future__ import annotations

from urllib.parse import urljoin

from ...answer import Answer
from ...geodata.features import of_geojson
from ...geodata.geometry import are_equal, box_of
from ...identity import openapi_document
from ...verdicts import Failure, NotTested, Warn
from .service import (
    CLASSES,
    CRS_CLASS,
    GEO_JSON,
    JSON,
    STANDARD,
    Service,
    as_json,
    expect_link,
    features,
    href,
    links,
)

SERVICE = ("MIM7-R1.1", "MIM7-2022-1", "MIM7-D01")


@features("core.landing-links", SERVICE, f"{STANDARD}, 7.2.4")
def landing_links(service: Service) -> None:
    """The landing page links to the API definition, to the conformance declaration and to the data."""
    landing = service.landing()
    for relation in ("conformance", "data"):
        expect_link(landing, relation, "The landing page", "/req/core/root-success")
    if not href(landing, "service-desc") and not href(landing, "service-doc"):
        raise Failure(
            "The landing page links neither to service-desc nor to service-doc (/req/core/root-success).",
            mend="Link the OpenAPI definition with rel=service-desc.",
        )


@features("core.links-lead-somewhere", SERVICE, f"{STANDARD}, 7.2.4")
def landing_links_work(service: Service) -> None:
    """The links of the landing page to conformance and data answer with JSON."""
    landing = service.landing()
    for relation in ("conformance", "data"):
        link = expect_link(landing, relation, "The landing page", "/req/core/root-success")
        service.probe.read(urljoin(_base(service), link["href"]), Accept=JSON).expect(200).json_object()


def _base(service: Service) -> str:
    return service.probe.interface.url + "/"


@features("core.class-declared", SERVICE, f"{STANDARD}, 7.4")
def core_declared(service: Service) -> None:
    """The conformance declaration lists the core class of OGC API Features."""
    declared = service.classes()
    if f"{CLASSES}core" in declared:
        return
    draft = [each for each in declared if "/ogcapi-features-1/1.1/" in each]
    if draft:
        raise Warn(f"Only classes of the draft 1.1 are declared, such as {draft[0]}.")
    raise Failure(
        f"{CLASSES}core is not declared, only {sorted(declared)[:5]}.",
        mend="List the core class in `conformsTo` once the service fulfils it.",
    )


@features("core.definition", "MIM7-D01", f"{STANDARD}, 7.3")
def definition(service: Service) -> None:
    """The API definition is there and describes the collections' features."""
    landing = service.landing()
    if not links(landing, "service-desc"):
        page = expect_link(landing, "service-doc", "The landing page", "/req/core/root-success")
        service.probe.fetch(urljoin(_base(service), page["href"])).expect(200)
        return
    paths = openapi_document(service.probe).json_object().get("paths") or {}
    if not any(str(each).rstrip("/").endswith("/items") for each in paths):
        raise Failure(
            "The API definition has no path of features (.../items).",
            mend="Describe /collections/{collectionId}/items.",
        )


@features("core.collections", SERVICE, f"{STANDARD}, 7.13")
def collections(service: Service) -> None:
    """Each collection has an id and a link to its features, with a media type."""
    for each in service.collections():
        if not isinstance(each.get("id"), str) or not each["id"]:
            raise Failure(f"A collection has no `id`: {as_json(each)[:120]} (/req/core/fc-md-items).")
        link = expect_link(each, "items", f"Collection {each['id']!r}", "/req/core/fc-md-items-links")
        if not isinstance(link.get("type"), str):
            raise Failure(
                f"The link of {each['id']!r} to its items has no `type` (/req/core/fc-md-items-links).",
                mend="Say the media type of each link.",
            )


@features("core.collection-as-listed", "MIM7-D01", f"{STANDARD}, 7.14")
def collection_as_listed(service: Service) -> None:
    """A collection says of itself what the list of collections says of it."""
    for listed in service.collections():
        alone = service.probe.read(service.path(listed).removesuffix("/items"), Accept=JSON).expect(200)
        found = alone.json_object()
        for name in ("id", "title", "description", "extent", "itemType"):
            if listed.get(name) != found.get(name):
                raise Failure(
                    f"`{name}` of {listed['id']!r} is {as_json(found.get(name))[:100]} alone and "
                    f"{as_json(listed.get(name))[:100]} in the list (/req/core/sfc-md-success).",
                    mend="Give both from one source.",
                )


@features("core.items", (*SERVICE, "MIM7-R2.1", "MIM7-2022-r2"), f"{STANDARD}, 7.15, 8.3")
def items(service: Service) -> None:
    """The items of the collections are GeoJSON features."""
    for collection, several in service.samples():
        answer = service.items(collection, {"limit": 10}).expect(200)
        if not answer.media_type.endswith("json"):
            raise Failure(f"{answer} with JSON labelled {answer.media_type!r}.", mend=f"Label it {GEO_JSON}.")
        if not answer.json_object().get("features"):
            raise NotTested(f"{len(several)} features came first, and none the second time.")


@features("core.counts", ("MIM7-D01", "MIM7-D05"), f"{STANDARD}, 7.15.8")
def counts(service: Service) -> None:
    """Where numberReturned and numberMatched are given, they are right, on every page."""
    for collection in service.collections():
        matched, seen = set(), 0
        for page in service.pages(collection, {"limit": 3}):
            body, several = page.json_object(), list(of_geojson(page.json()))
            seen += len(several)
            if body.get("numberReturned", len(several)) != len(several):
                raise Failure(f"numberReturned is {body['numberReturned']} for {len(several)}: {page.url}")
            matched.add(body.get("numberMatched"))
        whole = not links(body, "next")
        if len(matched) > 1 or (whole and matched not in ({None}, {seen})):
            raise Failure(
                f"numberMatched of {collection['id']!r} is {sorted(map(str, matched))}, "
                f"the pages hold {seen} features.",
                mend="Count what the filter matches, or leave numberMatched out.",
            )


@features("core.items-self-link", "MIM7-D01", f"{STANDARD}, 7.15.5")
def items_links(service: Service) -> None:
    """A page of features links to itself, and every link says its media type."""
    for collection in service.collections():
        body = service.items(collection, {"limit": 2}).expect(200).json_object()
        expect_link(body, "self", f"A page of {collection['id']!r}", "/req/core/fc-links")
        for link in body["links"]:
            if link.get("rel") in ("self", "alternate", "next") and not link.get("type"):
                raise Failure(
                    f"The link rel={link.get('rel')} of {collection['id']!r} has no `type` "
                    "(/req/core/fc-rel-type).",
                    mend="Say the media type of each link.",
                )


@features("core.feature", ("MIM7-D01", "MIM7-R4.1"), f"{STANDARD}, 7.16")
def feature(service: Service) -> None:
    """A feature found in the collection is found by its id, with the same geometry."""
    collection, listed = service.placed()
    answer = _one(service, collection, str(listed.id))
    (alone,) = of_geojson(answer.json())
    if alone.id != listed.id:
        raise Failure(f"{answer} with the id {alone.id!r} instead of {listed.id!r} (/req/geojson/content).")
    if not are_equal(alone.geometry, listed.geometry, 1e-9):
        raise Failure(
            f"{listed.name} has another geometry alone than in its collection.",
            mend="Give the same feature in both places.",
        )


@features("core.feature-links", "MIM7-D01", f"{STANDARD}, 7.16.4")
def feature_links(service: Service) -> None:
    """A feature links to itself and to its collection."""
    collection, listed = service.placed()
    body = _one(service, collection, str(listed.id)).json_object()
    for relation in ("self", "collection"):
        expect_link(body, relation, listed.name.capitalize(), "/req/core/f-links")


def _one(service: Service, collection: dict[str, str], feature_id: str) -> Answer:
    return service.probe.read(service.item_path(collection, feature_id), Accept=GEO_JSON).expect(
        200, mend="Let every feature be found by its id."
    )


@features("core.extent", "MIM7-D01", f"{STANDARD}, 7.13")
def extent(service: Service) -> None:
    """The spatial extent of a collection, where one is given, holds its features."""
    looked = False
    for collection, several in service.samples():
        box = (((collection.get("extent") or {}).get("spatial") or {}).get("bbox") or [None])[0]
        if (
            not box
            or len(box) not in (4, 6)
            or (collection["extent"]["spatial"].get("crs") or "CRS84")[-5:] != "CRS84"
        ):
            continue
        west, south, east, north = box[0], box[1], box[len(box) // 2], box[len(box) // 2 + 1]
        for each in several:
            if each.geometry is None or west > east:
                continue
            looked = True
            left, low, right, high = box_of(each.geometry)
            if left < west - 1e-6 or low < south - 1e-6 or right > east + 1e-6 or high > north + 1e-6:
                raise Failure(
                    f"{each.name} of {collection['id']!r} lies outside its extent {box} "
                    "(/req/core/fc-md-extent).",
                    mend="Compute the extent from the features.",
                )
    if not looked:
        raise NotTested("No collection gives an extent.")


@features("core.declared-classes", "MIM7-D01", f"{STANDARD}, 7.4")
def declared_classes(service: Service) -> None:
    """What the conformance declaration lists of GeoJSON, HTML, OpenAPI, GML and CRS is really done."""
    declared = service.classes()
    shown = [service_has for name, service_has in _SHOWN.items() if name in declared]
    if not shown:
        raise NotTested("None of the classes that this check knows is declared.")
    for each in shown:
        each(service)


def _geojson(service: Service) -> None:
    collection, _ = service.samples()[0]
    answer = service.probe.read(service.path(collection, {"limit": 1}), Accept=GEO_JSON).expect(200)
    if answer.media_type != GEO_JSON:
        raise _undone("geojson", f"{answer} to Accept {GEO_JSON} as {answer.media_type!r}")


def _html(service: Service) -> None:
    answer = service.probe.read("", Accept="text/html").expect(200)
    if answer.media_type != "text/html" or b"<" not in answer.body:
        raise _undone("html", f"{answer} to Accept text/html as {answer.media_type!r}")


def _oas30(service: Service) -> None:
    types = [str(each.get("type", "")).replace(" ", "") for each in links(service.landing(), "service-desc")]
    if not any(each.startswith("application/vnd.oai.openapi+json;version=3.0") for each in types):
        raise _undone("oas30", f"the links with rel=service-desc have the types {types}")
    if not str(openapi_document(service.probe).json_object().get("openapi", "")).startswith("3.0"):
        raise _undone("oas30", "the definition is no OpenAPI 3.0")


def _gml(service: Service) -> None:
    collection, _ = service.samples()[0]
    answer = service.probe.read(service.path(collection, {"limit": 1}), Accept="application/gml+xml").expect(
        200
    )
    if answer.media_type != "application/gml+xml":
        raise _undone("gmlsf", f"{answer} to Accept application/gml+xml as {answer.media_type!r}")


def _crs(service: Service) -> None:
    for each in service.collections():
        if not isinstance(each.get("crs"), list) or not each["crs"]:
            raise _undone("crs", f"collection {each['id']!r} lists no `crs`")


def _undone(name: str, why: str) -> Failure:
    return Failure(
        f"The class {name} is declared, but {why}.", mend="Declare only what the service does, or do it."
    )


_SHOWN = {
    f"{CLASSES}geojson": _geojson,
    f"{CLASSES}html": _html,
    f"{CLASSES}oas30": _oas30,
    f"{CLASSES}gmlsf0": _gml,
    f"{CLASSES}gmlsf2": _gml,
    CRS_CLASS: _crs,
}
