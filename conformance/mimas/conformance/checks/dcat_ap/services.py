"""What a data space offers beside the catalogue: audit, usage and requests for data (MIM3 RC3, RC7).

No standard says where these are; the target names them as options of its dcat-ap interface.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from ...answer import Answer
from ...probe import Probe
from ...verdicts import CheckError, Failure, NotTested
from ..declaration import check
from .catalogue import Catalogue, dcat

MECHANISM = "dcat-ap"
_CONSUMER = ("consumer", "user", "client", "agent", "assignee", "subject")
_WHEN = ("time", "timestamp", "at", "date", "when", "@timestamp")
_REFUSED = (401, 403, 404)


@check("DCAT.audit-can-be-read", requirement="MIM3-RC3.1", mechanism=MECHANISM)
def audit_can_be_read(probe: Probe) -> None:
    """The role `orchestrator` reads audit records at the option `audit`: what happened, and when."""
    for entry in _entries(_audit(probe)):
        if not any(name in entry for name in _WHEN):
            raise Failure(f"An audit record without a time: {sorted(entry)}.", mend="Say when it happened.")


@check("DCAT.audit-is-closed", requirement="MIM3-RC3.1", mechanism=MECHANISM)
def audit_is_closed(probe: Probe) -> None:
    """Audit records are refused to who says not who he is."""
    _audit(probe)
    answer = probe.send("GET", _place(probe, "audit"), headers=_JSON, role=None)
    answer.expect(*_REFUSED, mend="Show audit records only to those who must verify.")


@check("DCAT.audit-stays-as-it-is", requirement="MIM3-RC3.1", mechanism=MECHANISM, needs={"write"})
def audit_stays_as_it_is(probe: Probe) -> None:
    """An audit record cannot be written again, not even with what it says already."""
    answer = _audit(probe)
    entry = _entries(answer)[0]
    place = _place_of(entry, answer)
    for role in ("orchestrator", "token"):
        written = probe.send("PUT", place, json=entry, role=role)
        if written.status < 300:
            raise Failure(
                f"{written} as {role}: an audit record can be overwritten (sent: its own content).",
                mend="Only append to the audit log; refuse PUT, PATCH and DELETE.",
            )


@dcat("usage-can-be-verified", "MIM3-RC3.2")
def usage_can_be_verified(catalogue: Catalogue) -> None:
    """The role `provider` reads at the option `usage` who used which dataset of the catalogue, and when."""
    probe = catalogue.probe
    probe.secret("provider")
    entries = _entries(probe.send("GET", _place(probe, "usage"), headers=_JSON, role="provider").expect(200))
    datasets = {str(each) for each in catalogue.datasets}
    for entry in entries:
        wanted = {
            "dataset of the catalogue": bool(datasets & {str(each) for each in entry.values()}),
            "consumer": any(entry.get(name) for name in _CONSUMER),
            "time": any(entry.get(name) for name in _WHEN),
        }
        missing = [name for name, there in wanted.items() if not there]
        if missing:
            raise Failure(
                f"A usage record {sorted(entry)} without {', '.join(missing)}.",
                mend="Log dataset, consumer and time of each use.",
            )


@check("DCAT.data-can-be-asked-for", requirement="MIM3-RC7.1", mechanism=MECHANISM, needs={"write"})
def data_can_be_asked_for(probe: Probe) -> None:
    """A request for missing data, posted at the option `data-requests`, is stored and can be read again."""
    title = probe.unique("request")
    place = _asked_for(probe, title)
    stored = probe.send("GET", place, headers=_JSON).expect(200)
    if title not in stored.text:
        raise Failure(f"{stored} without the title that was sent.", mend="Store what was asked for.")


@check("DCAT.requests-reach-providers", requirement="MIM3-RC7.2", mechanism=MECHANISM, needs={"write"})
def requests_reach_providers(probe: Probe) -> None:
    """A request for missing data is seen by the role `provider` in the list at the option `data-requests`."""
    probe.secret("provider")
    title = probe.unique("request")
    _asked_for(probe, title)
    answer = probe.send("GET", _place(probe, "data-requests"), headers=_JSON, role="provider").expect(200)
    if title not in answer.text:
        raise Failure(f"{answer} without the request that was just made.", mend="Show requests to providers.")


_JSON = {"Accept": "application/json"}


def _place(probe: Probe, option: str) -> str:
    place = probe.option(option)
    if not place:
        raise NotTested(f"The target names no {option!r} under `options` of its dcat-ap interface.")
    return probe.url(str(place))


def _audit(probe: Probe) -> Answer:
    place = _place(probe, "audit")
    probe.secret("orchestrator")
    return probe.send("GET", place, headers=_JSON, role="orchestrator").expect(200)


def _entries(answer: Answer) -> list[dict[str, Any]]:
    """The records of a log, a list or the first list in an object; NotTested when there is none yet."""
    body = answer.json()
    lists = [body] if isinstance(body, list) else [each for each in body.values() if isinstance(each, list)]
    entries = [each for each in (lists[0] if lists else []) if isinstance(each, dict)]
    if not entries:
        raise NotTested(f"{answer} with no record that could be looked at.")
    return entries[:100]


def _place_of(entry: dict[str, Any], answer: Answer) -> str:
    for name in ("@id", "url", "href", "self"):
        if isinstance(entry.get(name), str) and "/" in entry[name]:
            return str(urljoin(answer.url, entry[name]))
    if "id" not in entry:
        raise CheckError("An audit record has neither address nor id, so writing it cannot be tried.")
    return f"{answer.url.rstrip('/')}/{entry['id']}"


def _asked_for(probe: Probe, title: str) -> str:
    """Ask for data; gives where the request is stored, which is removed at the end."""
    place = _place(probe, "data-requests")
    body = {"title": title, "description": "A request made by a conformance check; it can be deleted."}
    answer = probe.send("POST", place, json=body).expect(
        200, 201, 202, mend="Take requests for missing data."
    )
    stored = str(urljoin(answer.url, answer.headers.get("location", "")))
    if stored == answer.url:
        raise Failure(f"{answer} without Location of the stored request.", mend="Say where it can be read.")
    probe.delete_afterwards(stored)
    return stored
