"""A small REST service that does everything as the MIMs ask: the right target of `openapi-rest`."""

from __future__ import annotations

import copy
import csv
import hashlib
import io
import itertools
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import orjson

from mimas.conformance.http_server import Received, Reply

from .rest_data import BASE, COLLECTIONS, FIELDS, SCHEMAS, describe, first_items

LARGEST_BODY = 1_000_000
DEEPEST = 60
BURST = 20
ROLES = ("token", "reader", "recipient", "other-recipient", "burst")
Who = Callable[[Received], str]
_RESTRICTED = "owner"


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.reply = Reply(
            status,
            orjson.dumps({"type": "about:blank", "title": title, "status": status, "detail": detail}),
            {
                "Content-Type": "application/problem+json",
                **{name.replace("_", "-"): value for name, value in headers.items()},
            },
        )


def unauthorized(detail: str, error: str | None = None) -> Problem:
    """401 with its challenge (RFC 6750, 3)."""
    said = f', error="{error}"' if error else ""
    return Problem(401, "Unauthorized", detail, WWW_Authenticate=f'Bearer realm="town"{said}')


def by_tokens(tokens: Mapping[str, str]) -> Who:
    """Who asks, by bearer tokens: token -> role."""

    def who(received: Received) -> str:
        scheme, _, token = received.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise unauthorized("Send a token.")
        if token not in tokens:
            raise unauthorized("The token is not valid.", "invalid_token")
        return tokens[token]

    return who


class RestService:
    """Answers requests; `log` gets a line for every one. One lock: it is small, not fast."""

    def __init__(
        self, who: Who, schemes: dict[str, Any], log: Callable[[str], None] = lambda _: None
    ) -> None:
        self._who = who
        self._description = describe(schemes)
        self._log = log
        self._items = first_items()
        self._history = {
            name: {key: [copy.deepcopy(item)] for key, item in items.items()}
            for name, items in self._items.items()
        }
        self._subscriptions: dict[str, dict[str, Any]] = {}
        self._consents: dict[str, dict[str, Any]] = {}
        self._numbers = itertools.count(1)
        self._burst: list[float] = []
        self._lock = threading.RLock()

    def __call__(self, received: Received) -> Reply:
        """One request."""
        role = "-"
        try:
            with self._lock:
                role, reply = self._answer(received)
        except Problem as problem:
            reply = problem.reply
        path = urlsplit(received.path).path
        self._log(f"{datetime.now(UTC).isoformat()} {role} {received.method} {path} {reply.status}")
        headers = {
            "X-Content-Type-Options": "nosniff",
            "RateLimit-Policy": '"default";q=100000;w=60',
            "RateLimit": '"default";r=99990;t=30',
            **reply.headers,
        }
        return Reply(reply.status, reply.body, headers)

    def _answer(self, received: Received) -> tuple[str, Reply]:
        parts = urlsplit(received.path)
        if not parts.path.startswith(BASE):
            raise Problem(404, "Not Found", "Nothing is here.")
        words = [unquote(each) for each in parts.path.removeprefix(BASE).strip("/").split("/") if each]
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        open_route = self._open(words, received)
        if open_route is not None:
            return "-", open_route
        role = self._who(received)
        self._limit(role)
        methods = self._methods(words)
        if received.method == "OPTIONS":
            return role, Reply(204, b"", {"Allow": ", ".join(methods)})
        method = "GET" if received.method == "HEAD" else received.method
        if method not in methods:
            allowed = ", ".join([*methods, "OPTIONS"])
            raise Problem(405, "Method Not Allowed", f"Here are {allowed}.", Allow=allowed)
        if method != "GET" and role != "token" and words[0] != "subscriptions":
            raise Problem(
                403,
                "Forbidden",
                "You may only read.",
                WWW_Authenticate='Bearer realm="town", error="insufficient_scope"',
            )
        return role, methods[method](words, query, received, role)

    def _limit(self, role: str) -> None:
        """The role `burst` has few requests a minute: others do not suffer when it is limited."""
        if role == "burst":
            now = time.monotonic()
            self._burst = [*(each for each in self._burst if now - each < 60), now]
            if len(self._burst) > BURST:
                raise Problem(429, "Too Many Requests", "Wait a minute.", Retry_After="60")

    def _open(self, words: list[str], received: Received) -> Reply | None:
        """What needs no token."""
        if received.method not in ("GET", "HEAD"):
            return None
        match words:
            case []:
                links = {"Link": f'<{BASE}/openapi.json>; rel="service-desc"'}
                return _json({"title": "Town meters"}, received, **links)
            case ["openapi.json"]:
                media_type = "application/vnd.oai.openapi+json;version=3.1"
                return Reply(200, orjson.dumps(self._description), {"Content-Type": media_type})
            case ["health"]:
                now = datetime.now(UTC).isoformat()
                return _json({"status": "ok", "version": "1.4.0", "updated": now}, received)
            case ["collections"]:
                return _json({"collections": [{"id": each} for each in COLLECTIONS]}, received)
            case ["schemas", name] if name in SCHEMAS:
                return _json(SCHEMAS[name], received)
        return None

    def _methods(self, words: list[str]) -> dict[str, Callable[..., Reply]]:
        match words:
            case ["collections", name, "items"] if name in COLLECTIONS:
                return {"GET": self._list, "POST": self._create}
            case ["collections", name, "items", _] if name in COLLECTIONS:
                return {"GET": self._one, "PUT": self._replace, "DELETE": self._delete}
            case ["collections", name, "items", _, "history"] if name in COLLECTIONS:
                return {"GET": self._past}
            case ["subscriptions"]:
                return {"POST": self._subscribe}
            case ["subscriptions", _]:
                return {"DELETE": self._unsubscribe}
            case ["subjects", _]:
                return {"GET": self._about, "DELETE": self._erase}
            case ["consents"]:
                return {"POST": self._consent}
            case ["consents", _]:
                return {"GET": self._consent_of, "DELETE": self._withdraw}
        raise Problem(404, "Not Found", "There is no such resource.")

    # -- items

    def _list(self, words: list[str], query: dict[str, str], received: Received, role: str) -> Reply:
        unknown = set(query) - {"limit", "offset", "bbox", "datetime", "name", "energy", "fields"}
        if unknown:
            raise Problem(400, "Bad Request", f"There is no parameter {sorted(unknown)}.")
        items = [self._shown(each, words[1], role) for each in self._items[words[1]].values()]
        items = [each for each in items if each is not None and _fits(each, query)]
        limit, offset = _number(query.get("limit", "10"), 1), _number(query.get("offset", "0"), 0)
        limit = min(limit, 100)
        page = [_picked(each, query.get("fields")) for each in items[offset : offset + limit]]
        headers = {"Link": ", ".join(_links(received, query, limit, offset, len(items)))}
        return _json({"items": page, "numberMatched": len(items)}, received, table=page, **headers)

    def _one(self, words: list[str], query: dict[str, str], received: Received, role: str) -> Reply:
        if set(query) - {"fields"}:
            raise Problem(400, "Bad Request", "There is no such parameter.")
        item = self._shown(self._known(words), words[1], role)
        if item is None:
            raise Problem(403, "Forbidden", "There is no consent for that.")
        links = {"Link": f'<{BASE}/schemas/item.json>; rel="describedby"'}
        return _json(_picked(item, query.get("fields")), received, **links)

    def _past(self, words: list[str], query: dict[str, str], received: Received, role: str) -> Reply:
        self._known(words)
        past = [self._shown(each, words[1], role) for each in self._history[words[1]][words[3]]]
        items = [each for each in past if each and _fits(each, query)]
        return _json({"items": items, "numberMatched": len(items)}, received)

    def _create(self, words: list[str], _: dict[str, str], received: Received, role: str) -> Reply:
        item = _item(_object(received))
        if item["id"] in self._items[words[1]]:
            raise Problem(409, "Conflict", "It is there already.")
        self._store(words[1], item)
        return Reply(201, b"", {"Location": f"{BASE}/collections/{words[1]}/items/{item['id']}"})

    def _replace(self, words: list[str], _: dict[str, str], received: Received, role: str) -> Reply:
        self._known(words)
        self._store(words[1], {**_item(_object(received)), "id": words[3]})
        return Reply(204)

    def _delete(self, words: list[str], _: dict[str, str], received: Received, role: str) -> Reply:
        self._known(words)
        del self._items[words[1]][words[3]]
        del self._history[words[1]][words[3]]
        return Reply(204)

    def _known(self, words: list[str]) -> dict[str, Any]:
        if words[3] not in self._items[words[1]]:
            raise Problem(404, "Not Found", "There is no such item.")
        return self._items[words[1]][words[3]]

    def _store(self, collection: str, item: dict[str, Any]) -> None:
        before = self._items[collection].get(item["id"], {})
        self._items[collection][item["id"]] = item
        self._history[collection].setdefault(item["id"], []).append(copy.deepcopy(item))
        changed = {name for name in FIELDS if before.get(name) != item.get(name)}
        for each in list(self._subscriptions.values()):
            shown = self._shown(item, collection, each["role"])
            if each["collection"] == collection and shown and changed & set(each.get("attributes", FIELDS)):
                threading.Thread(target=_notify, args=(each["callbackUrl"], shown), daemon=True).start()

    def _shown(self, item: dict[str, Any], collection: str, role: str) -> dict[str, Any] | None:
        """What a role may see of an item: recipients see what persons agreed to, readers no owner."""
        if role.endswith("recipient"):
            agreed = {
                name
                for each in self._consents.values()
                if each["subject"] == item["id"] and each["recipient"] == role
                for name in each["data"]
            }
            return {name: item[name] for name in item if name in agreed | {"id", "type"}} if agreed else None
        if role == "reader":
            return {name: value for name, value in item.items() if name != _RESTRICTED}
        return dict(item)

    # -- subscriptions, subjects, consents

    def _subscribe(self, words: list[str], _: dict[str, str], received: Received, role: str) -> Reply:
        wanted = _object(received)
        host = urlsplit(str(wanted.get("callbackUrl"))).hostname
        if host not in ("127.0.0.1", "localhost") or wanted.get("collection") not in COLLECTIONS:
            raise Problem(400, "Bad Request", "That may not be called.")
        number = str(next(self._numbers))
        self._subscriptions[number] = {**wanted, "role": role}
        return Reply(201, b"", {"Location": f"{BASE}/subscriptions/{number}"})

    def _unsubscribe(self, words: list[str], *_: Any) -> Reply:
        return Reply(204 if self._subscriptions.pop(words[1], None) else 404)

    def _about(self, words: list[str], _: dict[str, str], received: Received, role: str) -> Reply:
        found = [items[words[1]] for items in self._items.values() if words[1] in items]
        if not found:
            raise Problem(404, "Not Found", "Nothing is held of that person.")
        past = [each for items in self._history.values() for each in items.get(words[1], ())]
        recipients = sorted(
            {each["recipient"] for each in self._consents.values() if each["subject"] == words[1]}
        )
        return _json({"current": found, "history": past, "recipients": recipients}, received)

    def _erase(self, words: list[str], *_: Any) -> Reply:
        for name in COLLECTIONS:
            self._items[name].pop(words[1], None)
            self._history[name].pop(words[1], None)
        return Reply(204)

    def _consent(self, words: list[str], _: dict[str, str], received: Received, role: str) -> Reply:
        record = _object(received)
        missing = {"subject", "data", "purpose", "recipient", "expiry"} - record.keys()
        if missing:
            raise Problem(400, "Bad Request", f"A consent needs {sorted(missing)}.")
        number = str(next(self._numbers))
        self._consents[number] = record
        return Reply(201, b"", {"Location": f"{BASE}/consents/{number}"})

    def _consent_of(self, words: list[str], _: dict[str, str], received: Received, role: str) -> Reply:
        if words[1] not in self._consents:
            raise Problem(404, "Not Found", "There is no such consent.")
        return _json(self._consents[words[1]], received)

    def _withdraw(self, words: list[str], *_: Any) -> Reply:
        return Reply(204 if self._consents.pop(words[1], None) else 404)


def _notify(url: str, item: Mapping[str, Any]) -> None:
    try:
        httpx.post(url, json={"item": item}, timeout=5, trust_env=False)
    except httpx.HTTPError:
        return


def _object(received: Received) -> dict[str, Any]:
    if len(received.body) > LARGEST_BODY:
        raise Problem(413, "Content Too Large", f"At most {LARGEST_BODY} bytes.")
    if not received.headers.get("content-type", "").startswith("application/json"):
        raise Problem(415, "Unsupported Media Type", "Send application/json.")
    try:
        value = orjson.loads(received.body)
    except orjson.JSONDecodeError as error:
        raise Problem(400, "Bad Request", "The body is not JSON.") from error
    if not isinstance(value, dict) or _depth(value) > DEEPEST:
        raise Problem(400, "Bad Request", "The body is not an object, or is nested too deep.")
    return value


def _depth(value: Any, most: int = DEEPEST + 1) -> int:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max((_depth(each, most - 1) for each in parts if most), default=0)


def _item(value: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(value.get("id"), str) or not isinstance(value.get("type"), str):
        raise Problem(400, "Bad Request", "An item has an id and a type.")
    point = value.get("location")
    if point is not None and not _is_point(point):
        raise Problem(422, "Unprocessable Content", "The location is no point.")
    return value


def _is_point(value: Any) -> bool:
    numbers = value.get("coordinates") if isinstance(value, dict) else None
    return (
        isinstance(numbers, list) and len(numbers) == 2 and all(isinstance(n, int | float) for n in numbers)
    )


def _number(text: str, least: int) -> int:
    if not text.isdigit() or int(text) < least:
        raise Problem(400, "Bad Request", f"{text!r} is no number from {least} on.")
    return int(text)


def _fits(item: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    if "name" in query and item.get("name") != query["name"]:
        return False
    if "energy" in query and item.get("energy") != _float(query["energy"]):
        return False
    return _in_box(item, query) and _in_time(item, query)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise Problem(400, "Bad Request", f"{text!r} is no number.") from error


def _in_box(item: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    if "bbox" not in query:
        return True
    numbers = [_float(each) for each in query["bbox"].split(",")]
    if len(numbers) != 4:
        raise Problem(400, "Bad Request", "A bbox has four numbers.")
    place = item.get("location")
    if place is None:
        return False
    x, y = place["coordinates"]
    return numbers[0] <= x <= numbers[2] and numbers[1] <= y <= numbers[3]


def _in_time(item: Mapping[str, Any], query: Mapping[str, str]) -> bool:
    if "datetime" not in query:
        return True
    begin, slash, end = query["datetime"].partition("/")
    at = _instant(str(item["observedAt"])) if item.get("observedAt") else None
    low = None if begin in ("", "..") else _instant(begin)
    high = low if not slash else None if end in ("", "..") else _instant(end)
    return at is not None and (low is None or low <= at) and (high is None or at <= high)


def _instant(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.replace(" ", "+"))
    except ValueError as error:
        raise Problem(400, "Bad Request", f"{text!r} is no time.") from error
    if found.tzinfo is None:
        raise Problem(400, "Bad Request", f"{text!r} has no zone.")
    return found


def _picked(item: Mapping[str, Any], fields: str | None) -> dict[str, Any]:
    wanted = {"id", *fields.split(",")} if fields else set(item)
    return {name: value for name, value in item.items() if name in wanted}


def _links(received: Received, query: Mapping[str, str], limit: int, offset: int, count: int) -> list[str]:
    path = urlsplit(received.path).path
    others = "".join(f"&{name}={value}" for name, value in query.items() if name not in ("limit", "offset"))
    found = [f'<{received.path}>; rel="self"', f'<{received.path}>; rel="alternate"; type="text/csv"']
    if offset + limit < count:
        found.append(f'<{path}?limit={limit}&offset={offset + limit}{others}>; rel="next"')
    if offset:
        found.append(f'<{path}?limit={limit}&offset={max(0, offset - limit)}{others}>; rel="prev"')
    return found


def _json(value: Any, received: Received, table: list[dict[str, Any]] | None = None, **more: str) -> Reply:
    accept = received.headers.get("accept", "*/*")
    if table is not None and "text/csv" in accept and "json" not in accept:
        body, media_type = _csv(table), "text/csv"
    elif any(each in accept for each in ("json", "*/*", "application/*")):
        body, media_type = orjson.dumps(value), "application/json"
    else:
        raise Problem(406, "Not Acceptable", "There is application/json and, of lists, text/csv.")
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    headers = {"ETag": tag, "Cache-Control": "no-cache", "Vary": "Accept, Authorization", **more}
    if tag in received.headers.get("if-none-match", ""):
        return Reply(304, b"", headers)
    soon = (datetime.now(UTC) + timedelta(minutes=15)).isoformat(timespec="seconds")
    return Reply(200, body, {**headers, "Content-Type": media_type, "X-Next-Update": soon})


def _csv(rows: list[dict[str, Any]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(FIELDS)
    writer.writerows([[row.get(name, "") for name in FIELDS] for row in rows])
    return text.getvalue().encode()
