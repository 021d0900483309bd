"""What a person may ask for: insight, erasure, consent given for some attributes and withdrawn (MIM4).

There is no standard API for this, so the target says where it is: option `subject-data` (a path with
`{subject}`: GET gives all that is held, DELETE erases) and `consents` (POST a record, DELETE withdraws).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urljoin

import orjson

from ...answer import Answer
from ...verdicts import Failure, NotTested
from ..openapi_rest.caching import change
from ..openapi_rest.changes import QUIET, subscribe, subscribing
from ..openapi_rest.collections import Rest, id_of, items_of, rest
from ..openapi_rest.description import mapping
from ..openapi_rest.paging import small_pages

WRITE = {"write"}
RECORD = ("data", "purpose", "recipient", "expiry")


class Subject:
    """A made-up person of this check: an item with an old and a new value."""

    def __init__(self, rest: Rest) -> None:
        template = rest.probe.option("subject-data")
        if not isinstance(template, str) or "{subject}" not in template:
            raise NotTested("The target does not say where a person's data is (option `subject-data`).")
        self.collection, _, self.example = rest.creating()
        self.url = rest.create(self.collection, self.example)
        self.name = rest.get(self.url).expect(200).json_object()["id"]
        self.data = rest.probe.url(template.replace("{subject}", quote(self.name, safe="")))
        before = rest.get(self.url).json_object()
        changed = change(rest, self.url, self.example)
        self.member = next(iter(changed))
        self.old, self.new = before[self.member], changed[self.member]


@rest("personal.insight-is-complete", "MIM4-C04", level="SHOULD", clause="GDPR Art. 15", needs=WRITE)
def insight(rest: Rest) -> None:
    """A person is told all that is held: current values, earlier ones, and who received them."""
    subject = Subject(rest)
    answer = rest.get(subject.data).expect(200)
    for what, value in (("the current value", subject.new), ("the earlier value", subject.old)):
        if orjson.dumps(value).decode() not in answer.text:
            raise Failure(
                f"{answer} without {what} of `{subject.member}`.", mend="Tell what every store holds."
            )
    if "recipient" not in answer.text.lower():
        raise Failure(f"{answer} without recipients.", mend="Tell who received the data.")


@rest("personal.erasure-is-complete", "MIM4-C05", level="SHOULD", clause="GDPR Art. 17", needs=WRITE)
def erasure(rest: Rest) -> None:
    """After erasure no route shows the person: not the item, lists, history, copies, nor the insight."""
    subject = Subject(rest)
    rest.probe.send("DELETE", subject.data).expect(200, 202, 204)
    copies = [str(each).replace("{subject}", subject.name) for each in rest.probe.option("copies", [])]
    history = [f"{subject.url}/{each}" for each in _below(rest, subject)]
    for place in (subject.url, subject.data, *history, *copies):
        _expect_gone(subject, rest.get(rest.probe.url(place)))
    for page in rest.pages(small_pages(subject.collection)):
        if any(id_of(each) == subject.name for each in items_of(page)):
            raise Failure(f"{page} still shows who was erased.", mend="Erase in every store and catalogue.")


def _below(rest: Rest, subject: Subject) -> list[str]:
    """The described routes below an item."""
    start = subject.collection.operation.path.rstrip("/") + "/{"
    paths = [
        each.path
        for each in rest.description.operations()
        if each.method == "get" and each.path.startswith(start)
    ]
    return [path.rpartition("/")[2] for path in paths if not path.endswith("}")]


def _expect_gone(subject: Subject, answer: Answer) -> None:
    if answer.status < 300 and (
        str(subject.new) in answer.text or str(subject.old) in answer.text or subject.name in answer.text
    ):
        raise Failure(f"{answer} and still shows who was erased.", mend="Erase in every store.")


# -- consent


class Consent:
    """A consent of a made-up person."""

    def __init__(self, rest: Rest, subject: str, recipient: str, data: list[str]) -> None:
        path = rest.probe.option("consents")
        if not isinstance(path, str):
            raise NotTested("The target does not say where consents are (option `consents`).")
        operation = next(
            (each for each in rest.description.operations() if (each.method, each.path) == ("post", path)),
            None,
        )
        example = mapping(rest.description.example(operation)) if operation else {}
        record = {**example, "subject": subject, "recipient": recipient, "data": data}
        answer = rest.probe.send("POST", rest.probe.url(path), json=record).expect(200, 201)
        if "location" not in answer.headers:
            raise Failure(f"{answer} without Location.", mend="Say where the record is.")
        self.url = urljoin(answer.url, answer.headers["location"])
        self._rest = rest
        rest.probe.delete_afterwards(self.url)

    def withdraw(self) -> None:
        """Take it back."""
        self._rest.probe.send("DELETE", self.url).expect(200, 202, 204)


@rest("personal.consent-is-recorded", "MIM4-C06", level="SHOULD", clause="ISO/IEC TS 27560", needs=WRITE)
def recorded(rest: Rest) -> None:
    """The record of a consent has data, purpose, recipient and expiry."""
    consent = Consent(rest, rest.probe.unique("subject"), "recipient", ["name"])
    record = rest.get(consent.url).expect(200).json_object()
    missing = [name for name in RECORD if not record.get(name)]
    if missing:
        raise Failure(f"The record of a consent lacks {', '.join(missing)}.", mend="Keep what was agreed to.")


@rest("personal.consent-is-by-attribute", "MIM4-C07", level="SHOULD", clause="GDPR Art. 5(1)(c)", needs=WRITE)
def by_attribute(rest: Rest) -> None:
    """Two recipients with consents for different attributes see those and no others, nested ones neither."""
    subject = Subject(rest)
    names = [each for each in subject.example if each not in ("id", "type", "@context")][:2]
    if len(names) < 2:
        raise NotTested("The example of an item has one attribute alone.")
    for role, name in zip(("recipient", "other-recipient"), names, strict=True):
        rest.probe.secret(role)
        Consent(rest, subject.name, role, [name])
        item = rest.get(subject.url, role=role).expect(200).json_object()
        extra = set(item) - {"id", "type", "@context", name}
        if extra or name not in item:
            raise Failure(f"{role} agreed on {name} sees {sorted(item)}.", mend="Show what was agreed to.")
        _expect_no_others(subject.example, item, name)


def _expect_no_others(example: Mapping[str, Any], item: Mapping[str, Any], agreed: str) -> None:
    """No value of another attribute stands anywhere inside, whatever its name there."""
    text = str(item[agreed])
    for name, value in example.items():
        if name not in ("id", "type", agreed) and isinstance(value, dict) and str(value) in text:
            raise Failure(
                f"`{name}` is hidden, and shown inside `{agreed}`.", mend="Look into nested members too."
            )


@rest("personal.withdrawal-holds-at-once", "MIM4-C09", clause="GDPR Art. 7(3)", needs={"write", "listener"})
def withdrawal(rest: Rest) -> None:
    """When a consent is withdrawn the recipient reads no more, and its subscription tells no more."""
    rest.probe.secret("recipient")
    subscribing(rest)
    subject = Subject(rest)
    consent = Consent(rest, subject.name, "recipient", [*subject.example])
    rest.get(subject.url, role="recipient").expect(200, mend="Let in who has consent.")
    inbox = rest.probe.listen()
    subscribe(rest, inbox, role="recipient")
    change(rest, subject.url, _watched(rest, subject))
    seconds = float(rest.probe.option("notification-seconds", 5))
    if not inbox.wait(1, seconds=seconds, where=lambda each: subject.name.encode() in each.body):
        raise NotTested("The subscription tells nothing with consent, so its silence would say nothing.")
    consent.withdraw()
    answer = rest.get(subject.url, role="recipient")
    if answer.status not in (401, 403, 404):
        raise Failure(f"{answer} after the consent was withdrawn.", mend="Ask for consent at every read.")
    before = len(inbox.received)
    change(rest, subject.url, _watched(rest, subject))
    if len(inbox.wait(before + 1, seconds=QUIET)) > before:
        raise Failure(
            "A subscription goes on after the consent was withdrawn.", mend="Ask for consent before each one."
        )


def _watched(rest: Rest, subject: Subject) -> dict[str, Any]:
    """The members of the example that the example of a subscription watches."""
    names = mapping(rest.description.example(subscribing(rest)[0])).get("attributes", ())
    return {name: subject.example[name] for name in names if name in subject.example} or subject.example
