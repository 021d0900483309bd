"""No side door: what is restricted on one route is restricted on all (MIM0 C4, MIM6 R1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import yaml

from ...listener import is_this_machine
from ...probe import Probe
from ...verdicts import CheckError, Failure, NoAnswer, NotTested
from ..declaration import check
from ..openapi_rest.changes import subscribe, subscribing, watched
from ..openapi_rest.collections import Rest, id_of, items_of, rest
from .surface import DENIED, INTERFACES, Surface, ask, guarded, restricted

RULES = ("MIM6-R1.1", "MIM0-C4", "MIM4-C12")
A_5_15 = "ISO/IEC 27001:2022 A.5.15"
# Databases, queues and container engines: none of them is for the world.
MANAGEMENT = (2375, 3306, 5432, 6379, 9200, 15672, 27017)


@guarded("ACCESS.routes.refuse-strangers", RULES, clause=f"{A_5_15}; RFC 6750, 3")
def refuse_strangers(surface: Surface) -> None:
    """Every restricted route refuses who has no credential, not only the first one."""
    for route in restricted(surface):
        answer = ask(surface, route, role=None)
        if answer.status not in DENIED:
            raise Failure(f"{answer} without a credential.", mend="Deny by default, and open route by route.")


@guarded("ACCESS.routes.head-and-options-are-no-bypass", "MIM6-R1.1", clause=A_5_15)
def no_bypass(surface: Surface) -> None:
    """HEAD is refused as GET is, and OPTIONS tells a stranger no data."""
    for route in [each for each in restricted(surface) if each.method == "GET"][:8]:
        head = ask(surface, route, method="HEAD", role=None)
        if head.status < 300:
            raise Failure(
                f"{head} without a credential, though GET is restricted.", mend="Guard every method."
            )
        options = ask(surface, route, method="OPTIONS", role=None)
        if options.status < 300 and options.body and options.media_type.endswith("json") and options.json():
            raise Failure(f"{options} with data for a stranger: {options.text[:80]!r}", mend="Send no body.")


@guarded("ACCESS.routes.refusal-has-a-challenge", "MIM0-C4", clause="RFC 9110, 11.6.1; RFC 6750, 3")
def challenge(surface: Surface) -> None:
    """A 401 says in WWW-Authenticate how to come in; Bearer is followed by a parameter."""
    refused = [ask(surface, each, role=None) for each in restricted(surface)[:5]]
    for answer in [each for each in refused if each.status == 401]:
        said = answer.headers.get("www-authenticate", "").strip()
        if not said or (said.lower().startswith("bearer") and "=" not in said):
            raise Failure(
                f"{answer} with WWW-Authenticate {said!r}.", mend='Send WWW-Authenticate: Bearer realm="...".'
            )


@guarded("ACCESS.roles.reader-cannot-write", "MIM6-R1.1", clause=A_5_15, needs={"write"})
def reader_cannot_write(surface: Surface) -> None:
    """The credential `reader` reads, and is refused when it writes."""
    surface.probe.secret("reader")
    reads = [ask(surface, each, role="reader") for each in restricted(surface)]
    if not any(each.status == 200 for each in reads):
        raise NotTested("The credential `reader` reads nothing, so its refusal would say nothing.")
    _expect_refused(surface, "reader")


def _expect_refused(surface: Surface, role: str) -> None:
    write = surface.write()
    surface.probe.delete_afterwards(write.place)
    answer = surface.probe.send("POST", write.url, json=write.body, role=role)
    if answer.status not in (*DENIED, 405):
        raise Failure(f"{answer} to the credential `{role}`.", mend="Let nobody write who has no right to.")


@guarded("ACCESS.roles.policy-is-kept", "MIM6-R1.1", clause=A_5_15, documents=("access-policy",))
def policy(surface: Surface) -> None:
    """The matrix of the document `access-policy` (role, method, path, allow) holds; default deny."""
    probe = surface.probe
    document = _policy(probe)
    if document.get("default") != "deny":
        raise Failure("The access policy does not say `default: deny`.", mend="Deny what no rule allows.")
    looked = 0
    for rule in document["rules"]:
        method = str(rule.get("method", "GET")).upper()
        if method not in ("GET", "HEAD") and (rule["allow"] or probe.target.writes == "none"):
            continue
        role = rule.get("role")
        if role:
            probe.secret(str(role))
        answer = probe.send(
            method, str(rule["path"]), json=None if method in ("GET", "HEAD") else {}, role=role
        )
        looked += 1
        denied = answer.status in DENIED if not rule["allow"] else answer.status in (401, 403)
        if denied is bool(rule["allow"]):
            said = "allowed" if rule["allow"] else "denied"
            raise Failure(
                f"{answer} to {role or 'a stranger'}; the policy says {said}.", mend="Correct either."
            )
    if not looked:
        raise NotTested("The access policy has no rule that may be tried without writing.")


def _policy(probe: Probe) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(probe.document("access-policy"))
    except yaml.YAMLError as error:
        raise CheckError(f"The access policy is neither YAML nor JSON: {error}") from error
    if not isinstance(document, dict) or not isinstance(document.get("rules"), list):
        raise CheckError("The access policy has no list `rules`; docs/reference/target.md shows one.")
    if not all(isinstance(each, dict) and {"path", "allow"} <= each.keys() for each in document["rules"]):
        raise CheckError("A rule of the access policy has no `path` or no `allow`.")
    return document


@rest("access.lists-show-what-items-show", ("MIM0-C4", "MIM6-R1.1"), clause=A_5_15)
def lists_and_items(rest: Rest) -> None:
    """Lists show no item, and no member of one, that its own route hides from the same reader."""
    role = "reader" if rest.probe.session.secret("reader") else "token"
    collection = rest.filled()
    if rest.item_operation(collection) is None:
        raise NotTested(f"{collection.operation} has no route for one item.")
    listed = items_of(rest.get(collection.url, role=role).expect(200))
    for item in [each for each in listed if "mimas-check-" not in str(id_of(each))][:5]:
        answer = rest.get(rest.item_url(collection, id_of(item)), role=role)
        if answer.status in (401, 403, 404):
            raise Failure(f"{answer}, though the list shows it.", mend="Ask the same policy on both routes.")
        hidden = _members(item) - _members(answer.expect(200).json_object())
        if hidden:
            raise Failure(
                f"{collection.url} shows {', '.join(sorted(hidden)[:5])}, which {answer.url} hides.",
                mend="Ask the same policy on both routes.",
            )


def _members(value: Any, path: str = "", depth: int = 0) -> set[str]:
    """The paths of all members, nested ones too."""
    if not isinstance(value, dict) or depth > 20:
        return set()
    found = set()
    for name, each in value.items():
        found |= {f"{path}{name}", *_members(each, f"{path}{name}.", depth + 1)}
    return found - {"links"}


@rest("access.notifications-show-what-may-be-read", "MIM0-C4", clause=A_5_15, needs={"write", "listener"})
def notifications(rest: Rest) -> None:
    """A notification holds no member that its subscriber (`reader`) may not read."""
    rest.probe.secret("reader")
    subscribing(rest)
    inbox = rest.probe.listen()
    subscribe(rest, inbox, role="reader")
    collection, example = watched(rest)
    url = rest.create(collection, example)
    seconds = float(rest.probe.option("notification-seconds", 5))
    came = inbox.wait(1, seconds=seconds, where=lambda each: url.rpartition("/")[2].encode() in each.body)
    if not came:
        raise NotTested(f"Nothing is told of {url} within {seconds:g} s.")
    may_read = _members(rest.get(url, role="reader").expect(200).json_object())
    forbidden = _members(rest.get(url).expect(200).json_object()) - may_read
    if not forbidden:
        raise NotTested("The credential `reader` may read everything, so nothing can leak.")
    told = {path.rpartition(".")[2] if path.count(".") else path for path in _members(came[0].json())}
    leaked = {each for each in forbidden if each.rpartition(".")[2] in told}
    if leaked:
        raise Failure(
            f"A notification to `reader` holds {', '.join(sorted(leaked))}.", mend="Ask the policy there too."
        )


@check("ACCESS.ports.management-is-closed", requirement="MIM6-R1.1", mechanism=INTERFACES, clause=A_5_15)
def management(probe: Probe) -> None:
    """Ports of databases, queues and container engines are closed (option `management-ports`)."""
    host = urlsplit(probe.interface.url).hostname or ""
    ports = probe.option("management-ports", None if is_this_machine(host) else list(MANAGEMENT))
    if ports is None:
        raise NotTested("The product is on this machine, where its ports are not closed to the checker.")
    for port in map(int, ports):
        place = f"tcp://{host}:{port}"
        try:
            probe.connect(host, port).close()
        except (NoAnswer, OSError) as error:
            probe.saw("CONNECT", place, "closed", error=str(error))
            continue
        probe.saw("CONNECT", place, "open")
        raise Failure(f"{host}:{port} is open.", mend="Listen on an address of the inside, or close it.")
