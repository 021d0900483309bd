"""What a service says of itself: next update, version, limits, health (MIM0 best practice)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from ...answer import Answer
from ...probe import Probe
from ...verdicts import Failure, NoAnswer, NotApplicable, NotTested, Warn
from ..declaration import check
from .collections import Rest, rest
from .description import mapping

MIM0_1 = "MIM0 Mechanism 1"
OLD_FORMS = ("ratelimit-limit", "x-ratelimit-limit", "x-rate-limit-limit", "ratelimit-remaining")
_VERSION = re.compile(r"(^|[/.;=])v?\d+(\.\d+)*($|[/;.])", re.IGNORECASE)
_ITEM = re.compile(
    r'^\s*("[^"]*"|[A-Za-z*][\w*./:-]*)\s*((?:;\s*[a-z*][\w*.-]*(?:=(?:"[^"]*"|:[\w+/=]*:|-?\w+))?\s*)*)$'
)


@rest("headers.next-update", "MIM0-BP05-next-update", level="SHOULD", clause=MIM0_1)
def next_update(rest: Rest) -> None:
    """X-Next-Update says when the data changes next: a time to come."""
    answer = rest.get(rest.filled().url).expect(200)
    said = answer.headers.get("x-next-update")
    if said is None:
        raise Failure(f"{answer} without X-Next-Update.", mend="Say when the next value is due.")
    when = _time(said)
    if when is None:
        raise Warn(f"{answer} with X-Next-Update {said!r}, which is neither RFC 3339 nor an HTTP date.")
    if when < datetime.now(UTC):
        raise Failure(
            f"{answer} with X-Next-Update {said!r}, which is over.", mend="Say when the next value is due."
        )


def _time(text: str) -> datetime | None:
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        try:
            found = read(text)
        except (ValueError, TypeError):
            continue
        return found if found.tzinfo else None
    return None


@rest("headers.version", "MIM0-BP06-versioning", level="SHOULD")
def version(rest: Rest) -> None:
    """The version stands in path, media type or header, and `info.version` in the description."""
    if not mapping(rest.description.document.get("info")).get("version"):
        raise Failure("The description has no info.version.", mend="Say which version it describes.")
    collection = rest.filled()
    answer = collection.answer
    places = [
        urlsplit(collection.url).path,
        answer.headers.get("content-type", ""),
        answer.headers.get("api-version", ""),
    ]
    if not any(_VERSION.search(each) for each in places):
        raise Failure(
            f"{answer} names its version neither in the path nor in media type or API-Version.",
            mend="Serve it below a version such as /v1.",
        )


@check(
    "HTTP.headers.rate-limit",
    requirement="MIM0-BP09-ratelimit",
    mechanism=("openapi-rest", "ngsi-ld"),
    level="SHOULD",
    clause="draft-ietf-httpapi-ratelimit-headers; RFC 6585, 4",
)
def rate_limit(probe: Probe) -> None:
    """RateLimit and RateLimit-Policy say what is left, in their current form."""
    answer = _data(probe)
    policy, limit = answer.headers.get("ratelimit-policy"), answer.headers.get("ratelimit")
    old = [name for name in OLD_FORMS if name in answer.headers]
    if policy is None and limit is None:
        if old:
            raise Warn(
                f"{answer} with {old[0]}, an earlier form.", mend="Send RateLimit and RateLimit-Policy."
            )
        raise Failure(
            f"{answer} with neither RateLimit nor RateLimit-Policy.",
            mend="Say in these headers how much a client may ask for.",
        )
    policies, limits = _items(policy or "", "q"), _items(limit or "", "r")
    if policies is None or limits is None:
        raise Failure(
            f"{answer} with RateLimit-Policy {policy!r} and RateLimit {limit!r}, which clients cannot read.",
            mend='Write RateLimit-Policy: "default";q=100;w=60 and RateLimit: "default";r=50;t=30.',
        )
    if policies and limits - policies:
        raise Failure(f"{answer}: RateLimit names {', '.join(limits - policies)}, which is no policy.")


def _items(header: str, needed: str) -> set[str] | None:
    """The names of a list of structured items that all have an integer parameter; None when malformed."""
    names = set()
    for part in filter(str.strip, header.split(",")):
        found = _ITEM.match(part)
        if found is None or not re.search(rf";\s*{needed}=\d+(?![\w.])", found[2]):
            return None
        names.add(found[1])
    return names


def _data(probe: Probe) -> Answer:
    """An answer with data; NotTested when the interface holds none."""
    if probe.mechanism == "openapi-rest":
        return probe.get(Rest(probe).filled().url, Accept="application/json").expect(200)
    return probe.get("/ngsi-ld/v1/types", Accept="application/json").expect(200)


@check(
    "HTTP.health.agrees-with-the-data",
    requirement="MIM0-BP12-health",
    mechanism=("openapi-rest", "ngsi-ld"),
    level="MAY",
    clause=MIM0_1,
)
def health(probe: Probe) -> None:
    """There is /health or /status, it says 200, and data is served at the same time."""
    answer = _health(probe)
    if answer is None:
        raise NotApplicable("Neither /health nor /status is there.")
    data = _status_of_data(probe)
    if answer.status == 200 and data >= 500:
        raise Failure(
            f"{answer} while data is answered {data}.",
            mend="Ask the database before you say that all is well.",
        )
    if answer.status != 200 and data < 500:
        raise Failure(f"{answer} while data is answered {data}.", mend="Say 200 while requests are served.")


def _status_of_data(probe: Probe) -> int:
    path = probe.option("health-proof") or _data_path(probe)
    try:
        return probe.get(path, Accept="application/json").status
    except NoAnswer:
        return 599


def _data_path(probe: Probe) -> str:
    if probe.mechanism != "openapi-rest":
        return "/ngsi-ld/v1/entities?local=true&limit=1&type=MimasCheckNothing"
    rest = Rest(probe)
    for operation in rest.description.operations():
        if operation.method == "get" and operation.is_restricted:
            url = rest.description.url(operation)
            if url:
                return url
    raise NotTested("No described GET reads data.")


@rest("health.says-what-it-should", "MIM0-BP12-health", level="SHOULD", clause=MIM0_1)
def health_words(rest: Rest) -> None:
    """The health resource is JSON with availability, the version of the API and how fresh the data is."""
    answer = _health(rest.probe)
    if answer is None:
        raise Failure("Neither /health nor /status is there.", mend="Offer /health.")
    said = " ".join(map(str, answer.json_object())).lower()
    for what, names in _WORDS.items():
        if not any(name in said for name in names):
            raise Failure(f"{answer} without {what}.", mend=f"Add a member such as `{names[0]}`.")


_WORDS = {
    "availability": ("status", "available", "health", "state"),
    "the version": ("version", "release"),
    "the freshness of the data": ("updated", "fresh", "modified", "lastupdate", "last_update", "timestamp"),
}


def _health(probe: Probe) -> Answer | None:
    """The first of the usual places that exists, below the interface or at the root of its host."""
    root = urljoin(probe.interface.url, "/")
    given = probe.option("health")
    places = (
        [given]
        if given
        else [each for name in ("health", "status", "health/ready") for each in (name, root + name)]
    )
    for place in places:
        answer = probe.send("GET", place, headers={"Accept": "application/json"})
        if answer.status not in (401, 403, 404, 405) and "json" in answer.media_type:
            return answer
    return None
