"""A small broker that knows other brokers: it keeps registrations, asks who is registered, and merges."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, unquote

import httpx

from mimas.conformance.http_server import Received, Reply

BASE = "/ngsi-ld/v1"
ALIAS = "right-broker"
JSON = {"Content-Type": "application/json"}
Entity = dict[str, Any]


def _said(status: int, value: Any, **headers: str) -> Reply:
    return Reply(status, json.dumps(value).encode(), {**JSON, **headers})


class FederatedBroker:
    """Entities and registrations in memory; queries by type, retrieval by id."""

    def __init__(self) -> None:
        self.entities: dict[str, Entity] = {}
        self.registrations: dict[str, Entity] = {}

    def __call__(self, received: Received) -> Reply:
        path, _, query = received.path.partition("?")
        collection, _, name = path.removeprefix(f"{BASE}/").partition("/")
        kept = {"entities": self.entities, "csourceRegistrations": self.registrations}.get(collection)
        if received.method == "GET" and collection == "types":
            return _said(200, sorted({each["type"] for each in self.entities.values()}))
        if kept is None:
            return _said(404, {"title": "ResourceNotFound"})
        if received.method == "POST":
            return self._keep(received, kept, path)
        if received.method == "DELETE":
            return Reply(204) if kept.pop(unquote(name), None) else _said(404, {"title": "ResourceNotFound"})
        return self._find(received, unquote(name), parse_qs(query).get("type", [""])[0])

    def _keep(self, received: Received, kept: dict[str, Entity], path: str) -> Reply:
        body = received.json()
        if body["id"] in kept:
            return _said(409, {"title": "AlreadyExists"})
        kept[body["id"]] = body
        return Reply(201, b"", {"Location": f"{path}/{body['id']}"})

    def _find(self, received: Received, name: str, wanted: str) -> Reply:
        found = {
            each["id"]: dict(each)
            for each in list(self.entities.values())
            if (each["id"] == name if name else each["type"] == wanted)
        }
        headers = {}
        for answer in self._ask(received, wanted or next((each["type"] for each in found.values()), "")):
            if answer is None or answer.status_code not in (200, 404):
                headers["NGSILD-Warning"] = f'299 {ALIAS} "a source failed"'
            elif answer.status_code == 200:
                for each in answer.json() if isinstance(answer.json(), list) else [answer.json()]:
                    found[each["id"]] = {**each, **found.get(each["id"], {})}
        if not name:
            return _said(200, list(found.values()), **headers)
        return _said(200, found[name], **headers) if name in found else _said(404, {}, **headers)

    def _ask(self, received: Received, wanted: str) -> list[httpx.Response | None]:
        """The answers of the sources for the type; none when the request has been here before (6.3.18)."""
        via = received.headers.get("via", "")
        if ALIAS in via:
            return []
        sent = {"Accept": "application/json", "Via": f"{via}, 1.1 {ALIAS}".lstrip(", ")}
        return [
            _get(registration["endpoint"] + received.path, sent)
            for registration in list(self.registrations.values())
            if registration["information"][0]["entities"][0]["type"] == wanted
        ]


def _get(url: str, headers: dict[str, str]) -> httpx.Response | None:
    try:
        return httpx.get(url, headers=headers, timeout=3, trust_env=False)
    except httpx.HTTPError:
        return None
