"""Real products of geodata: what is found there, and the defects of theirs that we know."""

from __future__ import annotations

import pytest
from tests.conformance.test_hostile import checked

from mimas.conformance.discovery import discover
from mimas.conformance.target import Target
from mimas.conformance.verdicts import Verdict

# What pygeoapi 0.21.0 and MapServer 8.0.0 do against a MUST, by the check that says so.
DEFECTS = {
    "pygeoapi": {
        # OGC 17-069r4, /req/geojson/definition: features are application/geo+json, also where Accept asks for
        # that and for nothing else; pygeoapi sends application/json.
        "OGC-FEATURES.core.declared-classes",
        # OGC 17-069r4, /req/core/fc-numberReturned: the TinyDB provider counts what it could return, not what
        # it returns, so that the last page says too much.
        "OGC-FEATURES.core.counts",
    },
    "mapserver": {
        # OGC 09-025r2, 7.6.2: `service` is mandatory, and its absence an exception MissingParameterValue
        # (OGC 06-121r9, 8.3); MapServer takes the request for one of its own kind and sends a page.
        "WFS.missing-service-is-refused",
    },
}


@pytest.mark.parametrize("product", DEFECTS)
def test_a_real_product_fails_only_where_it_is_wrong(product: str, request: pytest.FixtureRequest) -> None:
    """No MUST failure that is not a defect of the product, written down with its clause."""
    run = checked(request.getfixturevalue(f"right_{product}"))
    failed = {each.check.id for each in run.checks if each.verdict is Verdict.FAIL}
    broken = {each.check.id: each.message for each in run.checks if each.verdict is Verdict.ERROR}

    assert failed == DEFECTS[product]
    assert broken == {}


@pytest.mark.parametrize(
    ("right", "mechanism"),
    [("pygeoapi", "ogcapi-features"), ("mapserver", "wfs"), ("sensorthings", "sensorthings")],
)
def test_a_real_product_is_discovered(right: str, mechanism: str, request: pytest.FixtureRequest) -> None:
    """From the address alone, of the service or of the server that it runs on."""
    target: Target = request.getfixturevalue(f"right_{right}")
    url = target.interfaces[mechanism].url
    server = "/".join(url.split("/")[:3])

    assert mechanism in discover(url, environment={}).interfaces
    assert discover(server, environment={}).interfaces[mechanism].url == url
