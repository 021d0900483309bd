"""Whether the catalogue is true: its links answer, with what it says, as fresh as it says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import unquote, urljoin, urlsplit

import orjson
from rdflib import DCTERMS, Literal, URIRef
from rdflib.term import Node

from ...answer import Answer
from ...probe import REDIRECTS
from ...verdicts import CheckError, Failure, NoAnswer, NotApplicable, NotTested, Warn, fail_if_any
from .catalogue import AUTHORITY, DCAT, MOST_CALLS, Catalogue, dcat, web_addresses

# Days from one update to the next, by the list of frequencies of the EU Publications Office.
PERIODS = {
    "CONT": 1, "UPDATE_CONT": 1, "HOURLY": 1, "DAILY": 1, "WEEKLY": 7, "BIWEEKLY": 14, "MONTHLY": 31,
    "BIMONTHLY": 62, "QUARTERLY": 92, "ANNUAL_2": 183, "ANNUAL": 366, "BIENNIAL": 731,
}  # fmt: skip
_TIME = re.compile(r"\b(20\d\d-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d(?::[0-6]\d(?:\.\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)")
_RESTRICTED = ("access-right/RESTRICTED", "access-right/NON_PUBLIC", "access-right/CONFIDENTIAL")


@dcat("links-answer", ("MIM3-RC4.1", "MIM3-RC3.3"))
def links_answer(catalogue: Catalogue) -> None:
    """Every access, download and endpoint URL leads to something: not to an error, not to nothing."""
    places = list(web_addresses(_leading(catalogue)))
    if not places:
        raise Failure("No dataset has an access, download or endpoint URL.", mend="Say where the data is.")
    catalogue.probe.note("links called", places[:MOST_CALLS])
    fail_if_any(
        (
            f"{each} answers {answer.status}"
            for each in places[:MOST_CALLS]
            if _is_dead(answer := catalogue.reach(each))
        ),
        "Links of the catalogue that lead nowhere: {}.",
        mend="Mend the URL, or take the distribution out of the catalogue.",
    )


@dcat("distributions-are-what-they-claim", "MIM3-RC4.2")
def distributions_are_what_they_claim(catalogue: Catalogue) -> None:
    """A download comes with the media type that its distribution claims."""
    claims = list(_media_claims(catalogue))
    if not claims:
        raise NotTested("No distribution has both a download URL and an IANA media type.")
    wrong = []
    for url, claimed in claims[:MOST_CALLS]:
        answer = catalogue.reach(url, accept=f"{claimed}, */*;q=0.1")
        if answer.status == 200 and not _same_type(claimed, answer.media_type):
            wrong.append(
                f"{url} claims {claimed} and comes as {answer.media_type or 'nothing in particular'}"
            )
    fail_if_any(wrong, "Downloads of another kind: {}.", mend="Claim what is served, or label it right.")


@dcat("distributions-parse", "MIM3-RC4.2")
def distributions_parse(catalogue: Catalogue) -> None:
    """A download that is called JSON is JSON, and one called CSV is no web page."""
    claims = [each for each in _media_claims(catalogue) if "json" in each[1] or each[1] == "text/csv"]
    if not claims:
        raise NotTested("No distribution is called JSON or CSV.")
    wrong = []
    for url, claimed in claims[:MOST_CALLS]:
        answer = catalogue.probe.fetch(url, accept=f"{claimed}, */*;q=0.1")
        if answer.status == 200 and not _parses(answer, claimed):
            wrong.append(f"{url} ({claimed}): {answer.text[:40]!r}")
    fail_if_any(wrong, "Downloads that are not what they are called: {}.", mend="Serve the data itself.")


@dcat("as-fresh-as-declared", "MIM3-RC3.3", clause="dct:accrualPeriodicity, dct:modified")
def as_fresh_as_declared(catalogue: Catalogue) -> None:
    """What is declared to be updated daily, weekly... was updated within three such periods."""
    declared = [(each, period) for each in catalogue.datasets if (period := _period(catalogue, each))]
    if not declared:
        raise NotTested("No dataset has an update frequency with a period (dct:accrualPeriodicity).")
    now, late, old = datetime.now(UTC), [], []
    for dataset, days in declared[:MOST_CALLS]:
        oldest = now - timedelta(days=3 * days + 2)
        said, seen = _said_modified(catalogue, dataset), _seen_in_data(catalogue, dataset, now)
        if said and said < oldest:
            late.append(f"{catalogue.title(dataset)}: every {days} days, but modified {said:%Y-%m-%d}")
        elif seen and seen < oldest:
            old.append(
                f"{catalogue.title(dataset)}: every {days} days, newest time in the data {seen:%Y-%m-%d}"
            )
    mend = "Update the data, or declare the frequency it really has."
    fail_if_any(late, "Not as fresh as declared: {}.", mend=mend)
    if old:
        raise Warn(f"The data looks older than declared: {'; '.join(old[:5])}.", mend=mend)
    if not any(
        _said_modified(catalogue, each) or _seen_in_data(catalogue, each, now) for each, _ in declared
    ):
        raise NotTested("Neither dct:modified nor the data say how fresh they are.")


@dcat("found-from-the-root", "MIM3-RC4.1", level="SHOULD")
def found_from_the_root(catalogue: Catalogue) -> None:
    """Who knows only the host finds the catalogue: at the root, at a usual place, or linked there."""
    parts = urlsplit(catalogue.probe.interface.url)
    root = f"{parts.scheme}://{parts.netloc}/"
    usual = {"", "/", "/catalog", "/catalog.ttl", "/catalog.rdf", "/catalog.jsonld", "/catalogue", "/dcat"}
    if parts.path in usual:
        return
    answer = catalogue.probe.read(root, Accept="text/html, */*;q=0.5")
    known = {each.href for each in answer.links}
    known |= {urljoin(root, each) for each in re.findall(r"""href\s*[=:]\s*["']([^"']+)""", answer.text)}
    known |= {urljoin(root, each) for each in re.findall(r'"href"\s*:\s*"([^"]+)"', answer.text)}
    if catalogue.probe.interface.url.rstrip("/") not in {each.rstrip("/") for each in known}:
        raise Failure(
            f"{answer} and does not link {catalogue.probe.interface.url}.",
            mend="Link the catalogue from the landing page.",
        )


@dcat("lists-what-is-served", "MIM3-RC4.1")
def lists_what_is_served(catalogue: Catalogue) -> None:
    """Every entity type and every collection that the target serves appears in the catalogue."""
    served = served_types(catalogue)
    if not served:
        raise NotTested("The target has no NGSI-LD or OGC API interface that serves something to look for.")
    known = {
        str(each).casefold() for each in catalogue.graph.all_nodes() if isinstance(each, URIRef | Literal)
    }
    words = {word for each in known for word in re.split(r"[^\w]+", each)}
    missing = [
        each for each in served if each.casefold() not in known and _short(each).casefold() not in words
    ]
    catalogue.probe.note("served", served)
    fail_if_any(
        missing, "Served, but not in the catalogue: {}.", mend="Describe a dataset for each type you serve."
    )


@dcat("restricted-is-refused", "MIM3-RC5.3", clause="dct:accessRights")
def restricted_is_refused(catalogue: Catalogue) -> None:
    """Data called restricted is refused to who says not who he is, and to who only says 'anonymous'."""
    places = list(_restricted(catalogue))
    if not places:
        raise NotApplicable("No dataset is called restricted or non-public.")
    for url in places[:5]:
        for headers in ({}, {"Authorization": "Bearer anonymous"}):
            answer = catalogue.probe.send("GET", url, headers=headers, role=None)
            if answer.status < 300:
                who = "the token 'anonymous'" if headers else "no token at all"
                raise Failure(
                    f"{answer} with {who}, although the dataset is restricted.",
                    mend="Identify the user before granting access: answer 401 or 403.",
                )
            if answer.status not in (401, 403, 404) and answer.status not in REDIRECTS:
                raise Warn(f"{answer} where 401 or 403 is due.", mend="Refuse with 401 or 403.")


@dcat("open-without-a-name", "MIM3-RC5.5", level="MAY")
def open_without_a_name(catalogue: Catalogue) -> None:
    """The catalogue, and what it calls public, can be read without saying who one is."""
    answer = catalogue.probe.send("GET", "", headers={"Accept": "text/turtle, */*;q=0.5"}, role=None)
    answer.expect(200, mend="Let everybody read the catalogue, where the rules allow it.")
    public = [
        each
        for each in catalogue.datasets
        if (each, DCTERMS.accessRights, URIRef(f"{AUTHORITY}access-right/PUBLIC")) in catalogue.graph
    ]
    for url in list(web_addresses(_links_of(catalogue, public)))[:5]:
        catalogue.reach(url).expect(200, 204, mend="Public data needs no login.")


def _leading(catalogue: Catalogue) -> list[Node]:
    """Access, download and endpoint URLs of what anybody may read."""
    closed = {each for each in catalogue.datasets if _is_restricted(catalogue, each)}
    open_ones = [each for each in catalogue.datasets if each not in closed]
    endpoints = [place for each in catalogue.services for place in catalogue.objects(each, DCAT.endpointURL)]
    return [*_links_of(catalogue, open_ones), *endpoints]


def _links_of(catalogue: Catalogue, datasets: list[Node]) -> list[Node]:
    return [
        place
        for dataset in datasets
        for distribution in catalogue.distributions(dataset)
        for way in (DCAT.accessURL, DCAT.downloadURL)
        for place in catalogue.objects(distribution, way)
    ]


def _is_dead(answer: Answer) -> bool:
    """An endpoint that wants a login or parameters is alive."""
    return answer.status in (404, 410) or answer.status >= 500


def _media_claims(catalogue: Catalogue) -> Iterator[tuple[str, str]]:
    for dataset in catalogue.datasets:
        if _is_restricted(catalogue, dataset):
            continue
        for distribution in catalogue.distributions(dataset):
            for claimed in catalogue.objects(distribution, DCAT.mediaType):
                media_type = str(claimed).partition("media-types/")[2].lower() or str(claimed).lower()
                for url in web_addresses(catalogue.objects(distribution, DCAT.downloadURL)):
                    if "/" in media_type and ":" not in media_type:
                        yield url, media_type


def _same_type(claimed: str, found: str) -> bool:
    """GeoJSON and other JSON may be labelled as plain JSON, and XML as either XML."""
    if claimed == found:
        return True
    if claimed.endswith("json") and found.endswith("json"):
        return found == "application/json" or claimed == "application/json"
    return claimed.endswith("xml") and found in ("text/xml", "application/xml")


def _parses(answer: Answer, claimed: str) -> bool:
    if "json" in claimed:
        try:
            orjson.loads(answer.body)
        except orjson.JSONDecodeError:
            return False
        return True
    return answer.body.lstrip()[:1] != b"<"


def _period(catalogue: Catalogue, dataset: Node) -> int | None:
    for each in catalogue.objects(dataset, DCTERMS.accrualPeriodicity):
        return PERIODS.get(str(each).rpartition("/")[2])
    return None


def _said_modified(catalogue: Catalogue, dataset: Node) -> datetime | None:
    """The newest dct:modified of a dataset and its distributions."""
    nodes = [dataset, *catalogue.distributions(dataset)]
    found = [_moment(value) for node in nodes for value in catalogue.objects(node, DCTERMS.modified)]
    return max((each for each in found if each), default=None)


def _seen_in_data(catalogue: Catalogue, dataset: Node, now: datetime) -> datetime | None:
    """The newest time in the downloads before now, or else when they say they were modified."""
    if _is_restricted(catalogue, dataset):
        return None
    newest: list[datetime] = []
    for distribution in catalogue.distributions(dataset):
        for url in list(web_addresses(catalogue.objects(distribution, DCAT.downloadURL)))[:2]:
            try:
                answer = _download(catalogue, url)
            except NoAnswer:
                continue
            newest += _times(answer, now)
    return max(newest, default=None)


def _download(catalogue: Catalogue, url: str) -> Answer:
    answer: Answer = catalogue.probe.once(("download", url), lambda: catalogue.probe.fetch(url))
    return answer


def _times(answer: Answer, now: datetime) -> list[datetime]:
    found = [_moment(each) for each in _TIME.findall(answer.text)] if answer.status == 200 else []
    past = [each for each in found if each and each <= now + timedelta(hours=1)]
    if past:
        return [max(past)]
    try:
        return [parsedate_to_datetime(answer.headers["last-modified"]).astimezone(UTC)]
    except (KeyError, TypeError, ValueError):
        return []


def _moment(value: object) -> datetime | None:
    """A date or date-time as an instant; without zone as UTC."""
    plain = value.toPython() if isinstance(value, Literal) else value
    if isinstance(plain, date) and not isinstance(plain, datetime):
        return datetime(plain.year, plain.month, plain.day, tzinfo=UTC)
    try:
        moment = plain if isinstance(plain, datetime) else datetime.fromisoformat(str(plain))
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def served_types(catalogue: Catalogue) -> list[str]:
    """The names of what the target's data interfaces serve."""
    interfaces, found = catalogue.probe.target.interfaces, []
    if broker := interfaces.get("ngsi-ld"):
        body = _asked(catalogue, f"{broker.url}/ngsi-ld/v1/types").json()
        names = body.get("typeList", []) if isinstance(body, dict) else body
        found += [each for each in names if isinstance(each, str)]
    if features := interfaces.get("ogcapi-features"):
        collections = _asked(catalogue, f"{features.url}/collections").json_object().get("collections", [])
        found += [str(each["id"]) for each in collections if isinstance(each, dict) and "id" in each]
    return found


def _asked(catalogue: Catalogue, url: str) -> Answer:
    """What another interface of the target says; that it says nothing is not the catalogue's fault."""
    tenant = catalogue.probe.target.tenant
    headers = {"Accept": "application/json", **({"NGSILD-Tenant": tenant} if tenant else {})}
    answer = catalogue.probe.send("GET", url, headers=headers)
    if answer.status != 200:
        raise CheckError(f"What is served cannot be compared with the catalogue: {answer}.")
    return answer


def _short(name: str) -> str:
    return unquote(name).replace("#", "/").rpartition("/")[2]


def _is_restricted(catalogue: Catalogue, dataset: Node) -> bool:
    rights = catalogue.objects(dataset, DCTERMS.accessRights)
    return any(str(each).endswith(_RESTRICTED) for each in rights)


def _restricted(catalogue: Catalogue) -> Iterator[str]:
    closed = [each for each in catalogue.datasets if _is_restricted(catalogue, each)]
    return web_addresses(_links_of(catalogue, closed))
