"""A right digital twin: pygeoapi with two models, and the documents of the town."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from mimas.conformance.http_server import Received, Reply
from mimas.conformance.target import Credential, Target
from mimas.conformance.testing import Forward, proxied, serving, target_of

PROVENANCE = """@prefix prov: <http://www.w3.org/ns/prov#> . @prefix dct: <http://purl.org/dc/terms/> .
<urn:town:training> prov:wasDerivedFrom <urn:town:gauges> .
<urn:town:gauges> dct:publisher <https://town.example/water-office> .
"""
CARD = """# Model card of run-off
## Method
Rational formula, calibrated in 2025.
## Parameters
Rainfall in mm.
## Data
Gauge readings of the town.
## Source
[The code](https://town.example/code)
"""
SAFEGUARDS = """<h2>Purpose</h2><p>Warning of floods</p><h2>Risks</h2><p>False alarms</p>
<h2>Measures</h2><p>A second model</p><h2>Human oversight</h2><p>The duty officer decides</p>"""
WORKFLOW = {
    "steps": [
        {"process": "runoff", "inputs": {"rainfall": 12.5}},
        {"process": "depth", "inputs": {"runoff": {"from": 0, "output": "runoff"}}},
    ]
}
RECORD = {
    "model": "runoff",
    "modelVersion": "1.2.0",
    "data": [{"id": "urn:town:gauges", "version": "2026-01-01"}],
    "parameters": {"rainfall": 12.5},
    "outputs": {"runoff": 6.25},
}


def documents(data_url: str) -> dict[str, Any]:
    """All documents of the twin; text as it is, the rest as JSON."""
    return {
        "twin-datasets": {
            "datasets": [
                {"id": "gauges", "stage": "raw"},
                {"id": "rain", "stage": "model-input", "url": data_url},
                {"id": "depth", "stage": "model-output", "url": data_url},
            ]
        },
        "model-card": CARD,
        "ai-safeguards": SAFEGUARDS,
        "data-provenance": PROVENANCE,
        "twin-workflow": WORKFLOW,
        "run-record": RECORD,
        "visualisation-metadata": [
            {"timestamp": "2026-01-01T00:00:00Z", "scale": "1:5000", "source": "depth"}
        ],
        "semantic-gaps": {"gaps": [{"term": "flood", "handling": "mapped to inundation"}]},
    }


def written(folder: Path, found: dict[str, Any]) -> dict[str, str]:
    """The documents as files."""
    paths = {}
    for name, content in found.items():
        path = folder / name
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        paths[name] = str(path)
    return paths


@pytest.fixture(scope="session")
def right_twin(right_pygeoapi: Target, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """The models of pygeoapi, with documents."""
    url = right_pygeoapi.interfaces["ogcapi-features"].url
    data = lambda _: Reply(200, b"rain;12.5\n", {"Content-Type": "text/csv"})  # noqa: E731
    with serving(data) as data_url:
        yield target_of(
            "ogcapi-processes",
            url,
            writes="anything",
            documents=written(tmp_path_factory.mktemp("twin"), documents(f"{data_url}/rain.csv")),
            allow=("127.0.0.1",),
        )


@pytest.fixture(scope="session")
def right_twin_guarded(right_twin: Target) -> Iterator[Target]:
    """The same for two users, one of whom may not run models."""
    with pytest.MonkeyPatch.context() as patch, proxied(right_twin, _guarded) as target:
        patch.setitem(os.environ, "TWIN_TOKEN", "all-rights")
        patch.setitem(os.environ, "TWIN_RESTRICTED", "few-rights")
        credentials = {"token": Credential("TWIN_TOKEN"), "restricted": Credential("TWIN_RESTRICTED")}
        yield replace(target, credentials=credentials)


def _guarded(received: Received, forward: Forward) -> Reply:
    if "few-rights" in received.headers.get("authorization", "") and received.method == "POST":
        return Reply(403, b"{}", {"Content-Type": "application/json"})
    return forward(received)
