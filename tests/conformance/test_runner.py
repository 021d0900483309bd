"""The runner against real servers: right ones, wrong ones, and those that wear one down."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.servers.certificate import self_signed, serving_tls

from mimas.conformance.catalogue import load_catalogue
from mimas.conformance.checks import Check
from mimas.conformance.http_server import Received, Reply
from mimas.conformance.probe import Probe
from mimas.conformance.runner import Run, Runner
from mimas.conformance.session import Session
from mimas.conformance.target import Attestation, Credential, Limits, Target
from mimas.conformance.testing import serving, target_of
from mimas.conformance.verdicts import Failure, Verdict

JSON = {"Content-Type": "application/json"}
OPENAPI = b'{"openapi":"3.1.0","info":{"title":"t","version":"1"},"paths":{"/things":{}}}'


def declared(run: Callable[[Probe], None], **members: Any) -> Check:
    """A check that is in no list."""
    values: dict[str, Any] = {
        "id": "test/check",
        "requirements": ("MIM0-R1.1",),
        "mechanism": "openapi-rest",
        "level": "MUST",
        "clause": None,
        "needs": frozenset(),
        "documents": (),
        "message": "All is well.",
    }
    return Check(**{**values, **members}, run=run)


def run_on(target: Target, *checks: Check, strict: bool = False, **options: Any) -> Run:
    session = Session(target, **{"environment": {}, **options})
    try:
        return Runner(session, strict=strict).run([load_catalogue().get("MIM0-R1.1")], checks)
    finally:
        session.close()


def right(received: Received) -> Reply:
    """A small REST service with a description."""
    if received.path == "/openapi.json":
        return Reply(200, OPENAPI, JSON)
    if received.path.startswith("/things"):
        return Reply(200, b"[]", JSON)
    return Reply(404, b"{}", JSON)


def asks_for_things(probe: Probe) -> None:
    probe.get("things").expect(200)


def asks_for_nothing(probe: Probe) -> None:
    probe.get("nothing-of-the-kind").expect(400, 404)


def test_a_right_target_passes() -> None:
    """The check's docstring becomes the message."""
    with serving(right) as url:
        run = run_on(target_of("openapi-rest", url), declared(asks_for_things))

    assert (run.verdict, run.checks[0].message) == (Verdict.PASS, "All is well.")


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (Reply(200, b"<html><h1>Welcome", {"Content-Type": "text/html"}), "No OpenAPI description"),
        (Reply(200, b"{}", JSON), "No OpenAPI description"),
        (Reply(200, OPENAPI, JSON), "does not exist and is answered 200"),
        (Reply(400, b"{}", JSON), "No OpenAPI description"),
        (Reply(404, b"<html>", {"Content-Type": "text/html"}), "No OpenAPI description"),
        (Reply(302, b"", {"Location": "/"}), "No OpenAPI description"),
    ],
    ids=["web site", "always 200", "always the description", "always 400", "always 404", "redirect loop"],
)
def test_a_pass_says_nothing_where_there_is_no_such_interface(answer: Reply, says: str) -> None:
    """Neither refusals nor acceptance pass on something that answers everything alike."""
    wide = declared(lambda probe: probe.get("x") and None)
    with serving(lambda _: answer) as url:
        run = run_on(target_of("openapi-rest", url), wide)

    assert (run.verdict, run.checks[0].verdict) == (Verdict.ERROR, Verdict.ERROR)
    assert says in run.checks[0].message


def endless(_: Received) -> Reply:
    def forever() -> Any:
        while True:
            yield b"x" * 65536

    return Reply(200, stream=forever(), headers=JSON)


def dripping(_: Received) -> Reply:
    def slowly() -> Any:
        while True:
            time.sleep(0.05)
            yield b" "

    return Reply(200, stream=slowly(), headers=JSON)


def hanging(_: Received) -> Reply:
    time.sleep(2)
    return Reply(200)


@pytest.mark.parametrize(
    ("answering", "says"),
    [(endless, "larger than"), (dripping, "nothing whole within"), (hanging, "nothing whole within")],
    ids=["endless body", "dripping body", "hangs"],
)
def test_a_server_that_wears_one_down_ends_in_an_error(
    answering: Callable[[Received], Reply], says: str
) -> None:
    """Soon, and never in a pass."""
    limits = Limits(requests_per_second=1000, timeout=0.3, max_bytes=200_000)
    with serving(answering) as url:
        run = run_on(target_of("openapi-rest", url, limits=limits), declared(asks_for_things))

    assert run.checks[0].verdict is Verdict.ERROR
    assert says in run.checks[0].message


def test_a_dead_server_is_called_only_a_few_times() -> None:
    """When nothing comes back the other checks do not wait for it again."""
    calls = []

    def half_dead(received: Received) -> Reply:
        if received.path.startswith("/slow"):
            calls.append(1)
            time.sleep(0.4)
        return right(received)

    slow = [declared(lambda probe: probe.get("slow") and None, id=f"test/{n}") for n in range(20)]
    limits = Limits(requests_per_second=1000, timeout=0.1, concurrency=2)
    with serving(half_dead) as url:
        run = run_on(target_of("openapi-rest", url, limits=limits), *slow)

    assert {each.verdict for each in run.checks} == {Verdict.ERROR}
    assert len(calls) <= 6


def test_a_closed_port_is_an_error_that_names_it() -> None:
    """Could not run is error."""
    run = run_on(target_of("openapi-rest", "http://127.0.0.1:9"), declared(asks_for_things))

    assert run.checks[0].verdict is Verdict.ERROR
    assert "127.0.0.1:9" in run.checks[0].message


def test_what_an_answer_leads_to_must_be_public() -> None:
    """Hosts that the user named may be private, others not, and nothing is sent there."""

    def loops(probe: Probe) -> None:
        probe.fetch(probe.url("loop"))

    def away(received: Received) -> Reply:
        if received.path == "/loop":
            return Reply(302, b"", {"Location": "http://[::1]:9/"})
        return right(received)

    with serving(away) as url:
        target = target_of("openapi-rest", url)
        run = run_on(target, declared(loops, id="a"))
        allowed = run_on(target_of("openapi-rest", url, allow=("::1",)), declared(loops, id="a"))

    assert "in a private network" in run.checks[0].message
    assert "in a private network" not in allowed.checks[0].message


def test_a_redirect_loop_is_an_error() -> None:
    """It ends."""

    def loop(received: Received) -> Reply:
        return Reply(302, b"", {"Location": "/b" if received.path == "/a" else "/a"})

    def fetches(probe: Probe) -> None:
        probe.fetch(probe.url("a"))

    with serving(lambda r: loop(r) if r.path in ("/a", "/b") else right(r)) as url:
        run = run_on(target_of("openapi-rest", url), declared(fetches))

    assert "redirects in a loop" in run.checks[0].message


def test_credentials_go_to_the_own_origin_alone() -> None:
    """A link must not carry the token away, and no report shows it."""
    seen: list[str | None] = []

    def other(received: Received) -> Reply:
        seen.append(received.headers.get("authorization"))
        return Reply(200)

    def asks(probe: Probe) -> None:
        probe.fetch(elsewhere)
        probe.send("GET", elsewhere)
        probe.note("answer", [{"it": probe.get("things?token=geheim").text}])

    def own(received: Received) -> Reply:
        if received.path.startswith("/things"):
            seen.append(received.headers.get("authorization"))
            return Reply(200, b'{"echo":"geheim"}', JSON)
        return right(received)

    with serving(own) as url, serving(other) as elsewhere:
        target = target_of("openapi-rest", url, credentials={"token": Credential("T")})
        run = run_on(target, declared(asks), environment={"T": "geheim"})

    assert seen == [None, None, "Bearer geheim"]
    assert "geheim" not in repr(run.checks[0])


def test_what_was_written_is_removed_also_when_the_run_is_stopped() -> None:
    """Ctrl-C in the middle of a check leaves nothing behind."""
    things: set[str] = set()
    runner: list[Runner] = []

    def store(received: Received) -> Reply:
        if received.method == "PUT":
            things.add(received.path)
            runner[0].stop()
        if received.method == "DELETE":
            things.discard(received.path)
        return right(received)

    def writes(probe: Probe) -> None:
        path = f"things/{probe.unique()}"
        probe.delete_afterwards(path)
        probe.send("PUT", path)
        probe.get(path)

    with serving(store) as url:
        session = Session(target_of("openapi-rest", url, writes="anything"), environment={})
        runner.append(Runner(session))
        run = runner[0].run([load_catalogue().get("MIM0-R1.1")], [declared(writes)])
        session.close()

    assert things == set()
    assert (run.checks[0].verdict, run.stopped) == (Verdict.NOT_TESTED, True)


def test_what_could_not_be_removed_is_said() -> None:
    """Not hidden."""

    def writes(probe: Probe) -> None:
        probe.delete_afterwards("things/1")

    with serving(lambda r: Reply(500) if r.method == "DELETE" else right(r)) as url:
        run = run_on(target_of("openapi-rest", url), declared(writes))

    assert "could not be removed: 500" in run.checks[0].left_behind[0]


@pytest.mark.parametrize(
    ("members", "says"),
    [
        ({"mechanism": "wfs"}, "claims no wfs"),
        ({"needs": frozenset({"write"})}, "Nothing may be written"),
        ({"needs": frozenset({"samples"})}, "no sample files"),
        ({"needs": frozenset({"listener"})}, "--listener"),
        ({"documents": ("odrl-policy",)}, "no document 'odrl-policy'"),
    ],
)
def test_what_is_missing_is_said(members: dict[str, Any], says: str) -> None:
    """not_tested names what was not there."""
    with serving(right) as url:
        run = run_on(target_of("openapi-rest", url), declared(asks_for_things, **members))

    assert run.checks[0].verdict is Verdict.NOT_TESTED
    assert says in run.checks[0].message


def fails(_: Probe) -> None:
    raise Failure("broken")


@pytest.mark.parametrize(
    ("level", "strict", "verdict"),
    [
        ("MUST", False, Verdict.FAIL),
        ("SHOULD", False, Verdict.WARN),
        ("SHOULD", True, Verdict.FAIL),
        ("MAY", True, Verdict.WARN),
    ],
)
def test_a_failure_means_what_its_level_says(level: str, strict: bool, verdict: Verdict) -> None:
    """SHOULD warns unless --strict; MAY only ever warns."""
    with serving(right) as url:
        run = run_on(target_of("openapi-rest", url), declared(fails, level=level), strict=strict)

    assert run.checks[0].verdict is verdict


def test_a_check_that_breaks_is_our_error() -> None:
    """Never the target's failure."""

    def breaks(_: Probe) -> None:
        raise KeyError("x")

    with serving(right) as url:
        run = run_on(target_of("openapi-rest", url), declared(breaks))

    assert run.checks[0].verdict is Verdict.ERROR
    assert "The check itself broke" in run.checks[0].message


def test_what_does_not_change_is_asked_once() -> None:
    """Many checks read the description; the target sends it once, and each has it as evidence."""
    calls = []

    def counting(received: Received) -> Reply:
        calls.append(received.path)
        return right(received)

    def reads(probe: Probe) -> None:
        probe.read("things")

    with serving(counting) as url:
        run = run_on(target_of("openapi-rest", url), *(declared(reads, id=f"test/{n}") for n in range(8)))

    assert calls.count("/things") == 1
    assert all(len(each.exchanges) == 1 for each in run.checks)


def test_requests_keep_the_pace() -> None:
    """All checks together stay under the rate."""
    limits = Limits(requests_per_second=50, concurrency=4)
    with serving(right) as url:
        started = time.monotonic()
        run_on(
            target_of("openapi-rest", url, limits=limits),
            *(declared(asks_for_things, id=f"test/{n}") for n in range(20)),
        )

    assert time.monotonic() - started > 20 / 50


def test_a_check_ends_when_its_time_is_over() -> None:
    """However many requests it would still send."""

    def forever(probe: Probe) -> None:
        while True:
            probe.get("things")

    limits = Limits(requests_per_second=1000, check_seconds=0.2)
    with serving(right) as url:
        run = run_on(target_of("openapi-rest", url, limits=limits), declared(forever))

    assert "went on for more than" in run.checks[0].message


def test_attested_is_not_tested() -> None:
    """A person's word is shown, and not counted."""
    from datetime import date

    word = Attestation("MIM0-R1.1", "Eva", date(2026, 1, 1), "https://example.org")
    run = run_on(Target("x", {}, attestations=(word,)))

    assert run.requirements[0].verdict is Verdict.ATTESTED
    assert (run.mims[0].must_tested, run.verdict) == (0, Verdict.NOT_TESTED)


def test_an_attestation_that_has_expired_does_not_count() -> None:
    """It held until its day."""
    from datetime import date

    word = Attestation("MIM0-R1.1", "Eva", date(2020, 1, 1), "https://example.org", date(2021, 1, 1))

    assert run_on(Target("x", {}, attestations=(word,))).requirements[0].verdict is Verdict.NOT_TESTED


def test_a_tenant_goes_along_with_ngsi_ld() -> None:
    """What is written lands in the test tenant."""
    seen = []

    def broker(received: Received) -> Reply:
        seen.append(received.headers.get("ngsild-tenant"))
        return Reply(200, b"[]", JSON) if received.path.endswith("/types") else Reply(404, b"{}", JSON)

    with serving(broker) as url:
        target = target_of("ngsi-ld", url, tenant="trial", writes="test-tenant")
        run_on(target, declared(lambda probe: None, mechanism="ngsi-ld"))

    assert set(seen) == {"trial"}


@pytest.mark.parametrize(("writes", "verdict"), [("test-tenant", Verdict.PASS), ("none", Verdict.ERROR)])
def test_a_test_tenant_comes_to_be_by_writing(writes: str, verdict: Verdict) -> None:
    """What first contact writes for that is there during the run, and removed after it."""
    things: set[str] = set()
    seen: list[int] = []

    def broker(received: Received) -> Reply:
        if received.method == "POST":
            things.add(received.json()["id"])
            return Reply(201)
        if received.method == "DELETE":
            things.discard(received.path.rpartition("/")[2])
            return Reply(204)
        if received.path.endswith("/types") and things:
            return Reply(200, b"[]", JSON)
        return Reply(404, b'{"type":"https://uri.etsi.org/ngsi-ld/errors/NonexistentTenant"}', JSON)

    with serving(broker) as url:
        target = target_of("ngsi-ld", url, tenant="trial", writes=writes)
        run = run_on(target, declared(lambda probe: seen.append(len(things)), mechanism="ngsi-ld"))

    assert run.checks[0].verdict is verdict, run.checks[0].message
    assert (seen, things) == ([int(writes != "none")], set())


def test_the_listener_hears_and_the_evidence_shows_it() -> None:
    """A notification is kept like every other exchange, marked as incoming."""
    import httpx

    from mimas.conformance.listener import Listener

    heard = []

    def listens(probe: Probe) -> None:
        inbox = probe.listen(lambda received: Reply(418, b"tea"))
        answered = httpx.post(f"{inbox.url}/notify?x=1", json={"a": 1}, trust_env=False)
        heard.extend([*inbox.wait(1), answered.status_code])

    listener = Listener()
    with serving(right) as url:
        run = run_on(target_of("openapi-rest", url), declared(listens), listener=listener)
    listener.close()

    assert (heard[0].path, heard[0].json(), heard[1]) == ("/notify?x=1", {"a": 1}, 418)
    assert run.checks[0].exchanges[0].incoming


def test_facts_are_found_again_in_a_later_run() -> None:
    """What a check noted is there for the run that gets the report as its baseline."""
    found = []

    def compares(probe: Probe) -> None:
        probe.note("ids", ["b"])
        found.append(probe.earlier("ids"))

    baseline = {"checks": [{"id": "test/check", "facts": {"ids": ["a"]}}]}
    with serving(right) as url:
        first = run_on(target_of("openapi-rest", url), declared(compares))
        run_on(target_of("openapi-rest", url), declared(compares), baseline=baseline)

    assert (first.checks[0].verdict, first.checks[0].facts) == (Verdict.NOT_TESTED, {"ids": ["b"]})
    assert found == [["a"]]


def test_a_wrong_certificate_is_an_error_that_says_so(tmp_path: Path) -> None:
    """The name of what is wrong, not a crash."""
    key, certificate = self_signed(tmp_path)
    with serving_tls(right, key, certificate) as url:
        strange = run_on(target_of("openapi-rest", url), declared(asks_for_things))
        known = run_on(target_of("openapi-rest", url, ca_file=str(certificate)), declared(asks_for_things))

    assert "certificate verify failed" in strange.checks[0].message.lower()
    assert known.checks[0].verdict is Verdict.PASS, known.checks[0].message


def test_a_check_of_results_runs_last_and_sees_them() -> None:
    """By requirement, whatever the order in which checks are given."""
    seen: list[Any] = []
    judges = declared(lambda probe: seen.append(dict(probe.verdicts())), id="a/judge", needs={"results"})
    with serving(right) as url:
        run_on(target_of("openapi-rest", url), judges, declared(asks_for_things))

    assert seen == [{"MIM0-R1.1": Verdict.PASS}]
