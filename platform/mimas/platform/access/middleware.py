"""The gate in front of every request: asks the policy, and answers 401 or 403 itself (RFC 6750)."""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Mapping, MutableMapping
from ipaddress import ip_address
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from mimas.ngsi_ld.api.exchange import read_headers
from mimas.ngsi_ld.api.problems import error_answer, problem_answer
from mimas.ngsi_ld.api.tenants import tenant_of
from mimas.ngsi_ld.core.errors import BadRequestData, NgsiLdError

from .policy import NOBODY, Policy, Principal, Question, Role, Verdict

REALM = 'realm="mimas"'
OPEN_PATHS = frozenset({"/health/live", "/health/ready"})
PUSHED = "/ingest/"  # asks for the key of its source itself
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_DECISIVE = frozenset({b"authorization", b"host", b"origin", b"ngsild-tenant", b"fiware-service"})
_REMEMBERED = 4096
BELIEVED_FOR = 3.0  # seconds until a revocation is noticed at the latest
_QUERIES = ("/entityOperations/query", "/temporal/entityOperations/query")

_DETAILS = {
    Verdict.CREDENTIALS_MISSING: "Send a token (Authorization: Bearer ...); `mimas token create` makes one.",
    Verdict.CREDENTIALS_WRONG: "The token is unknown or has been revoked.",
    Verdict.ROLE_MISSING: "The token lacks the role {role!r} that this request needs.",
    Verdict.TENANT_FORBIDDEN: "The token is not for this tenant.",
    Verdict.HOST_FORBIDDEN: "Without tokens only http://localhost and http://127.0.0.1 are served; "
    "for another name make a token: mimas token create NAME --role admin",
}


class Gate:
    """ASGI middleware; keeps who asks in `scope["principal"]`.

    Who was let in is let in again for some seconds without asking.
    """

    def __init__(self, app: ASGIApp, policy: Policy) -> None:
        self._app = app
        self._policy = policy
        self._recent: dict[tuple[object, ...], tuple[float, Principal | None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it."""
        if scope["type"] != "http" or scope["path"] in OPEN_PATHS or scope["path"].startswith(PUSHED):
            await self._app(scope, receive, send)
            return
        role = needed_role(scope["method"], scope["path"])
        key = _facts(scope, role)
        until, principal = self._recent.get(key, (0.0, None))
        if time.monotonic() >= until:
            principal = await self._ask(scope, role, key, send)
        if principal is not None:
            scope["principal"] = principal
            await self._app(scope, receive, send)

    async def _ask(self, scope: Scope, role: Role, key: tuple[object, ...], send: Send) -> Principal | None:
        """Who may go on; None when the answer has been sent."""
        headers = read_headers(scope["headers"])
        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            return NOBODY  # a browser asks before it may send credentials
        try:
            decision = await self._policy.decide(_question(scope, headers, role))
        except NgsiLdError as error:
            await error_answer(error, scope["path"], headers.get(b"accept", b"")).send(send)
            return None
        if decision.verdict is not Verdict.ALLOWED:
            await _refuse(decision.verdict, role, scope, headers, send)
            return None
        if len(self._recent) >= _REMEMBERED:
            self._recent.clear()
        self._recent[key] = (time.monotonic() + BELIEVED_FOR, decision.principal)
        return decision.principal


def _facts(scope: Scope, role: Role) -> tuple[object, ...]:
    """Everything a decision depends on."""
    said = [header for header in scope["headers"] if header[0] in _DECISIVE]
    client = scope.get("client")
    return (scope["method"] in _READS, role, client[0] if client else None, *said)


def _question(scope: Scope, headers: Mapping[bytes, bytes], role: Role) -> Question:
    client = scope.get("client")
    return Question(
        token=token_of(
            headers.get(b"authorization", b""), scope["method"], same_origin=_is_same_origin(headers)
        ),
        role=role,
        tenant=_tenant(headers),
        is_local=client is not None and _is_loopback(client[0]),
        has_local_host=_names_this_machine(headers.get(b"host", b"")),
    )


def needed_role(method: str, path: str) -> Role:
    """Reading needs `read`, queries by POST included; everything else changes something."""
    if method in _READS or (method == "POST" and path.rstrip("/").endswith(_QUERIES)):
        return Role.READ
    return Role.WRITE


def token_of(authorization: bytes, method: str, *, same_origin: bool = False) -> str | None:
    """The token of an Authorization header, None without one.

    Browsers cannot send Bearer by themselves: for pages the token may be the password of Basic, for reads
    and for forms of our own pages alone, since a browser sends it along with requests that other sites cause.
    """
    scheme, _, rest = authorization.decode("latin-1").partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() == "basic" and (method in _READS or same_origin):
        try:
            return base64.b64decode(rest.strip(), validate=True).decode().partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return None


async def _refuse(
    verdict: Verdict, role: Role, scope: MutableMapping[str, Any], headers: Mapping[bytes, bytes], send: Send
) -> None:
    accept = headers.get(b"accept", b"")
    is_unknown = verdict in (Verdict.CREDENTIALS_MISSING, Verdict.CREDENTIALS_WRONG)
    name = role.name.lower()
    problem = {
        "type": "about:blank",
        "title": "Unauthorized" if is_unknown else "Forbidden",
        "status": 401 if is_unknown else 403,
        "detail": _DETAILS[verdict].format(role=name),
    }
    challenges = []
    if verdict is Verdict.CREDENTIALS_MISSING:
        challenges.append(f"Bearer {REALM}")
    elif verdict is Verdict.CREDENTIALS_WRONG:
        challenges.append(f'Bearer {REALM}, error="invalid_token"')
    elif verdict is Verdict.ROLE_MISSING:
        challenges.append(f'Bearer {REALM}, error="insufficient_scope", scope="{name}"')
    if is_unknown and b"text/html" in accept:
        challenges.append(f"Basic {REALM}")
    answer = problem_answer(
        problem, scope["path"], accept, *((b"www-authenticate", each.encode()) for each in challenges)
    )
    await answer.send(send, with_body=scope["method"] != "HEAD")


def _tenant(headers: Mapping[bytes, bytes]) -> str:
    """The tenant of a request; a name that is none is the broker's to refuse."""
    try:
        return tenant_of(headers)
    except BadRequestData:
        return ""


def _is_same_origin(headers: Mapping[bytes, bytes]) -> bool:
    """Whether the browser says that a page of this very host sends the request."""
    _, separator, host = headers.get(b"origin", b"").partition(b"://")
    return bool(separator) and host == headers.get(b"host")


def _is_loopback(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]).is_loopback
    except ValueError:
        return False


def _names_this_machine(host: bytes) -> bool:
    name = host.decode("latin-1").lower()
    name = name.partition("]")[0].removeprefix("[") if name.startswith("[") else name.partition(":")[0]
    return name == "localhost" or name.endswith(".localhost") or _is_loopback(name)
