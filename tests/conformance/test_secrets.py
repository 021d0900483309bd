"""Nothing that only its owner may know gets into evidence, messages, facts or reports."""

from __future__ import annotations

import pytest

from mimas.conformance.evidence import Evidence, secrets_in
from mimas.conformance.http_server import Received, Reply
from mimas.conformance.probe import Probe
from mimas.conformance.session import Session
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
