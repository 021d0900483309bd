"""Credentials that must not work: invented, expired, disabled, in the URL, or the maker's own."""

from __future__ import annotations

from ...session import basic_pair
from ...verdicts import Failure, NotTested
from .surface import Surface, ask, guarded, restricted

BEARER = "RFC 6750"
DEFAULTS = (("admin", "admin"), ("admin", "password"), ("root", "root"), ("guest", "guest"), ("test", "test"))


def expect_refused(surface: Surface, what: str, *, role: str | None = None, **headers: str) -> None:
    """Each restricted route refuses this credential; data for it is the target's Failure."""
    for route in restricted(surface)[:10]:
        answer = ask(surface, route, role=role, **headers)
        if answer.status < 400:
            raise Failure(f"{answer} to {what}.", mend="Look at every credential, on every route.")
        if answer.status >= 500:
            raise Failure(f"{answer} to {what}: a crash is no refusal.", mend="Answer 401.")


@guarded("ACCESS.tokens.invented-is-refused", ("MIM0-C4", "MIM6-R3.1", "MIM4-C12"), clause=f"{BEARER}, 3.1")
def invented(surface: Surface) -> None:
    """A token that nobody issued is refused on every restricted route."""
    expect_refused(
        surface, "a token that nobody issued", Authorization=f"Bearer {surface.probe.unique('token')}"
    )


@guarded("ACCESS.tokens.expired-is-refused", ("MIM0-C4", "MIM6-R3.1"), clause=f"{BEARER}, 3.1")
def expired(surface: Surface) -> None:
    """The credential `expired`, whose time is over, is refused on every restricted route."""
    surface.probe.secret("expired")
    expect_refused(surface, "an expired token", role="expired")


@guarded(
    "ACCESS.tokens.disabled-is-refused",
    ("MIM6-R1.1b", "MIM6-R1.3"),
    clause="ISO/IEC 27001:2022 A.5.16, A.5.18",
)
def disabled(surface: Surface) -> None:
    """The credential `disabled`, of a user or device that was disabled, neither reads nor writes any more."""
    surface.probe.secret("disabled")
    expect_refused(surface, "a credential that was disabled", role="disabled")
    if surface.probe.target.writes != "none":
        write = surface.write()
        surface.probe.delete_afterwards(write.place)
        answer = surface.probe.send("POST", write.url, json=write.body, role="disabled")
        if answer.status < 400:
            raise Failure(f"{answer} to a credential that was disabled.", mend="Ask for it at every write.")


@guarded("ACCESS.tokens.not-in-the-url", "MIM6-R1.2", clause=f"{BEARER}, 2.3; RFC 9700, 4.3.2")
def not_in_the_url(surface: Surface) -> None:
    """A token in the query string lets nobody in: URLs are logged and sent on."""
    token = surface.probe.secret("token")
    for route in [each for each in restricted(surface) if each.method == "GET"][:2]:
        mark = "&" if "?" in route.url else "?"
        for name in ("access_token", "token"):
            answer = surface.probe.send("GET", f"{route.url}{mark}{name}={token}", role=None)
            if answer.status < 300:
                raise Failure(f"{answer} to a token in the URL.", mend="Take tokens from the header alone.")


@guarded("ACCESS.passwords.defaults-are-refused", "MIM6-R1.2", clause="ISO/IEC 27001:2022 A.5.17")
def defaults(surface: Surface) -> None:
    """None of the names and passwords that products are delivered with lets anybody in."""
    route = next((each for each in restricted(surface) if each.method == "GET"), None)
    if route is None:
        raise NotTested("There is no restricted GET to try them on.")
    for name, word in DEFAULTS:
        answer = ask(surface, route, role=None, Authorization=f"Basic {basic_pair(name, word)}")
        if answer.status < 300:
            raise Failure(
                f"{answer} to {name} with the password {word}.", mend="Have it changed at the first start."
            )
