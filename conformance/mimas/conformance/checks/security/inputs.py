"""Input that means harm ends in a refusal: broken, deep, huge, injected, or pointing inside (MIM6)."""

from __future__ import annotations

from urllib.parse import urlsplit

from ...answer import Answer
from ...http_server import HttpServer, Received, Reply
from ...listener import is_this_machine
from ...probe import Probe
from ...verdicts import Failure, NoAnswer, NotTested, Warn
from ..declaration import check
from ..openapi_rest.errors import INSIDES
from .surface import INTERFACES, Surface, guarded, surface_of

OWASP = "OWASP API Top 10 (2023)"
OVERSIZE = 20_000_000
INJECTIONS = ("' OR '1'='1", "'; SELECT pg_sleep(0)--", '"}; return true; //', "\u0000", "${7*7}")
STRANGE_ORIGIN = "https://mimas-check.example"
INSIDE = ("http://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "http://[::1]:5432/")


def _expect_4xx(answer: Answer, what: str) -> None:
    found = INSIDES.search(answer.text) if answer.status >= 400 else None
    if found:
        raise Failure(f"{answer} to {what}, and shows {found[0]!r}.", mend="Keep that for your log.")
    if answer.status >= 500:
        raise Failure(f"{answer} to {what}.", mend="Answer 400 and say what is wrong.")


@guarded(
    "INPUT.broken-bodies-are-refused", "MIM6-D01", level="SHOULD", clause=f"{OWASP}, API8", needs={"write"}
)
def broken(surface: Surface) -> None:
    """A body that is half JSON, nested a thousand deep, or of the wrong kind is answered 4xx."""
    write = surface.write()
    bodies = {
        "half a JSON body": b'{"id": "x", ',
        "a body nested a thousand deep": b'{"id":"x","type":"x","a":' + b"[" * 1000 + b"]" * 1000 + b"}",
        "a body that is a number": b"42",
        "a body that is not UTF-8": b'{"id": "\xff"}',
    }
    for what, body in bodies.items():
        sent = {"Content-Type": "application/json"}
        answer = surface.probe.send("POST", write.url, headers=sent, content=body)
        _expect_4xx(answer, what)
        if answer.status < 400:
            raise Failure(f"{answer} to {what}.", mend="Answer 400 and say what is wrong.")


@guarded("INPUT.bad-geometry-is-refused", "MIM6-D01", level="SHOULD", clause="RFC 7946, 3.1", needs={"write"})
def geometry(surface: Surface) -> None:
    """A location that is no geometry is answered 4xx."""
    write = surface.write()
    place = {"type": "Point", "coordinates": ["east", None]}
    value = {"type": "GeoProperty", "value": place} if surface.probe.mechanism == "ngsi-ld" else place
    if surface.probe.mechanism == "openapi-rest" and "location" not in write.body:
        raise NotTested("The example of an item has no location.")
    surface.probe.delete_afterwards(write.place)
    answer = surface.probe.send("POST", write.url, json={**write.body, "location": value})
    _expect_4xx(answer, "a location that is no geometry")
    if answer.status < 400:
        raise Failure(f"{answer} to a location that is no geometry.", mend="Look at what is stored.")


@guarded("INPUT.injection-changes-nothing", "MIM6-D01", level="SHOULD", clause=f"{OWASP}, API8")
def injection(surface: Surface) -> None:
    """Text of SQL or a script in a filter is taken as text or refused: no crash, nothing of the inside."""
    for text in INJECTIONS:
        answer = surface.probe.send("GET", surface.filtered(text))
        _expect_4xx(answer, f"a filter with {text!r}")


@guarded("INPUT.oversize-is-refused", "MIM6-D01", level="SHOULD", clause=f"{OWASP}, API4", needs={"write"})
def oversize(surface: Surface) -> None:
    """A body of 20 MB (option `oversize-bytes`) is refused: 413, another 4xx, or a closed connection."""
    size = int(surface.probe.option("oversize-bytes", OVERSIZE))
    write = surface.write()
    surface.probe.delete_afterwards(write.place)
    filling = (
        {"type": "Property", "value": "x" * size} if surface.probe.mechanism == "ngsi-ld" else "x" * size
    )
    try:
        answer = surface.probe.send("POST", write.url, json={**write.body, "name": filling})
    except NoAnswer as error:
        if "nothing whole within" in error.message:
            raise
        return  # it hung up, which is an answer too
    _expect_4xx(answer, f"a body of {size} bytes")
    if answer.status < 400:
        raise Failure(f"{answer} to a body of {size} bytes.", mend="Have a limit, and answer 413 above it.")


@check(
    "INPUT.subscriptions-to-the-inside-are-refused",
    requirement="MIM6-D02",
    mechanism="ngsi-ld",
    level="SHOULD",
    clause=f"{OWASP}, API7",
    needs={"write"},
)
def inside(probe: Probe) -> None:
    """A subscription that would call a file, cloud metadata or this host's inside is refused."""
    for place in INSIDE:
        name = f"urn:ngsi-ld:Subscription:{probe.unique('inside')}"
        body = {
            "id": name,
            "type": "Subscription",
            "entities": [{"type": "MimasCheckInside"}],
            "notification": {"endpoint": {"uri": place, "accept": "application/json"}},
        }
        probe.delete_afterwards(f"/ngsi-ld/v1/subscriptions/{name}")
        answer = probe.send("POST", "/ngsi-ld/v1/subscriptions", json=body)
        if answer.status < 300 and place.startswith("file:"):
            raise Failure(
                f"{answer} to a subscription that calls {place}.", mend="Take http, https and mqtt alone."
            )
        if answer.status < 300:
            raise Warn(
                f"{answer} to a subscription that calls {place}; whether it does cannot be seen.",
                mend="Refuse it when it is made.",
            )
        _expect_4xx(answer, f"a subscription that calls {place}")


@check(
    "INPUT.contexts-of-the-inside-are-not-fetched",
    requirement="MIM6-D02",
    mechanism="ngsi-ld",
    level="SHOULD",
    clause=f"{OWASP}, API7",
    needs={"write"},
)
def context(probe: Probe) -> None:
    """An @context on a private address of the product's own host is not fetched."""
    if not is_this_machine(urlsplit(probe.interface.url).hostname or ""):
        raise NotTested("The checker stands outside and cannot watch the inside of the product's network.")
    asked: list[Received] = []

    def watching(received: Received) -> Reply:
        asked.append(received)
        return Reply(200, b'{"@context": {}}', {"Content-Type": "application/ld+json"})

    try:
        decoy = HttpServer(watching, ("127.0.0.77", 0))
    except OSError as error:
        raise NotTested(f"This machine has no second loopback address to watch: {error}") from error
    decoy.start()
    try:
        url = f"http://127.0.0.77:{decoy.server_address[1]}/{probe.unique('context')}.jsonld"
        link = f'<{url}>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
        answer = probe.send("GET", "/ngsi-ld/v1/entities?type=MimasCheck&limit=1", headers={"Link": link})
    finally:
        decoy.end()
    if asked:
        raise Failure(
            f"{answer}, and {url} was fetched.", mend="Refuse loopback, private and link-local addresses."
        )


@guarded("INPUT.one-client-is-limited", "MIM6-D03", level="SHOULD", clause=f"{OWASP}, API4; RFC 6585, 4")
def limited(surface: Surface) -> None:
    """A burst of requests (option `burst`: how many) ends in 429 with Retry-After, or 503."""
    count = int(surface.probe.option("burst", 0))
    if not count:
        raise NotTested(
            "The target allows no burst (option `burst`: how many requests it should take at most)."
        )
    role = "burst" if surface.probe.session.secret("burst") else "token"
    route = next(each for each in surface.routes() if each.method == "GET" and each.restricted is not False)
    for _ in range(min(count, 2000)):
        answer = surface.probe.send("GET", route.url, role=role)
        if answer.status in (429, 503):
            if "retry-after" not in answer.headers:
                raise Failure(f"{answer} without Retry-After.", mend="Say when to come again.")
            return
    raise Failure(f"{count} requests in a row were all answered.", mend="Limit what one client may ask for.")


@check(
    "HEADERS.foreign-origins-get-no-credentials",
    requirement="MIM6-D04",
    mechanism=INTERFACES,
    level="SHOULD",
    clause="WHATWG Fetch, 3.3; OWASP API8",
)
def cors(probe: Probe) -> None:
    """A page of any other origin may not read with the user's credentials."""
    route = surface_of(probe).routes()[0]
    for method in ("GET", "OPTIONS"):
        sent = {"Origin": STRANGE_ORIGIN, "Access-Control-Request-Method": "GET"}
        answer = probe.send(method, route.url, headers=sent)
        allowed = answer.headers.get("access-control-allow-origin", "")
        with_credentials = answer.headers.get("access-control-allow-credentials", "").lower() == "true"
        if with_credentials and allowed in ("*", STRANGE_ORIGIN):
            raise Failure(
                f"{answer} allows {allowed} with credentials.", mend="Name the origins that may, one by one."
            )
        if allowed == STRANGE_ORIGIN:
            raise Failure(f"{answer} allows whatever origin asks.", mend="Name the origins, or say *.")


@check(
    "HEADERS.no-sniffing",
    requirement="MIM6-D04",
    mechanism=INTERFACES,
    level="SHOULD",
    clause="WHATWG Fetch, 3.6",
)
def nosniff(probe: Probe) -> None:
    """Answers say X-Content-Type-Options: nosniff."""
    answer = probe.send("GET", surface_of(probe).routes()[0].url)
    if answer.headers.get("x-content-type-options", "").lower() != "nosniff":
        raise Failure(f"{answer} without it.", mend="Send X-Content-Type-Options: nosniff.")
