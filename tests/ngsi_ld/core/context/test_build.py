"""Contexts of users: what they may be made of, and what they cannot change (CIM 009 4.4, 5.5.7)."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mimas.ngsi_ld.core.context import (
    CORE_CONTEXT_URL,
    CORE_TERM_MAP,
    DATA_INTEGRITY_URL,
    TermMap,
    build_term_map,
    referenced_urls,
)
from mimas.ngsi_ld.core.errors import BadRequestData, LdContextNotAvailable

ONE, TWO = "https://ex.org/contexts/one.jsonld", "https://ex.org/contexts/two.jsonld"


def build(value: Any, **documents: Any) -> TermMap:
    """A term map with the documents `one` and `two` at hand."""
    known = {ONE: documents.get("one"), TWO: documents.get("two")}
    return build_term_map(value, {url: {"@context": each} for url, each in known.items() if each is not None})


@pytest.mark.parametrize(
    "value",
    [
        CORE_CONTEXT_URL,
        [],
        [CORE_CONTEXT_URL],
        {},
        [[CORE_CONTEXT_URL], {}],
        None,
        {"@vocab": "https://v.org/"},
        [{"a": "https://a.org/"}, None],
        {"location": "https://bad.org/location"},
    ],
)
def test_core_only(value: Any) -> None:
    """A context that adds no name of its own is the core context."""

    assert build_term_map(value, {}) is CORE_TERM_MAP


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
@pytest.mark.parametrize("protected", [True, False])
def test_core_wins(order: list[int], protected: bool) -> None:
    """Redefining a core term has no effect wherever the core context stands, and is no error."""
    user = {"@protected": protected, "location": "https://bad.org/location", "speed": "https://ex.org/speed"}
    terms = build([[user, CORE_CONTEXT_URL][place] for place in order])

    assert (terms.expand("location"), terms.expand("speed")) == ("location", "https://ex.org/speed")


def test_alias_of_a_core_term_shows_as_the_core_term() -> None:
    """A user's other name for a core IRI is understood, and answered with the core's name."""
    terms = build({"loc": "https://uri.etsi.org/ngsi-ld/location", "kind": "@type"})

    assert (terms.expand("loc"), terms.compact("location"), terms.expand("kind")) == (
        "location",
        "location",
        "type",
    )


@pytest.mark.parametrize(
    "definition",
    ["https://ex.org/a", {"@id": "https://ex.org/a", "@type": "https://t.org/t"}]
    + [{"@id": "https://ex.org/a", "@type": kind} for kind in ("@id", "@vocab", "@json")]
    + [{"@id": "https://ex.org/a", "@container": each} for each in ("@list", "@set", "@language", "@index")]
    + [{"@id": "https://ex.org/a", "@language": "cs"}],
)
def test_coercion_does_not_change_names(definition: Any) -> None:
    """Whatever a definition says of values, the term names its IRI both ways."""
    terms = build({"a": definition})

    assert (terms.expand("a"), terms.compact("https://ex.org/a")) == ("https://ex.org/a", "a")


def test_shadowed_default_name_is_shown_with_its_prefix() -> None:
    """Where the context gives a short name another IRI, the stored one appears as JSON-LD compacts it."""
    terms = build({"speed": "https://ex.org/speed"})

    assert terms.compact("speed") == "ngsi-ld:default-context/speed"
    assert terms.expand("ngsi-ld:default-context/speed") == "speed"


def test_prefixes() -> None:
    """prefix:name is understood and used; the shortest wins."""
    terms = build({"ex": "https://ex.org/", "longer": "https://ex.org/a/"})

    assert (terms.expand("ex:b"), terms.compact("https://ex.org/a/b")) == ("https://ex.org/b", "ex:a/b")


@pytest.mark.parametrize("definition", [None, "@value", {"@reverse": "https://ex.org/a"}, "@nest"])
def test_unusable_names(definition: Any) -> None:
    """A name that is mapped to nothing, to a keyword or backwards would lose data: using it is a 400."""
    terms = build({"a": definition, "b": "https://ex.org/b"})

    with pytest.raises(BadRequestData, match="gives 'a' no IRI"):
        terms.expand("a")


def test_user_vocabulary_serves_its_own_terms() -> None:
    """A user's @vocab completes terms without an IRI; other names belong to the core's @vocab."""
    terms = build({"@vocab": "https://v.org/", "a": {"@type": "@id"}})

    assert (terms.expand("a"), terms.expand("b")) == ("https://v.org/a", "b")


def test_remote_documents() -> None:
    """Documents refer to others, also relatively."""
    terms = build([ONE, {"c": "two:c"}], one=["two.jsonld", {"a": "two:a"}], two={"two": "https://two.org/"})

    assert [terms.expand_iri(name) for name in "ac"] == ["https://two.org/a", "https://two.org/c"]


def test_import() -> None:
    """`@import` puts a document below the object that names it."""
    terms = build(
        {"@import": ONE, "b": "https://mine.org/b"}, one={"a": "https://one.org/a", "b": "https://one.org/b"}
    )

    assert [terms.expand(name) for name in "ab"] == ["https://one.org/a", "https://mine.org/b"]


def test_referenced_urls() -> None:
    """Remote contexts are listed once, in order, without those that ship with Mimas."""
    value = [
        ONE,
        [CORE_CONTEXT_URL, "two.jsonld"],
        {"@import": "three.jsonld"},
        DATA_INTEGRITY_URL,
        ONE,
        {"a": ONE},
    ]

    assert referenced_urls(value, ONE) == [ONE, TWO, "https://ex.org/contexts/three.jsonld"]


def test_missing_document() -> None:
    """A document that the caller did not bring is LdContextNotAvailable."""
    with pytest.raises(LdContextNotAvailable) as caught:
        build(ONE)

    assert caught.value.facts == {"context": ONE}


def test_bundled_security_context() -> None:
    """The data-integrity context may be named; its scoped parts are of no use to names."""

    assert build(DATA_INTEGRITY_URL).expand("proof") == "https://w3id.org/security#proof"


@pytest.mark.parametrize(
    "value",
    [
        5,
        True,
        "",
        [5],
        {"a": 5},
        {"a": {"@id": 5}},
        {"a": {"@id": "nonsense:", "@type": 7}},
        {"": "https://a.org/"},
        {"a": "b:x", "b": "a:x"},
        {"@vocab": 5},
        {"@id": "https://a.org/"},
        {"@version": 2},
        {"a": {"@foo": "x"}},
        {"a": {"@container": 5}},
        {"a": {"@container": [["x"]]}},
        {"@context": {}},
        {"@import": 5},
        {"@base": 5},
        {"a": {"@id": "https://a.org/", "@context": {"location": "https://bad.org/"}}},
        {"@propagate": 3},
        {"a": {"@index": 5}},
        {"a": {"@nest": 5}},
        {"a": {"@nest": ""}},
        {"@language": 5},
        {"@direction": "up"},
        [[[[[[[[[[[[[[[[[[[["https://a.org/"]]]]]]]]]]]]]]]]]]]],
    ],
)
def test_invalid(value: Any) -> None:
    """A context that JSON-LD or NGSI-LD does not allow is BadRequestData with a reason."""
    with pytest.raises((BadRequestData, LdContextNotAvailable)) as caught:
        build(value)

    assert "@context" in caught.value.detail


def test_scoped_context_says_how_to_mend_it() -> None:
    """Scoped contexts could reach core terms: 5.5.7 asks to refuse them."""
    with pytest.raises(BadRequestData, match=r"scoped context at 'a'.*define its terms at the top level"):
        build({"a": {"@id": "https://a.org/", "@context": {}}})


def test_cycle() -> None:
    """Documents that refer to each other in a circle are refused."""
    with pytest.raises(BadRequestData, match="refers to itself"):
        build(ONE, one=TWO, two=[ONE])


def test_explosion() -> None:
    """Documents that repeat each other do not multiply without end."""
    with pytest.raises(BadRequestData, match="more than 256 parts"):
        build([ONE] * 40, one=[TWO] * 40, two={"a": "https://a.org/"})


def test_long_chain_of_definitions() -> None:
    """Definitions that rest on thousands of others end in an error, not in a crash."""
    chain = {f"t{place}": f"t{place + 1}:x" for place in range(20_000)}

    with pytest.raises(BadRequestData, match="not valid JSON-LD"):
        build(chain)


def test_documents_stay_as_they_are() -> None:
    """Building leaves the caller's documents alone."""
    document = {"@context": {"a": {"@id": "https://a.org/"}, "@vocab": None}}
    build_term_map([ONE, {"@import": ONE}], {ONE: document})

    assert document == {"@context": {"a": {"@id": "https://a.org/"}, "@vocab": None}}


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from(["@id", "https://a.org/", "a:b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=4)
            | st.sampled_from(
                [
                    "@id",
                    "@type",
                    "@container",
                    "@vocab",
                    "@language",
                    "@protected",
                    "@prefix",
                    "@reverse",
                    "a",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(JSON)
def test_anything_is_built_or_refused(value: Any) -> None:
    """No JSON value makes the builder stumble."""
    try:
        terms = build(value)
    except (BadRequestData, LdContextNotAvailable):
        return

    assert terms.compact("location") == "location"
