"""Documents on personal data: export, records of processing, classification, aggregates (MIM4)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...probe import Probe
from ...verdicts import Failure
from ..declaration import check
from ..security.paper import expect_dated, expect_words, rows_of, structured, text_of

DPV = "https://w3id.org/dpv"
SMALLEST_GROUP = 5  # our choice; national statistics use 3 to 10
_COUNTS = ("count", "n", "k", "persons", "households", "size")


@check(
    "PERSONAL.export-is-open",
    requirement=("MIM4-C01", "MIM4-C08"),
    mechanism="documents",
    clause="GDPR Art. 20",
    documents=("export",),
)
def export(probe: Probe) -> None:
    """The export of a person is structured (JSON or CSV), and each record says what and of whom it is."""
    for record in rows_of(probe, "export"):
        if not (record.get("id") or record.get("@id")) or not (record.get("type") or record.get("@type")):
            raise Failure(
                f"A record of the export has neither id nor type: {sorted(record)[:8]}",
                mend="Name both: MIM2.",
            )


@check(
    "PERSONAL.processing-in-standard-terms",
    requirement="MIM4-C10",
    mechanism="documents",
    level="SHOULD",
    clause="W3C DPV 2",
    documents=("processing-dpv",),
)
def dpv(probe: Probe) -> None:
    """The record of processing is JSON-LD with purpose, processing and category of data in DPV."""
    document = structured(probe, "processing-dpv")
    words = {each.rpartition("#")[2].rpartition(":")[2] for each in _names(document)}
    if DPV not in text_of(probe, "processing-dpv"):
        raise Failure(
            "The record of processing does not use the Data Privacy Vocabulary.", mend=f"Use {DPV}."
        )
    missing = {"hasPurpose", "hasProcessing", "hasPersonalData"} - words
    if missing:
        raise Failure(
            f"The record of processing lacks {', '.join(sorted(missing))}.", mend="Say them in DPV."
        )


def _names(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, dict) and depth < 30:
        for name, each in value.items():
            yield str(name)
            yield from _names(each, depth + 1)
    elif isinstance(value, list) and depth < 30:
        for each in value:
            yield from _names(each, depth + 1)


@check(
    "PERSONAL.places-of-data",
    requirement="MIM4-C13",
    mechanism="documents",
    clause="MIM4 C13",
    documents=("personal-architecture",),
)
def places(probe: Probe) -> None:
    """The architecture note says how pods, personal data spaces and data in place are served."""
    expect_words(
        probe,
        "personal-architecture",
        ("pod",),
        ("data space", "dataspace", "operator"),
        ("in place", "in-place", "source"),
    )


@check(
    "PERSONAL.one-connector",
    requirement="MIM4-C14",
    mechanism="documents",
    level="SHOULD",
    clause="MIM4 position paper",
    documents=("operator-connector",),
)
def connector(probe: Probe) -> None:
    """The note on operators names the connector and the legal framework."""
    expect_words(
        probe, "operator-connector", ("connector", "interface", "api"), ("legal", "contract", "agreement")
    )


@check(
    "PERSONAL.records-are-kept",
    requirement="MIM4-D05",
    mechanism="documents",
    clause="GDPR Art. 30, 35, 37",
    documents=("processing-record", "dpia", "dpo-contact"),
)
def records(probe: Probe) -> None:
    """Record of processing and impact assessment are dated, the protection officer can be reached."""
    expect_words(
        probe,
        "processing-record",
        ("purpose",),
        ("recipient",),
        ("categor",),
        ("retention", "erasure", "deleted"),
    )
    expect_dated(probe, "processing-record")
    expect_words(probe, "dpia", ("risk",), ("measure", "mitigation"))
    expect_dated(probe, "dpia")
    contact = probe.document("dpo-contact").decode("utf-8", "replace")
    if "@" not in contact and "http" not in contact and not any(each.isdigit() for each in contact):
        raise Failure("The contact of the data protection officer has no address.", mend="Give an address.")


@check(
    "PERSONAL.groups-are-large-enough",
    requirement="MIM4-D03",
    mechanism="documents",
    clause="GDPR Art. 5, 25",
    documents=("published-aggregates",),
)
def groups(probe: Probe) -> None:
    """Every published aggregate is of five at least (a column such as `count` says of how many)."""
    for row in rows_of(probe, "published-aggregates"):
        name = next((each for each in row if str(each).lower() in _COUNTS), None)
        if name is None:
            raise Failure(
                f"A row of the aggregates does not say of how many it is: {sorted(row)}", mend="Add `count`."
            )
        try:
            size = float(row[name])
        except (TypeError, ValueError) as error:
            raise Failure(f"`{name}` of an aggregate is {row[name]!r}.", mend="Write a number.") from error
        if 0 < size < SMALLEST_GROUP:
            raise Failure(f"An aggregate is of {size:g} alone.", mend="Join or suppress small groups.")
