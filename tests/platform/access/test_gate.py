"""Who gets in: the gate in front of the whole application, with tokens in a real database."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from mimas.ngsi_ld.store.database import Database
from mimas.ngsi_ld.store.tokens import StoredToken, TokenStore
from mimas.platform.access import hash_token, middleware, new_token
from mimas.platform.access.middleware import _is_same_origin, needed_role, token_of
from mimas.platform.access.policy import Role

ENTITIES = "/ngsi-ld/v1/entities"
ENTITY = {"id": "urn:ngsi-ld:Thing:1", "type": "Thing"}


@pytest.fixture
async def store(database_url: str) -> AsyncIterator[TokenStore]:
    database = await Database.open(database_url, max_size=1)
    yield TokenStore(database)
    await database.close()


async def make(
    store: TokenStore, name: str, role: str, tenants: tuple[str, ...] | None = None
) -> dict[str, str]:
    """Make a token; returns the header that carries it."""
    token = new_token()
    await store.add(StoredToken(hash_token(token), name, (role,), tenants, datetime.now(UTC)))
    return {"Authorization": f"Bearer {token}"}


async def test_without_tokens_this_machine_may_do_everything(client: httpx.AsyncClient) -> None:
    """A fresh platform works at once for who sits at it."""
    answer = await client.post(ENTITIES, json=ENTITY)

    assert answer.status_code == 201


async def test_without_tokens_nobody_else_gets_in(stranger: httpx.AsyncClient) -> None:
    """401 with a challenge (RFC 6750 3) and a problem that says what to do."""
    answer = await stranger.get(ENTITIES, params={"type": "Thing"})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="mimas"'
    assert "mimas token create" in answer.json()["detail"]


async def test_without_tokens_another_host_name_is_refused(client: httpx.AsyncClient) -> None:
    """A page whose name was rebound to this machine does not act through the browser here."""
    answer = await client.get("/", headers={"Host": "rebound.example"})

    assert answer.status_code == 403


async def test_with_a_token_this_machine_needs_one_too(client: httpx.AsyncClient, store: TokenStore) -> None:
    """Behind a proxy every request comes from this machine."""
    await make(store, "somebody", "read")
    answer = await client.get(ENTITIES, params={"type": "Thing"})

    assert answer.status_code == 401


@pytest.mark.parametrize(("role", "status"), [("read", 403), ("write", 201), ("admin", 201)])
async def test_writing_needs_the_role(
    stranger: httpx.AsyncClient, store: TokenStore, role: str, status: int
) -> None:
    """Each role includes those before it."""
    answer = await stranger.post(ENTITIES, json=ENTITY, headers=await make(store, "somebody", role))

    assert answer.status_code == status


async def test_a_missing_role_is_named(stranger: httpx.AsyncClient, store: TokenStore) -> None:
    """RFC 6750 3.1: insufficient_scope with the scope that would do."""
    answer = await stranger.post(ENTITIES, json=ENTITY, headers=await make(store, "somebody", "read"))

    assert (
        answer.headers["www-authenticate"]
        == 'Bearer realm="mimas", error="insufficient_scope", scope="write"'
    )


@pytest.mark.parametrize("token", ["mimas_unknown", "something", "", "mimas_" + "x" * 5000])
async def test_an_unknown_token_is_told(stranger: httpx.AsyncClient, token: str) -> None:
    """RFC 6750 3.1: invalid_token."""
    answer = await stranger.get("/", headers={"Authorization": f"Bearer {token}"})

    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


async def test_a_revoked_token_is_worthless(
    stranger: httpx.AsyncClient, store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As soon as the gate asks again."""
    monkeypatch.setattr(middleware, "BELIEVED_FOR", 0.0)
    headers = await make(store, "somebody", "read")
    before = await stranger.get("/", headers=headers)
    await store.revoke("somebody", datetime.now(UTC))
    after = await stranger.get("/", headers=headers)

    assert (before.status_code, after.status_code) == (200, 401)


@pytest.mark.parametrize(
    ("header", "tenant", "status"),
    [
        ("NGSILD-Tenant", "kladno", 201),
        ("fiware-service", "kladno", 201),
        ("NGSILD-Tenant", "other", 403),
        ("fiware-service", "other", 403),
        (None, "", 403),
    ],
)
async def test_a_token_is_for_its_tenants(
    stranger: httpx.AsyncClient, store: TokenStore, header: str | None, tenant: str, status: int
) -> None:
    """Whichever header names the tenant; the default one has to be named too."""
    headers = await make(store, "somebody", "write", ("kladno",))
    if header:
        headers[header] = tenant
    answer = await stranger.post(ENTITIES, json=ENTITY, headers=headers)

    assert answer.status_code == status


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
async def test_health_is_for_everybody(stranger: httpx.AsyncClient, path: str) -> None:
    """Whoever watches the platform has no token."""
    answer = await stranger.get(path)

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/metrics", "/", "/docs", "/openapi.json", "/quarantine", "/ngsi-ld/v1/types"]
)
async def test_everything_else_is_behind_the_gate(stranger: httpx.AsyncClient, path: str) -> None:
    """Metrics and pages as well."""
    answer = await stranger.get(path)

    assert answer.status_code == 401


async def test_a_browser_may_send_the_token_as_a_password(
    stranger: httpx.AsyncClient, store: TokenStore
) -> None:
    """Pages are challenged for Basic too, and read with the token as the password."""
    token = (await make(store, "somebody", "read"))["Authorization"].removeprefix("Bearer ")
    basic = base64.b64encode(f"anybody:{token}".encode()).decode()
    asked = await stranger.get("/", headers={"Accept": "text/html"})
    given = await stranger.get("/", headers={"Accept": "text/html", "Authorization": f"Basic {basic}"})

    assert "Basic" in asked.headers["www-authenticate"]
    assert given.status_code == 200


def test_a_password_of_a_browser_changes_nothing() -> None:
    """A browser sends it along with what other sites make it send."""
    header = b"Basic " + base64.b64encode(b"anybody:mimas_x")

    assert (token_of(header, "GET"), token_of(header, "POST")) == ("mimas_x", None)


def test_a_form_of_our_own_page_may_carry_the_password() -> None:
    """The browser says by Origin which page sends it; another site's form is without a token."""
    header = b"Basic " + base64.b64encode(b"anybody:mimas_x")

    assert token_of(header, "POST", same_origin=True) == "mimas_x"
    assert [
        _is_same_origin({b"host": b"town.example", b"origin": origin})
        for origin in (b"https://town.example", b"https://evil.example", b"null", b"")
    ] == [True, False, False, False]


@pytest.mark.parametrize(
    ("method", "path", "role"),
    [
        ("GET", "/ngsi-ld/v1/entities", Role.READ),
        ("POST", "/ngsi-ld/v1/entityOperations/query", Role.READ),
        ("POST", "/ngsi-ld/v1/temporal/entityOperations/query/", Role.READ),
        ("POST", "/ngsi-ld/v1/entityOperations/upsert", Role.WRITE),
        ("DELETE", "/ngsi-ld/v1/entities/x", Role.WRITE),
        ("POST", "/ngsi-ld/v1/subscriptions", Role.WRITE),
    ],
)
def test_what_a_request_needs(method: str, path: str, role: Role) -> None:
    """Queries by POST read; everything else that is not a read writes."""
    assert needed_role(method, path) is role


async def test_a_token_is_kept_as_a_hash(store: TokenStore, database_url: str) -> None:
    """Whoever reads the table has no token."""
    header = await make(store, "somebody", "read")
    (stored,) = await store.list_all()

    assert header["Authorization"].removeprefix("Bearer ").encode() not in stored.hash


async def test_who_was_let_in_is_not_asked_again_at_once(
    stranger: httpx.AsyncClient, store: TokenStore
) -> None:
    """Within three seconds a revoked token may still read, but never what it might not before."""
    headers = await make(store, "somebody", "read")
    await stranger.get("/", headers=headers)
    await store.revoke("somebody", datetime.now(UTC))
    read = await stranger.get("/", headers=headers)
    write = await stranger.post(ENTITIES, json=ENTITY, headers=headers)
    tenant = await stranger.get("/", headers=headers | {"NGSILD-Tenant": "other"})

    assert (read.status_code, write.status_code, tenant.status_code) == (200, 401, 401)


async def test_the_description_says_when_a_token_is_needed(
    client: httpx.AsyncClient, store: TokenStore
) -> None:
    """/openapi.json names the scheme always, and asks for it as soon as there is a token."""
    before = (await client.get("/openapi.json")).json()
    headers = await make(store, "reader", "read")
    after = (await client.get("/openapi.json", headers=headers)).json()

    assert list(before["components"]["securitySchemes"]) == ["bearer"]
    assert (before.get("security"), after.get("security")) == (None, [{"bearer": []}])
