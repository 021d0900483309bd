"""Validation of a catalogue by shapes, split by severity. Nothing is imported, inferred or fetched."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from rdflib import RDF, SH, BNode, Graph
from rdflib.term import Node

from ...verdicts import CheckError
from .catalogue import DCAT, Catalogue

MAX_DATASETS = 100
MAX_TRIPLES = 20_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a shape objects to."""

    focus: Node
    path: Node | None
    message: str
    severe: bool


def findings(catalogue: Catalogue) -> list[Finding]:
    """What the shapes object to, computed once a run; of a large catalogue in its first datasets."""
    found: list[Finding] = catalogue.probe.once("dcat shapes", lambda: _validated(excerpt(catalogue)))
    return found


def excerpt(catalogue: Catalogue) -> Graph:
    """The whole catalogue, or of a large one the catalogue itself with its first datasets."""
    if len(catalogue.graph) <= MAX_TRIPLES:
        return catalogue.graph
    wanted, part = [*catalogue.catalogs, *catalogue.datasets[:MAX_DATASETS]], Graph()
    seen: set[Node] = set()
    while wanted and len(part) < MAX_TRIPLES:
        node = wanted.pop(0)
        if node in seen:
            continue
        seen.add(node)
        for triple in catalogue.graph.triples((node, None, None)):
            part.add(triple)
            if triple[1] != DCAT.dataset:
                wanted.append(triple[2])
    return part


def _validated(graph: Graph) -> list[Finding]:
    import pyshacl  # late: it takes half a second to import, and most runs have no catalogue

    try:
        _, report, text = pyshacl.validate(
            graph, shacl_graph=_shapes(), inference="none", advanced=False, do_owl_imports=False, js=False
        )
    except Exception as error:  # whatever stops pyshacl says nothing of the target
        raise CheckError(f"The catalogue cannot be validated: {error}") from error
    if not isinstance(report, Graph):
        raise CheckError(f"The catalogue cannot be validated: {text}")
    return sorted(_of_report(report), key=lambda each: (not each.severe, str(each.focus), str(each.path)))


def _of_report(report: Graph) -> list[Finding]:
    return [
        Finding(
            focus=report.value(result, SH.focusNode) or BNode(),
            path=report.value(result, SH.resultPath),
            message=str(report.value(result, SH.resultMessage) or ""),
            severe=(result, SH.resultSeverity, SH.Violation) in report,
        )
        for result in report.subjects(RDF.type, SH.ValidationResult)
    ]


@cache
def _shapes() -> Graph:
    return Graph().parse(data=(files(__package__) / "shapes.ttl").read_text(), format="turtle")
