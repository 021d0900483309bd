"""The core context without a JSON-LD processor (CIM 009 4.4)."""

import subprocess
import sys

import pytest
from pyld import jsonld

from mimas.ngsi_ld.core.context import (
    CORE_CONTEXT_URL,
    CORE_TERM_MAP,
    DATA_INTEGRITY_URL,
    bundled_document,
    core_terms,
    is_core_url,
    stored_to_iri,
)


def bundled(url: str, options: object) -> dict[str, object]:
    """A document loader that knows what ships with Mimas and nothing else."""
    document = bundled_document(url)
    assert document is not None, url
    return {
        "document": document,
        "documentUrl": url,
        "contextUrl": None,
        "contentType": "application/ld+json",
    }


def test_terms_are_those_of_a_processor() -> None:
    """Our reading of the core context gives each term the IRI that PyLD gives it."""
    processor = jsonld.JsonLdProcessor()
    options = {"processingMode": "json-ld-1.1", "documentLoader": bundled}
    initial = processor.process_context({}, None, options)
    active = processor.process_context(initial, CORE_CONTEXT_URL, options)

    assert core_terms() == {term: mapping["@id"] for term, mapping in active["mappings"].items()}


@pytest.mark.parametrize("version", ["", *(f"-v1.{minor}" for minor in range(10))])
def test_all_versions_are_the_core(version: str) -> None:
    """Every published version, and the address without one, is the core context and is bundled."""
    url = f"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context{version}.jsonld"

    assert (
        is_core_url(url) and bundled_document(url)["@context"]["ngsi-ld"] == "https://uri.etsi.org/ngsi-ld/"
    )


@pytest.mark.parametrize(
    "url", ["https://example.org/c.jsonld", CORE_CONTEXT_URL + "x", "", DATA_INTEGRITY_URL]
)
def test_others_are_not(url: str) -> None:
    """Any other URL is not the core context."""

    assert not is_core_url(url)


def test_old_versions_are_served_as_published() -> None:
    """The versions that are kept differ from the latest one."""
    old = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.3.jsonld"

    assert bundled_document(old) != bundled_document(CORE_CONTEXT_URL)


def test_unknown_documents_are_not_bundled() -> None:
    """Nothing is made up for other URLs."""

    assert bundled_document("https://example.org/c.jsonld") is None


@pytest.mark.parametrize(
    ("name", "stored", "iri"),
    [
        ("temperature", "temperature", "https://uri.etsi.org/ngsi-ld/default-context/temperature"),
        ("location", "location", "https://uri.etsi.org/ngsi-ld/location"),
        ("description", "description", "http://purl.org/dc/terms/description"),
        (
            "https://uri.etsi.org/ngsi-ld/default-context/a",
            "a",
            "https://uri.etsi.org/ngsi-ld/default-context/a",
        ),
        ("https://uri.etsi.org/ngsi-ld/hasValue", "value", "https://uri.etsi.org/ngsi-ld/hasValue"),
        ("ngsi-ld:location", "location", "https://uri.etsi.org/ngsi-ld/location"),
        ("https://ex.org/a", "https://ex.org/a", "https://ex.org/a"),
        ("@type", "type", "@type"),
        ("__proto__", "__proto__", "https://uri.etsi.org/ngsi-ld/default-context/__proto__"),
        # The short form would be read as the core's own term, so the long one stays.
        (
            "https://uri.etsi.org/ngsi-ld/default-context/location",
            "https://uri.etsi.org/ngsi-ld/default-context/location",
            "https://uri.etsi.org/ngsi-ld/default-context/location",
        ),
    ],
)
def test_stored_names(name: str, stored: str, iri: str) -> None:
    """Stored names are short for core terms and the default context, else IRIs; the core shows them so."""

    assert (CORE_TERM_MAP.expand(name), stored_to_iri(stored), CORE_TERM_MAP.compact(stored)) == (
        stored,
        iri,
        stored,
    )


def test_core_alone_needs_no_processor() -> None:
    """A process that serves the core context alone never loads PyLD."""
    script = (
        "import sys\n"
        "from mimas.ngsi_ld.core.context import CORE_TERM_MAP, CORE_CONTEXT_URL, build_term_map\n"
        "from mimas.ngsi_ld.core.parse import parse_entity\n"
        "terms = build_term_map([CORE_CONTEXT_URL], {})\n"
        "parse_entity({'id': 'urn:a:b', 'type': 'T', 'a': 1}, terms)\n"
        "sys.exit('pyld' in sys.modules or terms is not CORE_TERM_MAP)"
    )

    assert (
        subprocess.run([sys.executable, "-c", script], env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
    )
