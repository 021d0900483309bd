"""From declared operations to an ASGI application.

Paths are matched by their raw segments: ids and attribute names are often URIs with percent-encoded
slashes, which a router on decoded paths would take for separators. A trailing slash changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote

from mimas.ngsi_ld.core.errors import BadRequestData, InvalidRequest, NgsiLdError

from .answers import Answer, Send
from .broker import Broker
from .exchange import Exchange, Receive, read_headers, read_query
from .negotiation import choose, media_type_of
from .operation import Operation
from .problems import BASE, error_answer, method_not_allowed, not_acceptable, not_found, unexpected_answer
from .tenants import tenant_of

VARIABLE = "{}"
# CIM 009 6.3.14 and 6.3.22: what a request is directed to is said in its answer too.
ECHOED = (b"ngsild-tenant", b"ngsild-snapshot")


class Resource:
    """What one path offers: an operation for each method."""

    def __init__(self) -> None:
        self.operations: dict[str, Operation] = {}
        self.variables: tuple[str, ...] = ()

    def add(self, operation: Operation, variables: tuple[str, ...]) -> None:
        """Offer one more method."""
        self.operations[operation.method] = operation
        self.variables = variables

    @property
    def allow(self) -> str:
        """The value of an Allow header."""
        methods = {*self.operations, "OPTIONS"}
        return ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))


class _Branch(dict[str, "_Branch"]):
    """A segment of paths, and the resource that ends here."""

    resource: Resource | None = None


class Router:
    """Finds the resource of a path in as many steps as it has segments."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        self._root = _Branch()
        for operation in operations:
            self._add(operation)

    def _add(self, operation: Operation) -> None:
        branch = self._root
        variables = []
        for segment in _segments(operation.path):
            if segment.startswith("{"):
                variables.append(segment.strip("{}"))
                segment = VARIABLE
            branch = branch.setdefault(segment, _Branch())
        branch.resource = branch.resource or Resource()
        branch.resource.add(operation, tuple(variables))

    def find(self, path: str) -> tuple[Resource, dict[str, str]] | None:
        """The resource of a raw path with the values of its variables; a literal segment goes first."""
        branch = self._root
        values = []
        for segment in _segments(path):
            deeper = branch.get(segment)
            if deeper is None:
                deeper = branch.get(VARIABLE)
                if deeper is None:
                    return None
                values.append(_decoded(segment))
            branch = deeper
        resource = branch.resource
        return (resource, dict(zip(resource.variables, values, strict=True))) if resource else None


def _decoded(segment: str) -> str:
    """The segment without percent-encoding; mostly there is none but that of the colons in a URI."""
    if "%" not in segment:
        return segment
    plain = segment.replace("%3A", ":")
    return unquote(segment, errors="strict") if "%" in plain else plain


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").removesuffix("/").split("/")


class NgsiLdApp:
    """The ASGI application: one operation of the table for each request."""

    def __init__(self, broker: Broker, operations: Iterable[Operation]) -> None:
        self.broker = broker
        self.operations = tuple(operations)
        self._router = Router(self.operations)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        headers = read_headers(scope["headers"])
        path = _raw_path(scope)
        method = scope["method"]
        answer = await self._answer(method, path, headers, scope, receive)
        for name in ECHOED:
            if value := headers.get(name):
                answer.headers.append((name, value))
        await answer.send(send, with_body=method != "HEAD")

    async def _answer(
        self,
        method: str,
        path: str,
        headers: Mapping[bytes, bytes],
        scope: MutableMapping[str, Any],
        receive: Receive,
    ) -> Answer:
        accept = headers.get(b"accept", b"")
        try:
            found = self._find(path)
            if found is None:
                return not_found(path, accept)
            resource, values = found
            operation = resource.operations.get("GET" if method == "HEAD" else method)
            if operation is None:
                if method == "OPTIONS":
                    return Answer(204, b"", [(b"allow", resource.allow.encode())])
                if path == BASE + "/entities/":
                    self._refuse_empty_id(method, path)
                return method_not_allowed(method, path, accept, resource.allow)
            scope["path_params"] = values
            scope["header_map"] = headers
            return await self._run(operation, Exchange(self.broker, scope, receive), path, accept)
        except NgsiLdError as error:
            return error_answer(error, path, accept)
        except Exception as error:
            request_id = headers.get(b"x-request-id", b"").decode("latin-1")[:100]
            return unexpected_answer(error, method, path, accept, request_id)

    def _refuse_empty_id(self, method: str, path: str) -> None:
        """`PUT /entities/` is about an entity whose id was left out: it is not a valid URI (5.6.18)."""
        one = self._router.find(path + "-")
        if one and method in one[0].operations:
            raise BadRequestData("The path ends where the entity id should be.")

    def _find(self, path: str) -> tuple[Resource, dict[str, str]] | None:
        if "%00" in path:
            raise BadRequestData("The path holds a NUL.")
        try:
            return self._router.find(path)
        except UnicodeDecodeError:
            raise InvalidRequest("The path is not percent-encoded UTF-8.") from None

    async def _run(self, operation: Operation, exchange: Exchange, path: str, accept: bytes) -> Answer:
        if operation.body:
            # CIM 009 6.3.4: both are answered with nothing but the status.
            if b"content-length" not in exchange.headers:
                return Answer(411)
            if media_type_of(exchange.headers.get(b"content-type", b"")) not in operation.content_types:
                return Answer(415)
        if operation.offers:
            media_type = choose(accept, operation.offers)
            if media_type is None:
                return not_acceptable(path, operation.offers)
            exchange.media_type = media_type
        if operation.tenants:
            exchange.tenant = tenant_of(exchange.headers)
        exchange.query = read_query(exchange.scope["query_string"], operation, self.broker.limits.query_bytes)
        snapshot = exchange.headers.get(b"ngsild-snapshot")
        if snapshot and operation.tenants and operation.in_snapshots:
            exchange.tenant = await self.broker.data_tenant(exchange.tenant, snapshot.decode("latin-1"))
            exchange.is_in_snapshot = True
        elif exchange.tenant and not operation.creates_tenant:
            await self.broker.require_tenant(exchange.tenant)
        return await operation.handler(exchange)


def _raw_path(scope: Mapping[str, Any]) -> str:
    """The path as the client wrote it, without the part under which the application is mounted."""
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    path = raw.partition(b"?")[0].decode("latin-1")
    return path.removeprefix(scope.get("root_path", ""))
