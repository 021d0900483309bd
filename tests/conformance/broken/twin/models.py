"""Digital twins whose models are wrong in one way."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from mimas.conformance.http_server import Reply
from mimas.conformance.target import Target
from mimas.conformance.testing import broken_target, serving
from mimas.conformance.testing.declaring import asked, asking, changed, faults_of
from mimas.conformance.testing.ngsi_ld import says

fault = faults_of("twin", "TWIN.")
MODEL, MODELS = asked("/processes/[^/]+"), asked("/processes")
RUN, JOB, RESULTS = asked("/processes/[^/]+/execution"), asked("/jobs/[^/]+"), asked("/jobs/[^/]+/results")
HTML = b"<html><canvas>A map of the flood</canvas></html>"


def on(method, when):
    return lambda received: received.method == method and when(received)


fault(
    "A model has no description in words.",
    "model-is-described",
    MODEL,
    changed(lambda value: value.update(description="")),
)
fault(
    "An output has no schema.",
    "model-is-described",
    MODEL,
    changed(lambda value: [each.pop("schema") for each in value["outputs"].values()] and None),
)
fault(
    "The interface that the list of models documents is not there.",
    "listed-models-are-there example-runs",
    asked("/processes/.+"),
    says(404, {}),
    must_catch={"MIM8-R3.2": "documented interface 404"},
)
fault("All descriptions are of one model.", "listed-models-are-there", MODEL, asking("runoff", "depth"))
fault(
    "Results are a page of the viewer.",
    "example-runs",
    on("POST", RUN),
    says(200, HTML, Content_Type="text/html"),
    must_catch={"MIM8-R1.1": "results only in viewer"},
)
fault("The example of the description does not run.", "example-runs", on("POST", RUN), says(500, {}))
fault(
    "A result is of another type than described.",
    "example-runs",
    on("POST", RUN),
    says(200, {"runoff": "much", "depth": "much"}),
)
fault(
    "A model that does not exist runs.",
    "unknown-model-is-404",
    on("POST", asked("/processes/mimas.*")),
    says(200, {}),
)
fault(
    "A model that does not exist is described.",
    "unknown-model-is-404",
    asked("/processes/mimas[^/]*"),
    says(200, {}),
)
fault(
    "A run cannot be watched.",
    "status-done",
    on("POST", RUN),
    lambda received, forward: replace(forward(received), headers={"Content-Type": "application/json"}),
)
fault("A run that is done has no results.", "status-done", RESULTS, says(404, {}))
fault(
    "A run that failed is shown as done.",
    "status-failed",
    JOB,
    changed(lambda value: value.update(status=value["status"].replace("failed", "successful"))),
    must_catch={"MIM8-R4.3": "failed run shown as done"},
)
fault("A run that failed has results.", "status-failed", RESULTS, says(200, {"runoff": 0}))
fault("A run cannot be stopped.", "status-interrupted", on("DELETE", JOB), says(405, {}))
fault(
    "A run that was stopped is done.",
    "status-interrupted",
    JOB,
    lambda received, forward: says(200, {"status": "successful"})(received, forward),
)
fault(
    "A model reads the data with its own rights, whoever asks.",
    "model-sees-what-its-user-sees",
    on("POST", RUN),
    lambda received, forward: forward(
        replace(received, headers={**received.headers, "authorization": "Bearer all-rights"})
    ),
    must_catch={"MIM8-R3.4": "service account sees all"},
    right="twin-guarded",
)
fault(
    "A step of a workflow fails.",
    "workflow-runs",
    on("POST", asked("/processes/depth/execution")),
    says(400, {}),
)
fault(
    "The last model of a workflow has one answer to everything.",
    "output-is-input",
    on("POST", asked("/processes/depth/execution")),
    says(200, {"depth": 1}),
)
fault(
    "Run again, a model gives something else.",
    "record-can-be-run-again",
    on("POST", RUN),
    says(200, {"runoff": 7}),
)


# -- documents


def papers(
    sentence: str,
    caught_by: str,
    name: str,
    content: Any,
    *,
    must_catch: dict[str, str] | None = None,
    verdict: str = "fail",
) -> None:
    """One of the documents is another."""

    def breaks(target: Target, folder: Path) -> Target:
        path = folder / name
        old = Path(target.documents[name]).read_text()
        new = content(old) if callable(content) else content
        path.write_text(new if isinstance(new, str) else json.dumps(new))
        return replace(target, documents={**target.documents, name: str(path)})

    breaks.__name__ = "paper_" + re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    breaks.__doc__ = sentence
    broken_target(
        right="twin",
        caught_by=[f"TWIN.{each}" for each in caught_by.split()],
        must_catch=must_catch,
        verdict=verdict,
    )(breaks)


def without(member: str) -> Any:
    def change(old: str) -> Any:
        value = json.loads(old)
        value.pop(member)
        return value

    return change


papers("A workflow has no steps.", "workflow-runs output-is-input", "twin-workflow", {"steps": []})
papers(
    "The steps of a workflow know nothing of each other.",
    "output-is-input",
    "twin-workflow",
    {
        "steps": [
            {"process": "runoff", "inputs": {"rainfall": 1}},
            {"process": "depth", "inputs": {"runoff": 1}},
        ]
    },
)
papers(
    "A workflow takes an output that there is not.",
    "workflow-runs",
    "twin-workflow",
    lambda old: old.replace('"output": "runoff"', '"output": "snow"'),
)
papers(
    "The record of a run has no version of its model.",
    "record-can-be-run-again",
    "run-record",
    without("modelVersion"),
    must_catch={"MIM8-R4.4": "version missing"},
)
papers(
    "The record of a run has no version of its data.",
    "record-can-be-run-again",
    "run-record",
    lambda old: old.replace('version"', 'age"'),
)
papers(
    "The record of a run is of an older model.",
    "record-can-be-run-again",
    "run-record",
    lambda old: old.replace("1.2.0", "1.1.0"),
    verdict="not_tested",
)
papers(
    "A dataset has no stage.", "datasets-have-stages", "twin-datasets", [{"id": "gauges", "stage": "fresh"}]
)
papers(
    "An output of a model is nowhere.",
    "outputs-are-data",
    "twin-datasets",
    [{"id": "depth", "stage": "model-output"}],
)
papers(
    "The model card names no parameters.",
    "model-card",
    "model-card",
    lambda old: old.replace("Parameters", "Thanks"),
)
papers(
    "The model card promises the method.",
    "model-card",
    "model-card",
    lambda old: old.replace("Rational formula, calibrated in 2025.", "TBD"),
)
papers("The model card is a PDF.", "model-card", "model-card", "%PDF-1.7 ...", verdict="not_tested")
papers(
    "Nobody oversees the AI.",
    "ai-safeguards",
    "ai-safeguards",
    lambda old: old.replace("Human oversight", "Contact"),
)
papers(
    "Nothing says where the data of the AI come from.",
    "data-provenance",
    "data-provenance",
    "<urn:a> <urn:b> <urn:c> .",
)
papers(
    "No authority stands behind the data of the AI.",
    "data-provenance",
    "data-provenance",
    lambda old: old.replace("dct:publisher", "dct:subject"),
)
papers("The provenance is a page.", "data-provenance", "data-provenance", "<html>See our site</html>")
papers(
    "A visualisation does not say its time.",
    "visualisation-metadata",
    "visualisation-metadata",
    [{"scale": "1:1", "source": "x"}],
)
papers("The list of gaps is empty.", "semantic-gaps", "semantic-gaps", {"gaps": []})


@broken_target(
    right="twin", caught_by="TWIN.outputs-are-data", must_catch={"MIM8-R1.1": "results only in viewer"}
)
def outputs_are_a_viewer(target: Target, folder: Path):  # type: ignore[no-untyped-def]
    """The address of a model's output is that of a viewer."""
    with serving(lambda _: Reply(200, HTML, {"Content-Type": "text/html"})) as url:
        path = folder / "twin-datasets"
        path.write_text(json.dumps([{"id": "depth", "stage": "model-output", "url": url}]))
        yield replace(target, documents={**target.documents, "twin-datasets": str(path)})
