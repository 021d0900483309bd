"""The words that reports share: what a verdict means, what a MIM is about and why it matters."""

from __future__ import annotations

VERDICT_WORDS = {
    "pass": "Passed",
    "fail": "Failed",
    "warn": "Warning",
    "attested": "Attested",
    "equivalent": "Equivalent",
    "not_applicable": "Not applicable",
    "not_tested": "Not tested",
    "error": "Could not be judged",
}
VERDICT_MEANINGS = {
    "pass": "tested, and as the requirement asks",
    "fail": "tested, and against the requirement",
    "warn": "allowed, but likely to hurt, or only recommended",
    "attested": "a named person says so; nothing was tested",
    "equivalent": "a named person says that something else serves the purpose",
    "not_applicable": "its condition does not hold for this product",
    "not_tested": "there was nothing to test it on",
    "error": "the test could not run, or the answer could not be read",
}
RUN_WORDS = {
    "pass": "Nothing that was tested is broken",
    "fail": "The product does not conform",
    "error": "Not everything could be judged",
    "not_tested": "Not everything could be judged",
}
NO_FAILURE = "No failure found"
MECHANISM_TITLES = {
    "ngsi-ld": "NGSI-LD broker",
    "ogcapi-features": "OGC API Features service",
    "ogcapi-processes": "OGC API Processes service",
    "wfs": "Web Feature Service",
    "sensorthings": "SensorThings service",
    "algorithm-register": "register of algorithms",
    "openapi-rest": "described REST interface",
    "mqtt": "MQTT broker",
    "asyncapi": "AsyncAPI interface",
    "dcat-ap": "DCAT-AP catalogue",
    "odrl": "collection of ODRL policies",
    "dataspace-protocol": "dataspace connector",
    "linked-data": "linked data",
    "oidc": "OpenID Connect provider",
    "tls": "TLS endpoint",
}
MIM_TITLES = {
    "MIM0": "Accessing data",
    "MIM1": "Interlinking data",
    "MIM1-context": "Context information (NGSI-LD)",
    "MIM2": "Representing data",
    "MIM3": "Exchanging data",
    "MIM4": "Personal data",
    "MIM5": "Fair artificial intelligence",
    "MIM6": "Securing data",
    "MIM7": "Geospatial data",
    "MIM8": "Local digital twins",
    "MIM8-2022": "Ecosystem indicators (2022)",
    "MIM9-2022": "Data analytics (2022)",
    "MIM10-2022": "Resource impact (2022)",
    "PLUS": "Procurement clauses",
}
MIM_REASONS = {
    "MIM0": "Without it every application needs an interface of its own, and only the maker can build one.",
    "MIM1": "Without it nobody can tell that two systems speak of the same lamp post, street or school.",
    "MIM1-context": "Without it applications written for one city do not run in the next.",
    "MIM2": "Without it a number has no unit and a name no meaning outside the system that made it.",
    "MIM3": "Without it data are given away, or kept back, because the terms of use are nowhere stated.",
    "MIM4": "Without it citizens cannot see or decide what is done with data about them.",
    "MIM5": "Without it nobody can explain, or contest, what an algorithm decided.",
    "MIM6": "Without it strangers read, or change, what the city relies on.",
    "MIM7": "Without it maps of two departments do not lie on top of each other.",
    "MIM8": "Without it nobody can repeat, or doubt, what a model of the city foretold.",
    "PLUS": "Without it the city pays again for its own data when the contract ends.",
}
DEFAULT_REASON = "It is part of what the city asked for."


def mim_words(verdict: str, must_tested: int, must_total: int) -> str:
    """A MIM's verdict in words: only what was tested as a whole is called passed."""
    if verdict == "pass" and must_tested < must_total:
        return NO_FAILURE
    return VERDICT_WORDS[verdict]
