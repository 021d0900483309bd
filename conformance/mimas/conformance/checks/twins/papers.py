"""What a twin documents: datasets by stage, model card, safeguards, provenance, visualisations, gaps."""

from __future__ import annotations

from rdflib import Graph
from rdflib.namespace import DCTERMS, PROV

from ...probe import Probe
from ...structured import expect_list, expect_members, expect_sections, read_data, read_sections
from ...verdicts import Failure, NotTested
from ..declaration import check

STAGES = frozenset({"raw", "transformed", "model-input", "model-output"})


@check(
    "TWIN.datasets-have-stages",
    requirement="MIM8-R1.2",
    mechanism="documents",
    level="SHOULD",
    clause="MIMs Plus 9.0, MIM8 R1.2",
    documents=("twin-datasets",),
)
def stages(probe: Probe) -> None:
    """Each dataset of the twin says whether it is raw, transformed, a model's input or its output."""
    listed = _datasets(probe)
    wrong = [each["id"] for each in listed if each.get("stage") not in STAGES]
    if wrong:
        raise Failure(
            f"{wrong[0]!r} has no stage of {sorted(STAGES)}.", mend="Label each dataset by `stage`."
        )


def _datasets(probe: Probe) -> list[dict[str, object]]:
    listed = expect_list(read_data(probe, "twin-datasets"), "The document 'twin-datasets'", "datasets")
    for each in listed:
        expect_members(each, ("id",), "A dataset")
    return listed


@check(
    "TWIN.outputs-are-data",
    requirement="MIM8-R1.1",
    mechanism="documents",
    clause="MIMs Plus 9.0, MIM8 R1.1",
    documents=("twin-datasets",),
)
def outputs_are_data(probe: Probe) -> None:
    """Inputs and outputs of models can be fetched as data, not only looked at in a viewer."""
    wanted = [each for each in _datasets(probe) if each.get("stage") in ("model-input", "model-output")]
    if not wanted:
        raise NotTested("The document 'twin-datasets' lists no input and no output of a model.")
    for each in wanted:
        expect_members(each, ("url",), f"The dataset {each['id']!r}")
        answer = probe.fetch(str(each["url"])).expect(200, mend="Let outputs and inputs be fetched.")
        if not answer.body or answer.media_type in ("text/html", "application/xhtml+xml"):
            raise Failure(
                f"The dataset {each['id']!r} is a page: {answer} as {answer.media_type!r}.",
                mend="Give the data themselves beside the viewer.",
            )


@check(
    "TWIN.model-card",
    requirement="MIM8-R3.1",
    mechanism="documents",
    level="SHOULD",
    clause="MIMs Plus 9.0, MIM8 R3.1",
    documents=("model-card",),
)
def model_card(probe: Probe) -> None:
    """The model card tells the method, the parameters and the data of the model."""
    due = {
        "the method": ("method", "algorithm", "approach"),
        "the parameters": ("parameter",),
        "the data": ("data",),
    }
    expect_sections(read_sections(probe, "model-card"), due, "The model card")


@check(
    "TWIN.ai-safeguards",
    requirement="MIM8-R3.3",
    mechanism="documents",
    level="SHOULD",
    clause="MIMs Plus 9.0, MIM8 R3.3",
    documents=("ai-safeguards",),
)
def ai_safeguards(probe: Probe) -> None:
    """The document on AI names its purpose, its risks, what is done against them, and who oversees it."""
    due = {
        "the purpose": ("purpose", "use"),
        "the risks": ("risk",),
        "the measures": ("measure", "safeguard", "mitigation"),
        "the oversight": ("oversight", "responsib", "human"),
    }
    expect_sections(read_sections(probe, "ai-safeguards"), due, "The document 'ai-safeguards'")


@check(
    "TWIN.data-provenance",
    requirement="MIM8-R3.5",
    mechanism="documents",
    level="SHOULD",
    clause="W3C PROV-O; MIMs Plus 9.0, MIM8 R3.5",
    documents=("data-provenance",),
)
def data_provenance(probe: Probe) -> None:
    """The data for AI say what they were derived from, and which authority stands behind their sources."""
    graph = _graph(probe.document("data-provenance"))
    derived = list(graph.subject_objects(PROV.wasDerivedFrom))
    if not derived:
        raise Failure("Nothing says prov:wasDerivedFrom.", mend="State the sources of each dataset.")
    for _, source in derived:
        if not any((source, term, None) in graph for term in (PROV.wasAttributedTo, DCTERMS.publisher)):
            raise Failure(
                f"No authority stands behind {source}.", mend="Say prov:wasAttributedTo of each source."
            )


def _graph(content: bytes) -> Graph:
    """The document as RDF, JSON-LD or Turtle; remote contexts are not fetched."""
    kind = "json-ld" if content.lstrip()[:1] in (b"{", b"[") else "turtle"
    if kind == "json-ld" and (b'"@context": "http' in content or b'"@context":"http' in content):
        raise NotTested(
            "The JSON-LD refers to a context elsewhere; offer it as Turtle, or with its terms inside."
        )
    try:
        return Graph().parse(data=content, format=kind)
    except Exception as error:  # the parsers raise what they like
        raise Failure(
            f"The document is no {kind}: {str(error)[:120]}", mend="Offer Turtle or JSON-LD."
        ) from error


@check(
    "TWIN.visualisation-metadata",
    requirement="MIM8-R5.1",
    mechanism="documents",
    clause="MIMs Plus 9.0, MIM8 R5.1",
    documents=("visualisation-metadata",),
)
def visualisation(probe: Probe) -> None:
    """Each visualisation states its time, its scale and its source."""
    what = "The document 'visualisation-metadata'"
    for each in expect_list(read_data(probe, "visualisation-metadata"), what, "visualisations"):
        expect_members(each, ("timestamp", "scale", "source"), "A visualisation")


@check(
    "TWIN.semantic-gaps",
    requirement="MIM8-R6.1",
    mechanism="documents",
    level="SHOULD",
    clause="MIMs Plus 9.0, MIM8 R6.1",
    documents=("semantic-gaps",),
)
def semantic_gaps(probe: Probe) -> None:
    """The list of semantic gaps names each term and what was done about it."""
    what = "The document 'semantic-gaps'"
    for each in expect_list(read_data(probe, "semantic-gaps"), what, "gaps"):
        expect_members(each, ("term", "handling"), "A gap")
