"""RDF, contexts and documents made to wear a reader down: a clear verdict each, no call past the guard."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from mimas.conformance.http_server import HttpServer, Received, Reply
from mimas.conformance.target import Sample, Target
from mimas.conformance.testing import judge, serving, target_of
from mimas.conformance.verdicts import Verdict

DCAT = "http://www.w3.org/ns/dcat#"
SMALL = f"<#c> a <{DCAT}Catalog> ; <{DCAT}dataset> <#d> . <#d> a <{DCAT}Dataset>"
LD = {"Content-Type": "application/ld+json"}
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="{DCAT}">&b;</rdf:RDF>'
)
FETCHES = (
    f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:d="{DCAT}">&x;</rdf:RDF>'
)
NESTED = b'{"@context":' + b'{"a":' * 500 + b"1" + b"}" * 500 + f', "x": "{DCAT}"}}'.encode()
BLANKS = f"<#c> a <{DCAT}Catalog> ; <#p> ".encode() + b"[ <#p> " * 20_000 + b"1" + b"]" * 20_000 + b" ."
CYCLE = {"@context": {"a": "b:x", "b": "a:y"}, "a": 1, "@id": DCAT}


def answers_with(body: bytes, media_type: str) -> Callable[[Received], Reply]:
    def answer(received: Received) -> Reply:
        return Reply(200, body, {"Content-Type": media_type}) if received.path == "/c" else Reply(404)

    return answer


@pytest.mark.parametrize(
    ("body", "media_type", "says"),
    [
        (b"<!doctype html><script>alert(1)</script>", "text/html", "RDF is due"),
        (b"<!doctype html><script>alert(1)</script>", "text/turtle", "not text/turtle"),
        (BOMB.encode(), "application/rdf+xml", "document type declaration"),
        (BOMB.encode("utf-16"), "application/rdf+xml", "document type declaration"),
        (FETCHES.encode(), "application/rdf+xml", "document type declaration"),
        (NESTED, "application/ld+json", "nests deeper"),
        (BLANKS, "text/turtle", "nests too deep"),
        (json.dumps(CYCLE).encode(), "application/ld+json", "circle"),
        (b"\x00\xff" * 1000, "application/rdf+xml", "not application/rdf+xml"),
        (b"", "application/ld+json", "not application/ld+json"),
    ],
    ids=["html", "html as turtle", "xml bomb", "xml bomb in UTF-16", "xml entity of a file", "nested",
         "blank nodes",
         "terms in a circle", "noise", "nothing"],
)  # fmt: skip
def test_what_is_no_rdf_is_a_failure(body: bytes, media_type: str, says: str) -> None:
    """It is said in words, and nothing crashes or hangs."""
    with serving(answers_with(body, media_type)) as url:
        result = judge("DCAT.lists-datasets", target_of("dcat-ap", f"{url}/c"))

    assert result.verdict is Verdict.FAIL
    assert says in result.message


def test_a_context_that_loops_is_a_failure() -> None:
    """Two contexts name each other; each is fetched once."""
    seen: list[str] = []

    def answer(received: Received) -> Reply:
        seen.append(received.path)
        url = f"http://{received.headers['host']}"
        onward = {"/c": "/one", "/one": "/two", "/two": "/one"}.get(received.path)
        if onward is None:
            return Reply(404)
        return Reply(200, json.dumps({"@context": url + onward, "@id": DCAT}).encode(), LD)

    with serving(answer) as url:
        result = judge("DCAT.lists-datasets", target_of("dcat-ap", f"{url}/c"))

    assert (result.verdict, "leads to itself" in result.message) == (Verdict.FAIL, True)
    assert (seen.count("/one"), seen.count("/two")) == (1, 1)


@pytest.mark.parametrize("allowed", [False, True])
def test_contexts_are_fetched_through_the_guard_alone(allowed: bool) -> None:
    """An @context at a private address is fetched when that is allowed, and else never."""
    called: list[str] = []

    def private(received: Received) -> Reply:
        called.append(received.path)
        return Reply(200, b'{"@context": {}}', LD)

    hidden = HttpServer(private, ("127.0.0.2", 0))
    hidden.start()
    place = f"http://127.0.0.2:{hidden.server_address[1]}"
    linked = json.dumps({"@context": [f"{place}/x", {"@import": f"{place}/y"}], "@id": DCAT})
    with serving(answers_with(linked.encode(), "application/ld+json")) as url:
        judge(
            "DCAT.lists-datasets", target_of("dcat-ap", f"{url}/c", allow=("127.0.0.2",) if allowed else ())
        )
    hidden.end()

    assert called == (["/x", "/y"] if allowed else [])


def test_an_import_is_not_followed_even_where_it_may() -> None:
    """owl:imports of the catalogue's own host is data, not an order."""
    seen: list[str] = []

    def answer(received: Received) -> Reply:
        seen.append(received.path)
        turtle = f"{SMALL} . <#c> <http://www.w3.org/2002/07/owl#imports> </o> ."
        return (
            Reply(200, turtle.encode(), {"Content-Type": "text/turtle"})
            if received.path == "/c"
            else Reply(404)
        )

    with serving(answer) as url:
        result = judge("DCAT.mandatory-properties", target_of("dcat-ap", f"{url}/c"))

    assert result.verdict is Verdict.FAIL
    assert "/o" not in seen


@pytest.mark.parametrize(
    ("name", "content", "check_id", "verdict"),
    [
        ("deep.json", b"[" * 5000 + b"]" * 5000, "DATA.types-have-schemas@samples", Verdict.FAIL),
        ("half.json", b'[{"id": ', "DATA.types-have-schemas@samples", Verdict.FAIL),
        ("noise.csv", b"\xff\xfe\x00", "DATA.types-have-schemas@samples", Verdict.FAIL),
        ("words.json", b'[1, "two", null]', "DATA.types-have-schemas@samples", Verdict.NOT_TESTED),
        ("odd.json", b'[{"id": 7, "type": {"a": 1}, "no2": [[[]]]}]',
         "DATA.units-are-stated@samples", Verdict.NOT_TESTED),
        ("bomb.gml", BOMB.encode(), "DATA.open-format", Verdict.FAIL),
    ],
)  # fmt: skip
def test_a_hostile_sample_ends_in_a_verdict(
    tmp_path: Path, name: str, content: bytes, check_id: str, verdict: Verdict
) -> None:
    """Never in an exception of ours."""
    (tmp_path / name).write_bytes(content)
    result = judge(check_id, Target("t", {}, samples=(Sample(tmp_path / name),)))

    assert result.verdict is verdict, result.message
    assert "broke" not in result.message


def test_yaml_that_grows_by_aliases_is_refused() -> None:
    """Nine lines that stand for a thousand million members."""
    lines = ["asyncapi: 3.0.0", "a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    with serving(answers_with("\n".join(lines).encode(), "application/yaml")) as url:
        result = judge("ASYNCAPI.document-is-complete", target_of("asyncapi", f"{url}/c"))

    assert result.verdict is Verdict.FAIL
    assert "members" in result.message


def test_a_script_in_a_title_stays_text() -> None:
    """What the target writes reaches reports as text in a message, not more."""
    turtle = f'{SMALL} ; <http://purl.org/dc/terms/title> "<script>alert(1)</script>" .'
    with serving(answers_with(turtle.encode(), "text/turtle")) as url:
        result = judge("DCAT.models-are-named", target_of("dcat-ap", f"{url}/c"))

    assert result.verdict is Verdict.FAIL
    assert "'<script>alert(1)</script>'" in result.message
