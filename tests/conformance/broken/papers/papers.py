"""Disclosures and hand-overs that are wrong in one way."""

from __future__ import annotations

import copy
import json
import re
import shutil
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.conformance.servers.geodata_files import write_geojson
from tests.conformance.servers.town import TREES

from mimas.conformance.reports.signing import new_key, sign
from mimas.conformance.target import Sample, Target
from mimas.conformance.testing import broken_target
from mimas.conformance.testing.declaring import asked, changed, faults_of
from mimas.conformance.testing.ngsi_ld import says

fault = faults_of("algorithm-register", "ALGORITHMS.")
ROOT = asked("/")


def paper(
    sentence: str,
    caught_by: str,
    name: str,
    change: Any,
    *,
    must_catch: dict[str, str] | None = None,
    verdict: str = "fail",
) -> None:
    """One of the papers is another: `change` gets its text, or its value where that is JSON."""

    def breaks(target: Target, folder: Path) -> Target:
        path = folder / f"{name}.json"
        shutil.copy(target.documents[name], path)
        if Path(f"{target.documents[name]}.jws").exists():
            shutil.copy(f"{target.documents[name]}.jws", f"{path}.jws")
        old = path.read_text()
        value = copy.deepcopy(json.loads(old)) if old[:1] in "{[" else old
        new = change(value) if callable(change) else change
        path.write_text(new if isinstance(new, str) else json.dumps(value if new is None else new))
        return replace(target, documents={**target.documents, name: str(path)})

    breaks.__name__ = "paper_" + re.sub(r"[^a-z0-9]+", "_", sentence.lower()).strip("_")
    breaks.__doc__ = sentence
    broken_target(right="papers", caught_by=caught_by, must_catch=must_catch, verdict=verdict)(breaks)


A, P = "ALGORITHMS.", "PROCUREMENT."

# -- algorithms

paper(
    "The disclosure of an algorithm names no risks.",
    A + "procedure-is-disclosed",
    "algorithm-disclosure",
    lambda old: old.replace("# Risks\nBias\n", ""),
)
paper(
    "The disclosure of an algorithm has titles and no text.",
    A + "procedure-is-disclosed",
    "algorithm-disclosure",
    lambda old: old.replace("A test", "TBD"),
)
paper(
    "The disclosure of an algorithm is a scan.",
    A + "procedure-is-disclosed",
    "algorithm-disclosure",
    "%PDF-1.4",
    verdict="not_tested",
)
paper(
    "The source of an algorithm is not disclosed.",
    A + "technique-is-disclosed",
    "algorithm-technical",
    lambda old: old.pop("source") and None,
)
paper(
    "Nothing links the source of an algorithm.",
    A + "technique-is-disclosed",
    "algorithm-technical",
    lambda old: old.update(source="on request"),
)
paper(
    "An explanation gives no reasons.",
    A + "decision-is-explained",
    "algorithm-explanation",
    lambda old: old.update(reasons=[]),
)
paper(
    "An explanation is a sentence.",
    A + "decision-is-explained",
    "algorithm-explanation",
    "The computer decided.",
)
paper(
    "The bias report looks at one group.",
    A + "fairness-is-measured",
    "bias-report",
    lambda old: old["groups"].pop() and None,
)
paper(
    "The bias report measures each group by something else.",
    A + "fairness-is-measured",
    "bias-report",
    lambda old: old["groups"][0].update(metrics={"satisfaction": 5}),
)
paper(
    "The bias report has words for figures.",
    A + "fairness-is-measured",
    "bias-report",
    lambda old: old["groups"][0].update(metrics={"false positives": "few"}),
)
fault(
    "The register does not say who certified an algorithm.",
    "register-answers-three-questions",
    ROOT,
    changed(lambda value: value["algorithms"][0].pop("certifiedBy") and None),
)
fault(
    "AI is used and no algorithm is listed.",
    "register-answers-three-questions",
    ROOT,
    changed(lambda value: value.update(algorithms=[])),
)
fault(
    "The register is a list of names.",
    "register-answers-three-questions",
    ROOT,
    says(200, ["Flood forecast"]),
)
fault(
    "The register says that no AI is used, and lists a forecasting service.",
    "register-does-not-contradict-itself",
    ROOT,
    changed(lambda value: value.update(usesAI=False)),
    must_catch={"MIM5-API": '"no AI" claimed but forecasting service listed'},
)
fault(
    "The explanation that the register names is not there.",
    "register-explains-decisions",
    asked("/explanation"),
    says(404, {}),
)

# -- metadata

paper(
    "The metadata record names no reference system.",
    "GEODATA.inspire-metadata",
    "inspire-metadata",
    lambda old: old.replace("http://www.opengis.net/def/crs/EPSG/0/5514", ""),
)
paper(
    "The metadata record is a page.",
    "GEODATA.inspire-metadata",
    "inspire-metadata",
    "<html><p>Trees</p></html>",
)
paper(
    "The metadata record is not well-formed.",
    "GEODATA.inspire-metadata",
    "inspire-metadata",
    "<gmd:MD_Metadata>",
)

# -- procurement

paper(
    "A record is lost on the way through an export.",
    P + "export-comes-back",
    "reimported-export",
    lambda old: old["features"].pop() and None,
)
paper(
    "A record is changed on the way through an export.",
    P + "export-comes-back",
    "reimported-export",
    lambda old: old["features"][0]["properties"].update(height=99),
)
paper("The export is a file that only the maker can read.", P + "export-comes-back", "export", "MZP binary")
paper("The export is empty.", P + "export-comes-back", "export", [], verdict="not_tested")
paper(
    "A path is gone, and the version says that nothing broke.",
    P + "api-is-stable",
    "api-description",
    lambda old: old.update(paths={}),
)
paper(
    "A parameter is required all at once.",
    P + "api-is-stable",
    "api-description",
    lambda old: old["paths"]["/trees"]["get"]["parameters"][0].update(required=True),
)
paper(
    "An operation is gone.",
    P + "api-is-stable",
    "api-description",
    lambda old: old["paths"]["/trees"].pop("get") and None,
)
paper(
    "Changes are announced a week before.",
    P + "changes-are-announced",
    "api-policy",
    lambda old: old.update(noticeMonths=0.25),
)
paper(
    "The old version goes when the new one comes.",
    P + "changes-are-announced",
    "api-policy",
    lambda old: old.pop("parallelVersions") and None,
)
paper(
    "A signed report was changed.",
    P + "report-is-signed",
    "signed-report",
    lambda old: old.update(verdict="pass"),
)
paper(
    "A compliance statement is a letter.",
    P + "statement-holds",
    "compliance-statement",
    "We comply with everything.",
)
paper(
    "A compliance statement claims what nobody tested.",
    P + "statement-holds",
    "compliance-statement",
    {"MIM6-R1.1": "M"},
    verdict="not_tested",
)


def _signed(target: Target, folder: Path, /, **members: Any) -> Target:
    report = {**json.loads(Path(target.documents["signed-report"]).read_text()), **members}
    path = folder / "signed-report.json"
    path.write_text(json.dumps(report))
    new_key(folder / "key.pem")
    Path(f"{path}.jws").write_text(sign(report, folder / "key.pem"))
    return replace(target, documents={**target.documents, "signed-report": str(path)})


@broken_target(right="papers", caught_by=P + "report-is-signed")
def report_of_another_product(target: Target, folder: Path) -> Target:
    """The signed report is of another product."""
    return _signed(target, folder, target={"name": "somebody else's"})


@broken_target(right="papers", caught_by=P + "report-is-signed")
def report_of_nothing(target: Target, folder: Path) -> Target:
    """The signed report holds no exchange."""
    return _signed(target, folder, har={"log": {"entries": []}})


@broken_target(right="papers", caught_by=P + "report-is-signed", verdict="warn")
def report_of_long_ago(target: Target, folder: Path) -> Target:
    """The signed report is years old."""
    return _signed(target, folder, finished="2020-01-01T00:00:00+00:00")


@broken_target(right="papers", caught_by=P + "report-is-signed")
def report_without_a_signature(target: Target, folder: Path) -> Target:
    """There is a report, and nothing that signs it."""
    path = folder / "report.json"
    shutil.copy(target.documents["signed-report"], path)
    return replace(target, documents={**target.documents, "signed-report": str(path)})


@broken_target(right="papers", caught_by=P + "export-comes-back")
def export_in_a_torn_archive(target: Target, folder: Path) -> Target:
    """The export is a ZIP file that cannot be unpacked."""
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("trees.json", json.dumps(TREES))
    path.write_bytes(path.read_bytes()[:-30])
    return replace(target, documents={**target.documents, "export": str(path)})


@broken_target(
    right="papers", caught_by=P + "statement-holds", must_catch={"X-STATEMENT": "claim M but probe fails"}
)
def claim_that_does_not_hold(target: Target, folder: Path) -> Target:
    """The statement claims valid geometries, and a polygon crosses itself."""
    bow = {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]}
    write_geojson(folder / "town.geojson", [{**TREES[0], "geometry": bow}])
    return replace(target, samples=(Sample(folder / "town.geojson"),))


@broken_target(right="papers", caught_by=A + "technique-is-disclosed", verdict="error")
def source_that_is_not_there(target: Target, folder: Path) -> Target:
    """The link to the source of an algorithm is dead."""
    path = folder / "technical.json"
    text = Path(target.documents["algorithm-technical"]).read_text()
    path.write_text(re.sub(r"http://127.0.0.1:\d+", "http://127.0.0.1:9", text).replace("/code", "/no"))
    return replace(target, documents={**target.documents, "algorithm-technical": str(path)})
