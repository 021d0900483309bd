"""Version, catalogue, negotiation and transfer: each a short talk that is terminated at its end."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlsplit

from ...answer import Answer
from ...http_server import Received
from ...listener import Inbox
from ...probe import Probe
from ...verdicts import CheckError, Failure, NotTested
from ..declaration import check

STANDARD = "Dataspace Protocol 2025-1"
CONTEXT = "https://w3id.org/dspace/2025/1/context.jsonld"
MECHANISM = "dataspace-protocol"
BOTH = {"write", "listener"}
WAITS = 10.0
_ENDED = ("FINALIZED", "TERMINATED")


@check(
    "DSP.version-is-published",
    requirement="MIM3-RC6.3",
    mechanism=MECHANISM,
    clause=f"{STANDARD}, 4.3",
    level="MAY",
)
def version_is_published(probe: Probe) -> None:
    """/.well-known/dspace-version lists the protocol versions, each with its path."""
    answer = _root(probe).expect(200)
    found = answer.json_object().get("protocolVersions")
    versions = found if isinstance(found, list) else []
    if not versions or not all(
        isinstance(each, dict) and "version" in each and "path" in each for each in versions
    ):
        raise Failure(
            f"{answer} without protocolVersions of version and path.", mend="List the versions you speak."
        )


@check("DSP.catalogue-offers-data", requirement="MIM3-RC4.1", mechanism=MECHANISM, clause=f"{STANDARD}, 6")
def catalogue_offers_data(probe: Probe) -> None:
    """A catalogue request is answered by a Catalog with at least one dataset."""
    _datasets(probe)


@check(
    "DSP.offers-have-terms",
    requirement=("MIM3-RC2.1", "MIM3-RC2.2"),
    mechanism=MECHANISM,
    clause=f"{STANDARD}, 6",
)
def offers_have_terms(probe: Probe) -> None:
    """Each dataset has an offer of its own: a policy with an id and at least one rule."""
    for dataset in _datasets(probe):
        for offer in _offers(dataset):
            if not offer.get("@id") or not any(
                offer.get(each) for each in ("permission", "prohibition", "obligation")
            ):
                raise Failure(
                    f"An offer of {dataset.get('@id')} without @id or rules.", mend="Offer an ODRL policy."
                )


@check(
    "DSP.participant-is-named",
    requirement=("MIM3-RC5.1", "MIM3-RC5.4"),
    mechanism=MECHANISM,
    clause=f"{STANDARD}, 6",
)
def participant_is_named(probe: Probe) -> None:
    """The catalogue says whose it is, by participantId."""
    catalogue = _catalogue(probe)
    if not str(catalogue.get("participantId") or catalogue.get("dspace:participantId") or "").strip():
        raise Failure("The catalogue has no participantId.", mend="Say who offers the data.")


@check(
    "DSP.unknown-negotiation-is-404", requirement="MIM3-RC6.1", mechanism=MECHANISM, clause=f"{STANDARD}, 8"
)
def unknown_negotiation_is_404(probe: Probe) -> None:
    """A negotiation that does not exist is answered 404."""
    probe.get(f"negotiations/{probe.unique()}").expect(
        404, mend="Answer 404 for a negotiation that is not there."
    )


@check(
    "DSP.who-asks-is-identified",
    requirement="MIM3-RC5.3",
    mechanism=MECHANISM,
    clause=f"{STANDARD}, 4.2",
    needs={"write"},
)
def who_asks_is_identified(probe: Probe) -> None:
    """A contract request without a token, or with one that says 'anonymous', is refused."""
    if "token" not in probe.target.credentials:
        raise NotTested("The target names no credential `token`, so that nothing tells who asks.")
    offer = _offers(_datasets(probe)[0])[0]
    message = _request(probe, offer, _datasets(probe)[0], "http://127.0.0.1:9/nobody")
    for headers in ({}, {"Authorization": "Bearer anonymous"}):
        answer = probe.send("POST", "negotiations/request", json=message, headers=headers, role=None)
        if answer.status < 300:
            raise Failure(
                f"{answer} to who says not who he is.", mend="Identify the user before you negotiate."
            )


@check(
    "DSP.exchange-can-be-agreed",
    requirement=("MIM3-RC6.1", "MIM3-RC6.3"),
    mechanism=MECHANISM,
    clause=f"{STANDARD}, 7",
    needs=BOTH,
)
def exchange_can_be_agreed(probe: Probe) -> None:
    """A negotiation of an offer as it stands ends in an agreement: FINALIZED, after it was verified."""
    _agreed(probe)


@check(
    "DSP.negotiation-can-be-ended",
    requirement=("MIM3-RC6.2", "MIM3-RC6.3"),
    mechanism=MECHANISM,
    clause=f"{STANDARD}, 7",
    needs=BOTH,
)
def negotiation_can_be_ended(probe: Probe) -> None:
    """A negotiation that the consumer terminates is TERMINATED, and stays so."""
    inbox = probe.listen()
    ours, theirs = _begun(probe, inbox)
    _end(probe, f"negotiations/{theirs}/termination", ours, theirs, "ContractNegotiationTerminationMessage")
    state = probe.get(f"negotiations/{theirs}").expect(200, 404)
    if state.status == 200 and state.json_object().get("state") != "TERMINATED":
        raise Failure(f"{state} in state {state.json_object().get('state')}.", mend="End what is terminated.")


@check(
    "DSP.access-ends-with-the-transfer",
    requirement="MIM3-RC6.2",
    mechanism=MECHANISM,
    clause=f"{STANDARD}, 9",
    needs=BOTH,
)
def access_ends_with_the_transfer(probe: Probe) -> None:
    """After the transfer is terminated its token opens the data no more."""
    inbox, agreement = _agreed(probe)
    ours = f"urn:uuid:{probe.unique('transfer')}"
    message = {
        "@context": [CONTEXT], "@type": "TransferRequestMessage", "consumerPid": ours,
        "agreementId": agreement, "format": str(probe.option("format", "HttpData-PULL")),
        "callbackAddress": inbox.url,
    }  # fmt: skip
    started = probe.send("POST", "transfers/request", json=message).expect(200, 201)
    theirs = str(started.json_object().get("providerPid", ""))
    probe.leave_clean(
        lambda: _quietly_end(probe, f"transfers/{theirs}/termination", ours, theirs, "Transfer")
    )
    address = _heard(inbox, "dataAddress", "no start of the transfer").get("dataAddress", {})
    url, token = str(address.get("endpoint", "")), _token(address)
    if urlsplit(url).scheme not in ("http", "https"):
        raise CheckError(f"The data address {url!r} is no http(s) address, so access cannot be tried.")
    headers = {"Authorization": f"Bearer {probe.keep_secret(token)}"}
    probe.send("GET", url, headers=headers, role=None).expect(200, mend="Let who agreed read the data.")
    _end(probe, f"transfers/{theirs}/termination", ours, theirs, "TransferTerminationMessage")
    after = probe.send("GET", url, headers=headers, role=None)
    if after.status < 300:
        raise Failure(f"{after} with the token of a terminated transfer.", mend="Revoke the token.")


def _root(probe: Probe) -> Answer:
    parts = urlsplit(probe.interface.url)
    below = probe.read(".well-known/dspace-version", Accept="application/json")
    if below.status == 200:
        return below
    return probe.read(
        f"{parts.scheme}://{parts.netloc}/.well-known/dspace-version", Accept="application/json"
    )


def _catalogue(probe: Probe) -> dict[str, Any]:
    message = {"@context": [CONTEXT], "@type": "CatalogRequestMessage"}
    answer = probe.send("POST", "catalog/request", json=message).expect(200)
    body = answer.json_object()
    if "Catalog" not in str(body.get("@type")):
        raise Failure(f"{answer} with {body.get('@type')!r}, and no Catalog.", mend="Answer with a Catalog.")
    return body


def _datasets(probe: Probe) -> list[dict[str, Any]]:
    body = _catalogue(probe)
    found = body.get("dataset") or body.get("dcat:dataset") or []
    datasets = [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]
    if not datasets:
        raise Failure(
            "The catalogue offers no dataset.", mend="Offer at least one dataset to those who may ask."
        )
    return datasets


def _offers(dataset: dict[str, Any]) -> list[dict[str, Any]]:
    found = dataset.get("hasPolicy") or dataset.get("odrl:hasPolicy") or []
    offers = [each for each in (found if isinstance(found, list) else [found]) if isinstance(each, dict)]
    if not offers:
        raise Failure(f"The dataset {dataset.get('@id')} has no offer.", mend="Add hasPolicy with an Offer.")
    return offers


def _request(probe: Probe, offer: dict[str, Any], dataset: dict[str, Any], callback: str) -> dict[str, Any]:
    return {
        "@context": [CONTEXT],
        "@type": "ContractRequestMessage",
        "consumerPid": f"urn:uuid:{probe.unique('negotiation')}",
        "offer": {**offer, "target": offer.get("target", dataset.get("@id"))},
        "callbackAddress": callback,
    }


def _begun(probe: Probe, inbox: Inbox) -> tuple[str, str]:
    """Both ids of a negotiation that was just begun; it is terminated when the check ends."""
    dataset = _datasets(probe)[0]
    message = _request(probe, _offers(dataset)[0], dataset, inbox.url)
    answer = probe.send("POST", "negotiations/request", json=message).expect(200, 201)
    ours, theirs = message["consumerPid"], str(answer.json_object().get("providerPid", ""))
    if not theirs:
        raise Failure(f"{answer} without providerPid.", mend="Answer with the ContractNegotiation.")
    probe.leave_clean(
        lambda: _quietly_end(probe, f"negotiations/{theirs}/termination", ours, theirs, "ContractNegotiation")
    )
    return ours, theirs


def _agreed(probe: Probe) -> tuple[Inbox, str]:
    """An agreement, and the inbox that hears of it."""
    inbox = probe.listen()
    ours, theirs = _begun(probe, inbox)
    agreement = _heard(inbox, "agreement", "no agreement").get("agreement", {})
    verified = {
        "@context": [CONTEXT],
        "@type": "ContractAgreementVerificationMessage",
        "consumerPid": ours,
        "providerPid": theirs,
    }
    probe.send("POST", f"negotiations/{theirs}/agreement/verification", json=verified).expect(200, 202, 204)
    ends, state = time.monotonic() + WAITS, ""
    while time.monotonic() < ends and state not in _ENDED:
        state = str(probe.get(f"negotiations/{theirs}").expect(200).json_object().get("state", ""))
        if state not in _ENDED:
            inbox.wait(len(inbox.received) + 1, seconds=0.5)
    if state != "FINALIZED" or not agreement.get("@id"):
        raise Failure(
            f"The negotiation is {state or 'in no state'}, not FINALIZED.", mend="Finalize what was verified."
        )
    return inbox, str(agreement["@id"])


def _heard(inbox: Inbox, member: str, otherwise: str) -> dict[str, Any]:
    """The message with this member that the connector sent to the callback address."""

    def fits(received: Received) -> bool:
        body = received.json()
        return isinstance(body, dict) and member in body

    found = inbox.wait(1, seconds=WAITS, where=fits)
    if not found:
        raise Failure(f"Within {WAITS:g} s there came {otherwise}.", mend="Send it to the callback address.")
    message: dict[str, Any] = found[0].json()
    return message


def _end(probe: Probe, path: str, ours: str, theirs: str, kind: str) -> None:
    message = {"@context": [CONTEXT], "@type": kind, "consumerPid": ours, "providerPid": theirs}
    probe.send("POST", path, json=message).expect(200, 202, 204, mend="Let either side terminate.")


def _quietly_end(probe: Probe, path: str, ours: str, theirs: str, kind: str) -> None:
    """Terminate what may have ended already."""
    message = {
        "@context": [CONTEXT],
        "@type": f"{kind}TerminationMessage",
        "consumerPid": ours,
        "providerPid": theirs,
    }
    probe.send("POST", path, json=message)


def _token(address: dict[str, Any]) -> str:
    properties = address.get("endpointProperties")
    for each in properties if isinstance(properties, list) else ():
        if isinstance(each, dict) and each.get("name") in ("authorization", "token", "access_token"):
            return str(each.get("value", "")).removeprefix("Bearer ")
    raise CheckError("The data address has no property `authorization`, so access cannot be tried.")
