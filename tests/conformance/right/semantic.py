"""Small right servers: linked data, an ODRL policy, a Dataspace Protocol connector, an AsyncAPI document."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import httpx
import pytest

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Credential, Target
from mimas.conformance.testing import serving, target_of

JSON = {"Content-Type": "application/json"}
TURTLE = {"Content-Type": "text/turtle"}
PREFIXES = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix foaf: <http://xmlns.com/foaf/0.1/> .
@prefix voc: <URL/vocabulary/> .
"""
LAMP = """\
<URL/id/lamp-1> a voc:Lamp ; rdfs:label "Lamp 1" ; voc:near <URL/id/lamp-2> ; owl:sameAs <URL/id/pole-7> ;
  skos:exactMatch <LOCAL/id/pole-7> .
"""
OTHER = '<URL/id/lamp-2> a voc:Lamp ; rdfs:label "Lamp 2" ; voc:near <URL/id/lamp-1> .\n'
POLE = "<URL/id/pole-7> owl:sameAs <URL/id/lamp-1> . <LOCAL/id/pole-7> owl:sameAs <URL/id/lamp-1> .\n"
THINGS = {
    "/id": LAMP + OTHER,
    "/id/lamp-1": LAMP,
    "/id/lamp-2": OTHER,
    "/id/pole-7": POLE,
    "/vocabulary/Lamp": 'voc:Lamp a rdfs:Class ; rdfs:comment "A street lamp" .',
    "/vocabulary/near": 'voc:near a owl:ObjectProperty ; rdfs:comment "Within sight" .',
}
POLICY = """\
@prefix odrl: <http://www.w3.org/ns/odrl/2/> .
<URL/policies/air> a odrl:Offer ; odrl:assigner <URL/town> ;
  odrl:permission [ odrl:action odrl:read ; odrl:target <URL/dataset/air> ;
    odrl:constraint [ odrl:leftOperand odrl:purpose ;
      odrl:operator odrl:eq ; odrl:rightOperand "research" ] ] ;
  odrl:prohibition [ odrl:action odrl:distribute ; odrl:target <URL/dataset/air> ] .
"""
RULES = """\
@prefix odrl: <http://www.w3.org/ns/odrl/2/> .
<urn:rulebook> a odrl:Set ; odrl:prohibition [ odrl:action odrl:sell ; odrl:target <urn:all> ] .
"""


def _things(received: Received) -> Reply:
    place = unquote(received.path)
    if place == "/about/lamp-1":
        return _turtle(received, LAMP)
    if place == "/id/lamp-1":
        return Reply(303, b"", {"Location": "/about/lamp-1"})
    found = THINGS.get(place)
    return _turtle(received, found) if found else Reply(404, b"{}", JSON)


def _turtle(received: Received, text: str) -> Reply:
    """The lamps on this machine, under both of its names."""
    port = received.headers["host"].rpartition(":")[2]
    named = (PREFIXES + text).replace("URL", f"http://127.0.0.1:{port}")
    return Reply(200, named.replace("LOCAL", f"http://localhost:{port}").encode(), TURTLE)


@pytest.fixture(scope="session")
def right_linked_data() -> Iterator[Target]:
    """Lamps with IRIs of their own, and the vocabulary they are described in."""
    with serving(_things) as url:
        yield target_of("linked-data", f"{url}/id", allow=("localhost",))


@pytest.fixture(scope="session")
def right_odrl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A policy, and a rulebook it keeps to."""

    def answer(received: Received) -> Reply:
        if received.path != "/policies":
            return Reply(404, b"{}", JSON)
        return Reply(200, POLICY.replace("URL", f"http://{received.headers['host']}").encode(), TURTLE)

    rules = tmp_path_factory.mktemp("odrl") / "rules.ttl"
    rules.write_text(RULES)
    with serving(answer) as url:
        yield target_of("odrl", f"{url}/policies", documents={"rulebook-policy": str(rules)})


@pytest.fixture(scope="session")
def right_asyncapi() -> Iterator[Target]:
    """A document of one channel, whose server is the one that serves it."""

    def answer(received: Received) -> Reply:
        if received.path != "/asyncapi.json":
            return Reply(404, b"{}", JSON)
        document = {
            "asyncapi": "3.0.0",
            "info": {"title": "Readings", "version": "1.0.0"},
            "servers": {"town": {"host": received.headers["host"], "protocol": "mqtt"}},
            "channels": {"readings": {"address": "town/readings", "messages": {"reading": {"payload": {}}}}},
            "operations": {"publish": {"action": "send", "channel": {"$ref": "#/channels/readings"}}},
        }
        return Reply(200, json.dumps(document).encode(), JSON)

    with serving(answer) as url:
        yield target_of("asyncapi", f"{url}/asyncapi.json")


class Connector:
    """A provider that agrees to every offer of its own, and gives each transfer a token."""

    def __init__(self) -> None:
        self.negotiations: dict[str, dict[str, Any]] = {}
        self.transfers: dict[str, dict[str, Any]] = {}

    def __call__(self, received: Received) -> Reply:
        url = f"http://{received.headers['host']}"
        steps = received.path.strip("/").split("/")
        if received.path == "/.well-known/dspace-version":
            return _json({"protocolVersions": [{"version": "2025-1", "path": "/dsp"}]})
        if steps == ["data"]:
            token = received.headers.get("authorization", "").removeprefix("Bearer ")
            return _json([1, 2]) if token in self.transfers else Reply(401, b"{}", JSON)
        if steps[:1] != ["dsp"]:
            return Reply(404, b"{}", JSON)
        if received.headers.get("authorization") != "Bearer the-token-of-a-consumer":
            return Reply(401, b"{}", JSON)
        return self.spoken(received, url, steps[1:])

    def spoken(self, received: Received, url: str, steps: list[str]) -> Reply:
        body = received.json() or {}
        match steps:
            case ["catalog", "request"]:
                return _json(_catalogue())
            case ["negotiations", "request"]:
                return self.negotiate(body)
            case ["negotiations", known] if known in self.negotiations:
                return _json(self.negotiations[known])
            case ["negotiations", known, "agreement", "verification"] if known in self.negotiations:
                self.negotiations[known]["state"] = "FINALIZED"
                return Reply(200)
            case ["negotiations", known, "termination"] if known in self.negotiations:
                self.negotiations[known]["state"] = "TERMINATED"
                return Reply(200)
            case ["transfers", "request"]:
                return self.transfer(body, url)
            case ["transfers", known, "termination"]:
                self.transfers.pop(known, None)
                return Reply(200)
        return Reply(404, b"{}", JSON)

    def negotiate(self, body: dict[str, Any]) -> Reply:
        key = f"negotiation-{len(self.negotiations) + 1}"
        negotiation = {"@type": "ContractNegotiation", "providerPid": key, "consumerPid": body["consumerPid"]}
        self.negotiations[key] = {**negotiation, "state": "REQUESTED"}
        agreement = {"@type": "Agreement", "@id": f"urn:agreement:{key}", "target": body["offer"]["target"]}
        message = {**negotiation, "@type": "ContractAgreementMessage", "agreement": agreement}
        _call(f"{body['callbackAddress']}/negotiations/{body['consumerPid']}/agreement", message)
        return _json(self.negotiations[key], 201)

    def transfer(self, body: dict[str, Any], url: str) -> Reply:
        key = f"transfer-{len(self.transfers) + 1}-token"
        process = {"@type": "TransferProcess", "providerPid": key, "consumerPid": body["consumerPid"]}
        self.transfers[key] = process
        token = {"name": "authorization", "value": key}
        address = {"endpoint": f"{url}/data", "endpointProperties": [token]}
        message = {**process, "@type": "TransferStartMessage", "dataAddress": address}
        _call(f"{body['callbackAddress']}/transfers/{body['consumerPid']}/start", message)
        return _json({**process, "state": "REQUESTED"}, 201)


def _catalogue() -> dict[str, Any]:
    offer = {"@type": "Offer", "@id": "urn:offer:air", "permission": [{"action": "use"}]}
    dataset = {"@type": "Dataset", "@id": "urn:dataset:air", "hasPolicy": [offer]}
    return {"@type": "Catalog", "participantId": "urn:participant:town", "dataset": [dataset]}


def _json(value: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(value).encode(), JSON)


def _call(url: str, message: dict[str, Any]) -> None:
    """Send a message from another thread, as a connector does."""

    def send() -> None:
        try:
            httpx.post(url, json=message, trust_env=False, timeout=5)
        except httpx.HTTPError:
            return

    threading.Thread(target=send, daemon=True).start()


@pytest.fixture(scope="session")
def right_dataspace() -> Iterator[Target]:
    """A connector that knows its consumer by a token."""
    with pytest.MonkeyPatch.context() as patch, serving(Connector()) as url:
        patch.setenv("MIMAS_TEST_CONSUMER", "the-token-of-a-consumer")
        yield target_of(
            "dataspace-protocol",
            f"{url}/dsp",
            writes="anything",
            credentials={"token": Credential("MIMAS_TEST_CONSUMER")},
        )
