"""Nothing that only its owner may know gets into evidence, messages, facts or reports."""

from __future__ import annotations

import os
from dataclasses import replace
from urllib.parse import quote

import orjson
import pytest

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checks import all_checks
from mimas.conformance.evidence import Evidence, secrets_in
from mimas.conformance.http_server import Received, Reply
from mimas.conformance.listener import Listener
from mimas.conformance.probe import Probe
from mimas.conformance.reports import report_of
from mimas.conformance.runner import Runner
from mimas.conformance.session import Session
from mimas.conformance.target import Target
from mimas.conformance.testing import serving, target_of

TOKEN = b'{"access_token": "tok-abcdefgh", "refresh_token": "ref-abcdefgh", "token_type": "Bearer"}'


def test_tokens_and_cookies_of_an_answer_are_secrets() -> None:
    """Its receiver alone may know them."""
    found = secrets_in([("set-cookie", "session=cookie-abc; Path=/")], TOKEN)

    assert found == {"cookie-abc", "tok-abcdefgh", "ref-abcdefgh"}


@pytest.mark.parametrize("body", [b'{"access_token": 1}', b'{"access_token"', b'["access_token"]', b""])
def test_what_only_looks_like_a_token_is_none(body: bytes) -> None:
    """And breaks nothing."""
    assert secrets_in([], body) == set()


@pytest.mark.parametrize(
    "text",
    ["https://app.example/back?code=geheim&state=1", "client_secret=geheim", '{"id_token": "geheim"}'],
)
def test_authorization_codes_and_secrets_are_masked_in_text(text: str) -> None:
    """Wherever they stand."""
    assert "geheim" not in Evidence().mask(text)


def test_a_token_that_was_issued_is_masked_where_it_comes_back() -> None:
    """Also in answers to other requests."""

    def answer(received: Received) -> Reply:
        echo = received.headers.get("authorization", "").encode()
        return Reply(200, TOKEN if received.path == "/token" else b"you sent " + echo, {})

    with serving(answer) as url:
        session = Session(target_of("openapi-rest", url), environment={})
        probe = Probe(session, "openapi-rest", "test", Evidence(session.secrets))
        token = probe.get("/token").json()["access_token"]
        probe.send("GET", "/me", headers={"Authorization": f"Bearer {token}"})
        session.close()

    assert token not in repr(probe.evidence.exchanges)
    assert "you sent Bearer ***" in repr(probe.evidence.exchanges)


MINE = ("openapi-rest", "oidc", "tls", "mqtt")


def _echoing(received: Received) -> Reply:
    """Gives back whatever it was sent, wherever a check may look."""
    said = [*received.headers.values(), received.path, received.body.decode("utf-8", "replace")]
    given = {"error": said, "access_token": "issued-by-the-echo", "id": " ".join(said)}
    headers = {
        "Content-Type": "application/json",
        "X-Echo": quote(said[0]),
        "Set-Cookie": "sid=cookie-of-echo",
    }
    return Reply(200, orjson.dumps(given), headers)


@pytest.mark.parametrize("right", ["openapi_rest", "oidc", "mqtt", "tls"])
def test_a_report_holds_no_secret(right: str, request: pytest.FixtureRequest, listener: Listener) -> None:
    """Over every check of REST, OpenID Connect, TLS and MQTT, on targets that are right."""
    _expect_clean(request.getfixturevalue(f"right_{right}"), listener)


@pytest.mark.parametrize("right", ["openapi_rest", "oidc"])
def test_a_target_that_echoes_gets_no_secret_into_a_report(
    right: str, request: pytest.FixtureRequest, listener: Listener
) -> None:
    """What comes back is masked as what went out."""
    target = request.getfixturevalue(f"right_{right}")
    with serving(_echoing) as url:
        moved = {name: replace(each, url=url) for name, each in target.interfaces.items()}
        _expect_clean(replace(target, interfaces=moved), listener)


def _expect_clean(target: Target, listener: Listener) -> None:
    session = Session(target, listener=listener)
    checks = [each for each in all_checks() if each.mechanism in set(MINE) & target.interfaces.keys()]
    try:
        run = Runner(session, strict=True).run(load_catalogue().requirements, checks)
    finally:
        session.close()
    report = orjson.dumps(report_of(run)).decode()
    known = {os.environ[each.env] for each in target.credentials.values() if each.env in os.environ}
    known |= {"issued-by-the-echo", "cookie-of-echo", "a-secret-authorization-code"}

    assert [each for each in known if each in report] == []
    assert len(run.checks) == len(checks) > 0
