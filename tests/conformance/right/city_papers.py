"""Documents as a city should have them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta

import pytest

from mimas.conformance.target import Target
from mimas.conformance.testing.serving import PATIENCE

TODAY = (date.today() - timedelta(days=30)).isoformat()
DOCUMENTS = {
    "sbom": json.dumps(
        {
            "bomFormat": "CycloneDX",
            "specVersion": "1.6",
            "components": [{"type": "library", "name": "httpx", "version": "0.28.1"}],
            "vulnerabilities": [
                {"id": "CVE-0", "ratings": [{"severity": "critical"}], "analysis": {"state": "not_affected"}}
            ],
        }
    ),
    "restore-drill": f"Restore drill of {TODAY}: the backup was restored in 12 minutes. Result: success.",
    "risk-register": f"Risk register, reviewed {TODAY}. Risk: lost disk. Likelihood: low. Impact: high. "
    "Treatment: daily backup. NIS2: the town is no essential entity; its duties are listed in chapter 4.",
    "key-management": f"Keys, {TODAY}. Rotation: certificates every 90 days. Data at rest: encrypted disk.",
    "access-review": f"Access review of {TODAY}. Reviewed by the head of IT; two tokens were revoked.",
    "export": json.dumps([{"id": "resident-1", "type": "Person", "name": "Person 1"}]),
    "processing-dpv": json.dumps(
        {
            "@context": {"dpv": "https://w3id.org/dpv#"},
            "dpv:hasPurpose": {"@id": "dpv:ServiceProvision"},
            "dpv:hasProcessing": {"@id": "dpv:Store"},
            "dpv:hasPersonalData": {"@id": "dpv:PersonalData"},
        }
    ),
    "personal-architecture": "Pods are read by Solid. A personal data space is joined through its operator. "
    "Registers stay in place at their source.",
    "operator-connector": "Every operator uses one connector, under a legal agreement.",
    "processing-record": f"Record of processing, {TODAY}. Purpose: billing. Categories: names. "
    "Recipients: none. Retention: two years.",
    "dpia": f"Impact assessment, {TODAY}. Risks: a leak. Measures: encryption.",
    "dpo-contact": "Data protection officer: dpo@town.example",
    "published-aggregates": "district;count;kWh\nNorth;12;300\nSouth;7;150\n",
}


@pytest.fixture(scope="session")
def right_city_papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """A target that offers them all."""
    folder = tmp_path_factory.mktemp("papers")
    for name, text in DOCUMENTS.items():
        (folder / name).write_text(text)
    places = {name: str(folder / name) for name in DOCUMENTS}
    yield Target("papers", {}, documents=places, limits=PATIENCE)
