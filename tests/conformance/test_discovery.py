"""What a bare base URL offers is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from mimas.conformance.discovery import TOKEN_VARIABLE, discover, first_draft
from mimas.conformance.evidence import Evidence
from mimas.conformance.http_server import Received, Reply
from mimas.conformance.identity import openapi_document
from mimas.conformance.probe import Probe
from mimas.conformance.session import Session
from mimas.conformance.target import Interface, Target, TargetError, load_target
from mimas.conformance.testing import serving

JSON = {"Content-Type": "application/json"}
WFS = b'<wfs:WFS_Capabilities xmlns:wfs="http://www.opengis.net/wfs/2.0" version="2.0.0"/>'
OFFERS = {
    "ngsi-ld": ("/ngsi-ld/v1/types", Reply(200, b"[]", JSON)),
    "ogcapi-features": ("/", Reply(200, b'{"links": []}', JSON)),
    "openapi-rest": ("/openapi.json", Reply(200, b'{"openapi": "3.1.0"}', JSON)),
    "sensorthings": ("/v1.1", Reply(200, b'{"value": [{"name": "Things", "url": "x"}]}', JSON)),
    "wfs": ("/wfs", Reply(200, WFS, {"Content-Type": "text/xml"})),
    "dcat-ap": (
        "/catalog.ttl",
        Reply(200, b"<#c> a <http://www.w3.org/ns/dcat#Catalog> .", {"Content-Type": "text/turtle"}),
    ),
    "oidc": ("/.well-known/openid-configuration", Reply(200, b'{"issuer": "x"}', JSON)),
}


def offering(*mechanisms: str):  # type: ignore[no-untyped-def]
    places = dict(OFFERS[each] for each in mechanisms)

    def answer(received: Received) -> Reply:
        return places.get(received.path.partition("?")[0], Reply(404, b"{}", JSON))

    return answer


@pytest.mark.parametrize("mechanism", OFFERS)
def test_each_mechanism_is_found(mechanism: str) -> None:
    """By what it answers, not by its name."""
    with serving(offering(mechanism)) as url:
        assert set(discover(url, environment={}).interfaces) == {mechanism}


@pytest.mark.parametrize(
    ("right", "place"),
    [
        ("dcat_ap", "/open-data/catalogue"),
        ("linked_data", "/id"),
        ("odrl", "/policies"),
        ("dataspace", "/dsp"),
        ("asyncapi", "/asyncapi.json"),
    ],
)
def test_right_targets_are_found_from_their_host_alone(
    right: str, place: str, request: pytest.FixtureRequest
) -> None:
    """By usual places, by links of the landing page, by the paths that a connector names."""
    claimed = next(iter(request.getfixturevalue(f"right_{right}").interfaces.values()))
    found = discover(claimed.url.removesuffix(place), environment={})

    assert found.interfaces[claimed.mechanism].url == claimed.url


def test_all_of_them_are_found_together() -> None:
    """Each at its own place."""
    with serving(offering(*OFFERS)) as url:
        target = discover(f"{url}/", environment={})

    assert set(target.interfaces) == set(OFFERS)
    assert target.interfaces["sensorthings"].url == f"{url}/v1.1"


@pytest.mark.parametrize(
    "answer",
    [
        Reply(200, b"<h1>Town</h1>", {"Content-Type": "text/html"}), Reply(200, b"{}", JSON),
        Reply(200, b"[]", JSON), Reply(400, b"", {}), Reply(500, b"", {}), Reply(302, b"", {"Location": "/"}),
        Reply(200, b'{"links": 1, "value": [1], "issuer": 2, "typeList": 3, "openapi": 4}', JSON),
    ],
)  # fmt: skip
def test_a_server_that_answers_all_alike_offers_nothing(answer: Reply) -> None:
    """It claims a REST interface, so that a run says what is wrong with it."""
    with serving(lambda _: answer) as url:
        assert set(discover(url, environment={}).interfaces) == {"openapi-rest"}


def test_another_host_is_not_followed_to() -> None:
    """It is named, and the user decides."""
    with (
        serving(lambda _: Reply(302, b"", {"Location": "http://localhost:9/login"})) as url,
        pytest.raises(TargetError, match=r"sends on to http://localhost:9/login"),
    ):
        discover(url, environment={})


def test_where_nothing_answers_is_said() -> None:
    """Not an empty target."""
    with pytest.raises(TargetError, match=r"127\.0\.0\.1:9"):
        discover("http://127.0.0.1:9", environment={})


def test_a_token_of_the_environment_goes_along() -> None:
    """By reference only."""
    seen = set()

    def answer(received: Received) -> Reply:
        seen.add(received.headers.get("authorization"))
        return offering("ngsi-ld")(received)

    with serving(answer) as url:
        target = discover(url, environment={TOKEN_VARIABLE: "s3cret"})

    assert seen == {"Bearer s3cret"}
    assert "s3cret" not in first_draft(target)


def test_the_draft_is_a_target(tmp_path: Path) -> None:
    """It can be checked at once."""
    with serving(offering("ngsi-ld", "wfs")) as url:
        found = discover(url, environment={})
    path = tmp_path / "target.yaml"
    path.write_text(first_draft(found))

    assert load_target(path).interfaces == found.interfaces


def test_a_service_behind_a_login_is_found_with_it(right_oidc: Target) -> None:
    """By the description's openIdConnectUrl; TLS with the authority that CHECK_CA_FILE names."""
    wanted = right_oidc.interfaces
    found = discover(wanted["openapi-rest"].url, environment={"CHECK_CA_FILE": str(right_oidc.ca_file)})

    assert found.interfaces["oidc"] == Interface("oidc", wanted["oidc"].url)
    assert {"openapi-rest", "oidc", "tls"} <= set(found.interfaces)


def test_a_provider_and_its_tls_are_found(right_oidc: Target, tmp_path: Path) -> None:
    """By its well-known document; the draft keeps the authority."""
    issuer = right_oidc.interfaces["oidc"].url
    found = discover(issuer, environment={"CHECK_CA_FILE": str(right_oidc.ca_file)})
    path = tmp_path / "target.yaml"
    path.write_text(first_draft(found))

    assert set(found.interfaces) == {"oidc", "tls"}
    assert load_target(path).ca_file == right_oidc.ca_file


def test_an_authority_that_is_not_there_is_said() -> None:
    """Instead of a certificate that cannot be verified."""
    with pytest.raises(TargetError, match="CHECK_CA_FILE names /nowhere"):
        discover("https://127.0.0.1:9", environment={"CHECK_CA_FILE": "/nowhere"})


def test_a_link_called_openapi_is_no_description() -> None:
    """Many services name their description in the document of their root."""
    places = {
        "/": Reply(200, b'{"openapi": "/openapi.json"}', JSON),
        "/openapi.json": Reply(200, b'{"openapi": "3.1.0", "paths": {"/x": {}}}', JSON),
    }
    with serving(lambda received: places.get(received.path, Reply(404, b"{}", JSON))) as url:
        target = discover(url, environment={})
        session = Session(target, environment={})
        probe = Probe(session, "openapi-rest", "test", Evidence(session.secrets))
        found = openapi_document(probe).url
        session.close()

    assert found == f"{url}/openapi.json"
