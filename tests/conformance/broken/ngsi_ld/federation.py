"""Brokers that are wrong with registered context sources."""

from __future__ import annotations

from dataclasses import replace

from mimas.conformance.testing.declaring import changed, faults_of
from mimas.conformance.testing.ngsi_ld import headers_without, on, problem, says, with_header

fault = faults_of("federation", "NGSI-LD.")
REGISTER = on("POST", "/csourceRegistrations")
QUERY = on("GET", "/entities")
ONE = on("GET", "/entities/{}")
QUERIED = "5.7.2.registered-source-is-queried"
MERGED = "4.5.5.attributes-of-sources-are-merged"
FAILING = "6.3.17.failing-source-is-a-warning"
LOOPS = "6.3.18.loops-stop"


def _when_a_source_failed(then):
    def breaks(received, forward):
        reply = forward(received)
        return then(reply) if "ngsild-warning" in {each.lower() for each in reply.headers} else reply

    return breaks


fault("A registration is taken and never looked at.", f"{QUERIED} {MERGED}", REGISTER, says(201))
fault(
    "A registration is forgotten, and so no source can fail.",
    f"{FAILING} {LOOPS}",
    REGISTER,
    says(201),
    verdict="not_tested",
)
fault("Registering is not offered.", f"{QUERIED} {LOOPS}", REGISTER, says(501, {}), verdict="not_applicable")
fault("A registration is refused.", QUERIED, REGISTER, problem(400, "BadRequestData"), verdict="error")
fault(
    "Only what the source has is found.",
    QUERIED,
    QUERY,
    changed(lambda found: [each for each in found if each["level"]["value"] == 2]),
)
fault(
    "What the source knows of an entity is left out.",
    MERGED,
    ONE,
    changed(lambda entity: entity.pop("colour", None) and None),
)
fault(
    "What the source knows hides what the broker knows.",
    MERGED,
    ONE,
    changed(lambda entity: entity.pop("level", None) and None),
)
fault("What two know is listed twice.", MERGED, QUERY, changed(lambda found: found * 2))
fault(
    "A source that fails makes the query fail.",
    FAILING,
    QUERY,
    _when_a_source_failed(lambda reply: replace(reply, status=502)),
)
fault(
    "A source that fails takes the broker's own data with it.",
    FAILING,
    QUERY,
    _when_a_source_failed(lambda reply: reply.with_json([])),
)
fault(
    "A source fails and nobody says so.", FAILING, QUERY, with_header("NGSILD-Warning", None), verdict="warn"
)
fault(
    "A request that comes back is forwarded again and again.",
    LOOPS,
    QUERY,
    headers_without("via"),
    must_catch={"MIM1X-15": "registration leads to endless loop"},
)
fault("What comes back is found again.", LOOPS, QUERY, changed(lambda found: found * 2))
