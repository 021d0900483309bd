"""A right catalogue of the data models that a broker serves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mimas.conformance.http_server import Reply
from mimas.conformance.target import Target
from mimas.conformance.testing import serving


@pytest.fixture(scope="module")
def right_listed_models(
    right_models: Target, right_samples: Target, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Target]:
    """The broker with the entities of the sample, and a catalogue of their types."""
    entities = json.loads(Path(right_samples.samples[0].path).read_text())["@graph"]
    with serving(lambda _: Reply(200, b"How to use it.", {"Content-Type": "text/plain"})) as url:
        models = [
            {"type": each, "guidelines": f"{url}/guidelines/{each}"}
            for each in sorted({each["type"] for each in entities})
        ]
        path = tmp_path_factory.mktemp("models") / "catalogue.json"
        path.write_text(json.dumps({"models": models}))
        documents = {**right_models.documents, "model-catalogue": str(path)}
        yield replace(right_models, documents=documents, allow=("127.0.0.1",))


@pytest.fixture(scope="module")
def right_listed_models_page(right_listed_models: Target) -> Iterator[Target]:
    """The same catalogue as a page."""
    models = json.loads(Path(right_listed_models.documents["model-catalogue"]).read_text())["models"]
    items = "".join(f'<li><a href="/guide/{each["type"]}">{each["type"]}</a></li>' for each in models)
    page = Reply(200, f"<ul>{items}</ul>".encode(), {"Content-Type": "text/html"})
    with serving(lambda _: page) as url:
        documents = {**right_listed_models.documents, "model-catalogue": f"{url}/models"}
        yield replace(right_listed_models, documents=documents)
