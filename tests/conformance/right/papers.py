"""Right disclosures of algorithms, and what a supplier hands over."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.conformance.servers.geodata_files import write_geojson
from tests.conformance.servers.town import TREES

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.reports.signing import new_key, sign
from mimas.conformance.target import Sample, Target
from mimas.conformance.testing import serving, target_of

DISCLOSURE = (
    "# Choices\nRules first\n# Parties\nThe town and its supplier\n# Risks\nBias\n# Mitigations\nA test\n"
)
EXPLANATION = {"decision": "parking permit 7", "outcome": "granted", "reasons": ["lives in the zone"]}
BIAS = {
    "groups": [
        {"name": "under 65", "metrics": {"false positives": 0.03}},
        {"name": "65 and over", "metrics": {"false positives": 0.031}},
    ]
}
REGISTER = {
    "usesAI": True,
    "algorithms": [
        {
            "name": "Flood forecast",
            "purpose": "Forecasting of water levels",
            "certifiedBy": "Water office",
            "explanation": "explanation",
        }
    ],
}
API = {
    "openapi": "3.1.0",
    "info": {"title": "Town", "version": "2.0.0"},
    "paths": {"/trees": {"get": {"parameters": [{"name": "q", "in": "query"}], "responses": {"200": {}}}}},
}
RECORD = """<gmd:MD_Metadata xmlns:gmd="http://www.isotc211.org/2005/gmd">
<gmd:contact>Data office</gmd:contact><gmd:dateStamp>2026-01-01</gmd:dateStamp>
<gmd:referenceSystemInfo>http://www.opengis.net/def/crs/EPSG/0/5514</gmd:referenceSystemInfo>
<gmd:title>Trees</gmd:title><gmd:abstract>All trees</gmd:abstract></gmd:MD_Metadata>"""
JSON = {"Content-Type": "application/json"}


def register(value: Any) -> Any:
    """A register that says this."""

    def answer(received: Received) -> Reply:
        found = {"/": value, "/explanation": EXPLANATION}.get(received.path)
        return Reply(404, b"{}", JSON) if found is None else Reply(200, json.dumps(found).encode(), JSON)

    return answer


@pytest.fixture(scope="session")
def right_algorithm_register() -> Iterator[Target]:
    """A register with one algorithm."""
    with serving(register(REGISTER)) as url:
        yield target_of("algorithm-register", url)


@pytest.fixture(scope="session")
def right_papers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """All papers of a supplier, for a product that is a GeoJSON file."""
    folder = tmp_path_factory.mktemp("papers")
    write_geojson(folder / "town.geojson", TREES)
    with serving(lambda _: Reply(200, b"print()", {"Content-Type": "text/plain"})) as url:
        papers: dict[str, Any] = {
            "algorithm-disclosure": DISCLOSURE,
            "algorithm-technical": {
                "source": f"{url}/code", "model": "linear", "learnings": "few", "goals": "fewer floods"
            },
            "algorithm-explanation": EXPLANATION,
            "bias-report": BIAS,
            "inspire-metadata": RECORD,
            "export": TREES,
            "reimported-export": {"type": "FeatureCollection", "features": TREES[::-1]},
            "api-description": API,
            "previous-api-description": API,
            "api-policy": {"noticeMonths": 6, "parallelVersions": True},
            "signed-report": {
                "target": {"name": "papers"},
                "finished": datetime.now(UTC).isoformat(),
                "har": {"log": {"entries": [{"time": 1}]}},
            },
            "compliance-statement": {"MIM7-R2.1": "M", "MIM7-R1.1": "N"},
        }  # fmt: skip
        documents = {}
        for name, content in papers.items():
            path = folder / f"{name}.json"
            path.write_text(content if isinstance(content, str) else json.dumps(content))
            documents[name] = str(path)
        new_key(folder / "key.pem")
        (folder / "signed-report.json.jws").write_text(sign(papers["signed-report"], folder / "key.pem"))
        target = Target("papers", {}, documents=documents, samples=(Sample(folder / "town.geojson"),))
        yield replace(target, allow=("127.0.0.1",))
