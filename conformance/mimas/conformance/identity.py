"""Whether something at an interface's URL is that interface at all.

A check may only pass where the target has shown that it speaks the mechanism: a server that answers 400 to
everything passes every test of refusals, and one that answers 200 every test of acceptance. Where `identify`
fails, the runner makes each pass an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree  # only parsed after a look for entity declarations

import yaml

from .answer import Answer
from .probe import REDIRECTS, Probe
from .verdicts import Failure

Identify = Callable[[Probe], Answer]

_ANY_JSON = "application/json, application/ld+json;q=0.9, */*;q=0.1"
DCAT_TYPES = "text/turtle, application/ld+json;q=0.9, application/rdf+xml;q=0.8"
OPENAPI_TYPES = "application/vnd.oai.openapi+json;version=3.1, application/openapi+json, application/json"
ASYNCAPI_TYPES = (
    "application/vnd.aai.asyncapi+json, application/vnd.aai.asyncapi+yaml, application/json, */*;q=0.1"
)
RDF_TYPES = ("text/turtle", "application/ld+json", "application/rdf+xml", "application/n-triples")
OPENAPI_PLACES = ("", "openapi.json", "openapi.yaml", "api")


def identify(probe: Probe) -> None:
    """Return when the interface speaks its mechanism; Failure says what came instead of it."""
    known = IDENTITIES.get(probe.mechanism)
    if known is None:
        return
    answer = known(probe)
    nowhere = probe.read(f"{probe.unique('nowhere')}/nothing", Accept=_ANY_JSON)
    if nowhere.status < 300 and nowhere.media_type == answer.media_type:
        raise Failure(
            f"{nowhere.url} does not exist and is answered {nowhere.status} like everything else here.",
            mend="Answer 404 for what does not exist.",
        )


def parse_xml(answer: Answer) -> ElementTree.Element:
    """The root of an XML answer; no XML, or one that declares entities, is the target's Failure."""
    if b"<!ENTITY" in answer.body or b"<!DOCTYPE" in answer.body:
        raise Failure(f"{answer} with a document type declaration, which is not read.")
    try:
        return ElementTree.fromstring(answer.body)  # noqa: S314  # entities were refused above
    except ElementTree.ParseError as error:
        raise Failure(f"{answer} with a body that is not XML: {answer.text[:80]!r} ({error})") from error


def openapi_document(probe: Probe) -> Answer:
    """The API description, looked for where the target says and at the usual places."""
    given = probe.interface.description
    places = [given] if given else [*_described(probe), *OPENAPI_PLACES]
    for place in dict.fromkeys(places):
        answer = probe.read(place, Accept=OPENAPI_TYPES)
        if answer.status == 200 and _is_openapi(answer):
            return answer
    raise Failure(
        f"No OpenAPI description is found for {probe.interface.url}.",
        mend="Publish one, and link it from the landing page with rel=service-desc.",
    )


def _described(probe: Probe) -> list[str]:
    """Where the landing page says the description is (Link header, or `links` of an OGC landing page)."""
    answer = probe.read("", Accept=_ANY_JSON)
    found = [each.href for each in answer.links if "service-desc" in each.relations]
    if answer.media_type.endswith("json"):
        body = answer.json()
        links = body.get("links", ()) if isinstance(body, dict) else ()
        found += [
            probe.url(each["href"])
            for each in links
            if isinstance(each, dict)
            and each.get("rel") == "service-desc"
            and isinstance(each.get("href"), str)
        ]
    return found


def described(answer: Answer) -> Any:
    """The description as data, from JSON or YAML."""
    return answer.json() if answer.body.lstrip()[:1] == b"{" else yaml.safe_load(answer.body)


def _is_openapi(answer: Answer) -> bool:
    try:
        document = described(answer)
    except (Failure, yaml.YAMLError, UnicodeDecodeError, RecursionError):
        return False
    if not isinstance(document, dict):
        return False
    version = document.get("openapi", document.get("swagger"))
    # A landing page may well have a member of this name that links to the description.
    return version is not None and ("paths" in document or str(version)[:1].isdigit())


def _ngsi_ld(probe: Probe) -> Answer:
    answer = probe.get("/ngsi-ld/v1/types", Accept=_ANY_JSON)
    if answer.status == 404 and probe.target.tenant and b"NonexistentTenant" in answer.body:
        answer = _with_tenant(probe)
    body = _usable(answer).json()
    if isinstance(body, list) or (isinstance(body, dict) and "typeList" in body):
        return answer
    raise Failure(f"{answer}, but not with a list of entity types (ETSI GS CIM 009, 6.25).")


def _with_tenant(probe: Probe) -> Answer:
    """The list of types, after the test tenant came to be by what is written first (CIM 009, 5.5.10)."""
    if probe.target.writes == "none":
        raise Failure(
            f"There is no tenant {probe.target.tenant!r}, and nothing may be written to make it.",
            mend="Name a tenant that is there.",
        )
    entity = {"id": f"urn:ngsi-ld:MimasCheck:{probe.unique()}", "type": "MimasCheck"}
    probe.delete_afterwards(f"/ngsi-ld/v1/entities/{entity['id']}")
    probe.send("POST", "/ngsi-ld/v1/entities", json=entity).expect(201)
    return probe.get("/ngsi-ld/v1/types", Accept=_ANY_JSON)


def _ogcapi(probe: Probe) -> Answer:
    answer = _json(probe, "")
    if not isinstance(answer.json_object().get("links"), list):
        raise Failure(f"{answer}, but the landing page has no `links` (OGC 17-069r4, 7.2).")
    return answer


def _processes(probe: Probe) -> Answer:
    answer = _json(probe, "processes")
    if not isinstance(answer.json_object().get("processes"), list):
        raise Failure(f"{answer}, but without a list `processes` (OGC 18-062r2, 7.9).")
    return answer


def _algorithms(probe: Probe) -> Answer:
    answer = _json(probe, "")
    body = answer.json_object()
    if not isinstance(body.get("usesAI"), bool) or not isinstance(body.get("algorithms"), list):
        raise Failure(f"{answer}, but without `usesAI` and a list `algorithms`.")
    return answer


def _sensorthings(probe: Probe) -> Answer:
    answer = _json(probe, "")
    value = answer.json_object().get("value")
    if not isinstance(value, list) or not any(
        isinstance(each, dict) and each.get("name") == "Things" for each in value
    ):
        raise Failure(f"{answer}, but the service root lists no `Things` (OGC 18-088, 9.2.1).")
    return answer


def _wfs(probe: Probe) -> Answer:
    mark = "&" if "?" in probe.interface.url else "?"
    answer = _usable(
        probe.read(
            f"{probe.interface.url}{mark}service=WFS&request=GetCapabilities&acceptVersions=2.0.0,1.1.0"
        )
    )
    if not parse_xml(answer).tag.endswith("WFS_Capabilities"):
        raise Failure(f"{answer}, but the root is not WFS_Capabilities.")
    return answer


def _dcat(probe: Probe) -> Answer:
    answer = _usable(probe.read("", Accept=DCAT_TYPES))
    if "html" in answer.media_type or b"http://www.w3.org/ns/dcat#" not in answer.body:
        raise Failure(
            f"{answer} as {answer.media_type or 'nothing in particular'}, and not with a DCAT catalogue.",
            mend="Serve the catalogue as Turtle, JSON-LD or RDF/XML when Accept asks for it.",
        )
    return answer


def _oidc(probe: Probe) -> Answer:
    answer = _json(probe, ".well-known/openid-configuration")
    if "issuer" not in answer.json_object():
        raise Failure(f"{answer}, but without `issuer` (OpenID Connect Discovery, 3).")
    return answer


def _json(probe: Probe, path: str) -> Answer:
    answer = _usable(probe.read(path, Accept=_ANY_JSON))
    answer.json()
    return answer


def _usable(answer: Answer) -> Answer:
    if answer.status in REDIRECTS:
        raise Failure(
            f"{answer} and sends on to {answer.headers.get('location', 'nowhere')}.",
            mend="Name the URL that answers in the target.",
        )
    if answer.status in (401, 403):
        raise Failure(f"{answer}.", mend="Name a credential `token` in the target.")
    return answer.expect(200)


def _rdf(probe: Probe) -> Answer:
    answer = _usable(probe.read("", Accept=DCAT_TYPES))
    if answer.media_type not in RDF_TYPES:
        raise Failure(
            f"{answer} as {answer.media_type or 'nothing in particular'}, and not as RDF.",
            mend="Serve Turtle, JSON-LD or RDF/XML when Accept asks for it.",
        )
    return answer


def _odrl(probe: Probe) -> Answer:
    answer = _usable(probe.read("", Accept=DCAT_TYPES))
    if b"/ns/odrl" not in answer.body:
        raise Failure(f"{answer} and says nothing of ODRL.", mend="Publish an ODRL policy at this URL.")
    return answer


def _asyncapi(probe: Probe) -> Answer:
    answer = _usable(probe.read(probe.interface.description or "", Accept=ASYNCAPI_TYPES))
    try:
        document = yaml.safe_load(answer.body)  # JSON is YAML
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise Failure(f"{answer} with neither JSON nor YAML.") from error
    if not isinstance(document, dict) or "asyncapi" not in document:
        raise Failure(f"{answer} without `asyncapi`.", mend="Publish an AsyncAPI document at this URL.")
    return answer


def _dataspace(probe: Probe) -> Answer:
    place = ".well-known/dspace-version"
    parts = urlsplit(probe.interface.url)
    answer = probe.read(place, Accept=_ANY_JSON)
    if answer.status != 200:
        answer = _usable(probe.read(f"{parts.scheme}://{parts.netloc}/{place}", Accept=_ANY_JSON))
    if "protocolVersions" not in answer.json_object():
        raise Failure(f"{answer}, but without `protocolVersions` (Dataspace Protocol, 4.3).")
    return answer


IDENTITIES: dict[str, Identify] = {
    "ngsi-ld": _ngsi_ld,
    "ogcapi-features": _ogcapi,
    "ogcapi-processes": _processes,
    "algorithm-register": _algorithms,
    "sensorthings": _sensorthings,
    "wfs": _wfs,
    "openapi-rest": openapi_document,
    "dcat-ap": _dcat,
    "odrl": _odrl,
    "linked-data": _rdf,
    "dataspace-protocol": _dataspace,
    "asyncapi": _asyncapi,
    "oidc": _oidc,
}
