"""Catalogues of data models that say something else than the broker serves."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

from mimas.conformance.http_server import Reply
from mimas.conformance.testing import broken_target, serving
from mimas.conformance.testing.declaring import asked, changed, faults_of

LISTED = "DATA.model-catalogue-lists-what-is-served"
COMPLY = "served-models-comply@ngsi-ld"
ENTITIES = asked("/ngsi-ld/v1/entities")
fault = faults_of("models", "DATA.")


def catalogue(sentence, change, verdict="fail"):
    """The catalogue of models is another: `change` gets its models, or is its text."""

    def breaks(target, folder):
        models = json.loads(Path(target.documents["model-catalogue"]).read_text())["models"]
        path = folder / "catalogue.json"
        path.write_text(change if isinstance(change, str) else json.dumps(change(models)))
        return replace(target, documents={**target.documents, "model-catalogue": str(path)})

    breaks.__name__ = "models_" + re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    breaks.__doc__ = sentence
    broken_target(right="listed-models", caught_by=LISTED, verdict=verdict)(breaks)


def each_entity(change):
    return changed(lambda value: [change(each) for each in value] and None)


catalogue("The catalogue of models leaves out a type.", lambda models: models[1:])
catalogue("The catalogue of models is empty.", lambda models: [])
catalogue("The catalogue of models is a scan.", "%PDF-1.4", verdict="not_tested")
catalogue("The catalogue of models is a letter.", "Models are at our office.")
catalogue(
    "A model of the catalogue has no guidelines.",
    lambda models: [{"type": each["type"]} for each in models],
)
catalogue(
    "Guidelines are a path on somebody's disk.",
    lambda models: [{**each, "guidelines": "D:/models/guide.doc"} for each in models],
)


@broken_target(right="listed-models", caught_by=LISTED)
def guidelines_that_are_not_there(target, folder):
    """The guidelines of a model answer 404."""
    models = json.loads(Path(target.documents["model-catalogue"]).read_text())["models"]
    with serving(lambda _: Reply(404)) as url:
        path = folder / "catalogue.json"
        path.write_text(json.dumps([{**each, "guidelines": f"{url}/x"} for each in models]))
        yield replace(target, documents={**target.documents, "model-catalogue": str(path)})


@broken_target(right="listed-models-page", caught_by=LISTED)
def page_of_models_without_links(target, folder):
    """The page of models names all types and links none of their guidelines."""
    models = "Device DeviceModel AirQualityObserved"
    with serving(lambda _: Reply(200, f'<a href="/">Home</a><p>{models}</p>'.encode())) as url:
        yield replace(target, documents={**target.documents, "model-catalogue": url})


fault(
    "What the broker serves is of a type that nobody describes.",
    COMPLY,
    ENTITIES,
    each_entity(lambda each: each.update(type="ThingOfOurs")),
)
fault(
    "What the broker serves is not as its model says.",
    COMPLY,
    ENTITIES,
    each_entity(
        lambda each: each.update(
            {name: {"type": "Property", "value": 7} for name in each if "dateObserved" in name}
        )
    ),
)
